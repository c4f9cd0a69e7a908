"""HTML by elements: whatever is not markup made here is escaped. And CSV in which no name is a formula."""

import base64
import csv
import html
import numbers
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from leukofeat.opencv import cv2

NOTE = "Research use only; not a medical device."
_EMPTY = frozenset({"meta", "img", "br", "line", "rect", "circle", "path", "polyline"})
# what spreadsheets take for a formula (OWASP, CSV injection), with any apostrophes ahead, so that cells can be read back
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_HARMLESS = re.compile(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?|[-+=@]", re.ASCII | re.IGNORECASE)


class Markup(str):
    """Text that is markup already: what `element` and `join` make, and the page's own style sheet."""

    __slots__ = ()


def escape(value: Any) -> Markup:
    r"""Text that shows any value as it is: markup escaped, characters that hide or turn text around written out.

    Examples
    --------
    >>> escape("<b>&")
    '&lt;b&gt;&amp;'
    >>> escape("cell" + chr(0x202E) + "gpj.exe")
    'cell\\u202egpj.exe'
    """
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(visible(value), quote=True))


def visible(value: Any) -> str:
    r"""Text in which characters that hide, turn text around or steer a terminal are written out; tabs and line ends stay.

    Examples
    --------
    >>> visible("red" + chr(27) + "[31m")
    'red\\x1b[31m'
    """
    return "".join(_visible(character) for character in str(value))


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character
    return character.encode("unicode_escape").decode()


def element(name: str, *children: Any, **attributes: Any) -> Markup:
    """Element with escaped children and attributes; `class_` is class, an underscore a hyphen, None leaves an attribute out.

    Examples
    --------
    >>> element("p", "a < b", element("br"), class_="note", data_row=3)
    '<p class="note" data-row="3">a &lt; b<br></p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{written}>" if name in ("meta", "img", "br") else f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(parts: Iterable[Any], separator: str = "") -> Markup:
    """Parts one after the other, escaped where they are not markup; None is left out."""
    return Markup(separator.join(escape(part) for part in parts if part is not None))


def number(value: Any, digits: int = 3) -> str:
    """A value as a table shows it: a dash for what is missing, integers whole, others rounded, markup as it is.

    Examples
    --------
    >>> [number(v) for v in (3, 0.98765, float("nan"), None, True, "x", 12345.6)]
    ['3', '0.988', '–', '–', 'yes', 'x', '12,346']
    """
    if value is None or (isinstance(value, numbers.Real) and value != value) or value is pd.NaT:
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        real = float(value)
        return f"{real:,.{digits if abs(real) < 100 else 0}f}"
    return value if isinstance(value, Markup) else str(value)


def p_value(value: Any) -> str:
    """A p-value to two digits.

    Examples
    --------
    >>> [p_value(p) for p in (0.2345, 0.0123, 0.0000001, float("nan"))]
    ['0.23', '0.012', '< 0.001', '–']
    """
    if value is None or value != value:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def table(
    frame: pd.DataFrame,
    *,
    formats: Mapping[str, Callable[[Any], Any]] | None = None,
    titles: Mapping[str, str] | None = None,
    caption: str | None = None,
    left: Collection[str] = (),
) -> Markup:
    """Table of a frame's columns (not its index); it scrolls sideways where it is too wide, from the keyboard, too.

    Numbers, markup and what has a format stand to the right, unless the column is named in `left`.
    """
    formats, titles = formats or {}, titles or {}
    columns = []
    for name in frame:
        right = name in formats or all(isinstance(v, (numbers.Real, Markup)) or v is None for v in frame[name])
        columns.append((name, formats.get(name, number), "n" if right and name not in left else None))
    head = [
        element("th", titles.get(name, str(name).replace("_", " ")), class_=side, scope="col")
        for name, _, side in columns
    ]
    body = [
        [element("td", shown(value), class_=side) for (_, shown, side), value in zip(columns, row, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    return element("div", grid(head, body, element("caption", caption) if caption else None), class_="wide", tabindex=0)


def grid(
    head: Iterable[Markup], body: Iterable[Iterable[Markup]], caption: Markup | None = None, **attributes: Any
) -> Markup:
    """Table element of head cells and rows of cells."""
    rows = [element("tr", *cells) for cells in body]
    return element("table", caption, element("thead", element("tr", *head)), element("tbody", *rows), **attributes)


def details(summary: str, *children: Any) -> Markup:
    """A part that opens when it is asked for."""
    return element("details", element("summary", summary), *children)


def with_interval(frame: pd.DataFrame, metric: str) -> pd.Series:
    """Cells of a table: a metric of each row, its interval, from the columns `<metric>_low` and `<metric>_high`, under it.

    Examples
    --------
    >>> frame = pd.DataFrame({"auc": [0.9, 0.8], "auc_low": [0.85, np.nan], "auc_high": [0.95, np.nan]})
    >>> with_interval(frame, "auc").tolist()
    ['<b>0.900</b><small style="display:block">0.850–0.950</small>', '<b>0.800</b>']
    """
    values = frame[[metric, f"{metric}_low", f"{metric}_high"]].to_numpy(float)
    return cells(
        join(
            [
                element("b", number(value)),
                element("small", f"{number(low)}–{number(high)}", style="display:block") if low == low else None,
            ]
        )
        for value, low, high in values
    )


def cells(column: Iterable[Any]) -> pd.Series:
    """Column of a table that stays markup."""
    return pd.Series(list(column), dtype=object)  # pandas' own strings forget that they are markup


def card(title: str, *children: Any) -> Markup:
    """What an object shows of itself in a notebook, which has its own style sheet, light or dark.

    Examples
    --------
    >>> card("ImageSequence", None)
    '<div style="max-width:60em"><div><b>ImageSequence</b></div></div>'
    """
    return element("div", element("div", element("b", title)), *children, style="max-width:60em")


def picture(image: np.ndarray, alt: str, *, width: int = 240, quality: int = 82) -> Markup:
    """RGB image as a JPEG inside the page, at most `width` pixels wide."""
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    if image.shape[1] > width:
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    source = "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
    return element("img", src=source, alt=alt, width=image.shape[1], height=image.shape[0], loading="lazy")


def cell(text: str) -> str:
    r"""Text as it stands in a CSV file: behind an apostrophe where a spreadsheet would take it for a formula, and run it.

    Numbers and single signs stay as they are: classes are called -1, + and -.

    Examples
    --------
    >>> [cell(text) for text in ("=HYPERLINK(1)", "@SUM(1)", "a/=1.png", "-1", "+")]
    ["'=HYPERLINK(1)", "'@SUM(1)", 'a/=1.png', '-1', '+']
    """
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.fullmatch(text) else text


def text_of(written: str) -> str:
    """The text of a cell that :func:`cell` wrote.

    Examples
    --------
    >>> text_of("'=1.png"), text_of("'a'.png")
    ('=1.png', "'a'.png")
    """
    return written[1:] if written.startswith("'") and cell(written[1:]) == written else written


def write_csv(frame: pd.DataFrame, path: str | os.PathLike[str], *, index: bool = False, append: bool = False) -> None:
    r"""Write a table as CSV in which no name is a formula: text, headings and row names as :func:`cell` gives them, numbers as ever.

    Parameters
    ----------
    frame : DataFrame
    path : path
        File to write; an existing one is replaced.
    index : bool, default=False
        Whether row names are written.
    append : bool, default=False
        Whether rows are added to an existing one, without headings.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "table.csv"
    >>> write_csv(pd.DataFrame({"path": ["=1+1.png"], "area": [-2.5]}), path)
    >>> path.read_text()
    "path,area\n'=1+1.png,-2.5\n"
    """
    written = frame.copy(deep=False)
    for i, kind in enumerate(frame.dtypes):
        if kind.kind == "O":  # Python's objects, pandas' text and categories
            written.isetitem(i, pd.Series([_cell(value) for value in frame.iloc[:, i]], frame.index, dtype=object))
    written.columns = written.columns.map(_cell)
    if index:
        names = [_cell(name) for name in frame.index.names]
        written.index = written.index.map(
            lambda key: tuple(map(_cell, key)) if isinstance(key, tuple) else _cell(key)
        ).set_names(names)
    # what Python leaves without quotes begins a new line in a spreadsheet
    returns = any("\r" in value for value in _texts(written, index))
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    written.to_csv(path, index=index, quoting=quoting, mode="a" if append else "w", header=not append)


def _texts(frame: pd.DataFrame, index: bool) -> Iterable[str]:
    columns = [frame.iloc[:, i] for i, kind in enumerate(frame.dtypes) if kind.kind == "O"]
    columns += [frame.columns.to_series(), frame.index.to_frame().stack()] if index else [frame.columns.to_series()]
    return (value for column in columns for value in column if isinstance(value, str))


def _cell(value: Any) -> Any:
    return cell(value) if isinstance(value, str) else value

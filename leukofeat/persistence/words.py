"""A model's card in words, once: as text, as Markdown and as HTML. Whatever a card says is taken for text, never for markup."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from leukofeat.markup import NOTE, Markup, card, element, join, number, table, visible

_SHOWN = 12  # names of a long list
# characters that mean something in Markdown wherever they stand
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_METRICS = {"accuracy": "accuracy", "macro_f1": "macro F1", "auc": "AUC"}


class Part(NamedTuple):
    """A heading, and under it paragraphs (text), points (list), terms with what they mean (dict) and tables."""

    heading: str
    content: list[Any]


def purpose(shown: Any) -> str:
    """What the model is for, in one sentence."""
    if not shown.classes:
        return f"{shown.name}: a stage or model for images of stained smears; it has no classes."
    return f"{shown.name}: tells {_names(list(shown.classes), ' and ')} apart on images of stained smears."


def limits(shown: Any) -> list[str]:
    """What the model is not for, and what is not known of it."""
    return [
        f"{NOTE[:-1]}, not for diagnosis.",
        *(
            ["It knows these classes and no other: whatever it gives a verdict on, it calls one of them."]
            if shown.classes
            else []
        ),
        *(
            list(_of_data(shown))
            if shown.data
            else ["What it was trained on is not known: the file says nothing of it."]
        ),
        *([] if shown.scores else ["How well it does was not measured, or is not said here."]),
    ]


def _of_data(shown: Any) -> Iterator[str]:
    scale = shown.scale
    if scale.get("n_known"):
        yield (
            f"In its training images a red cell measures {number(scale.get('low'), 1)} to {number(scale.get('high'), 1)} pixels (the middle 90 % "
            f"of {number(scale['n_known'])} images looked at). No verdict is promised on images outside of that."
        )
    else:
        yield "How large red cells are in its training images is not known; nothing is promised at another magnification."
    n_groups = shown.data.get("n_groups")
    if n_groups is None:
        yield (
            "No slides or patients are known of its training images. Images of one may stand on both sides of a split, so figures "
            "that were measured on them flatter the model."
        )
    elif n_groups == 1:
        yield "All its training images are of one slide or patient: what it does on another is not known."
    else:
        yield f"Its training images are of {number(n_groups)} slides or patients; others may differ more than these do."
    single = [name for name, n in shown.classes.items() if n == 1]
    if single:
        yield f"A single training image is of {_names(single, ' and of ')}: how well that is recognised cannot be known."


def parts(shown: Any) -> list[Part]:
    """The card from what a reader has to know first to what it takes to repeat it."""
    found = [
        Part("Limits", [limits(shown)]),
        Part("How well it does", list(_scores(shown))),
        Part("Training data", [_data(shown)] if shown.data or shown.classes else []),
        Part("Columns", [f"{number(len(shown.columns))}: {_names(shown.columns)}."] if shown.columns else []),
        Part("Pipeline", [shown.pipeline]),
        Part("Versions", [", ".join(f"{name} {version}" for name, version in shown.versions.items())]),
    ]
    return [part for part in found if any(len(content) for content in part.content)]


def _scores(shown: Any) -> Iterator[Any]:
    protocols: dict[str, list[Mapping[str, Any]]] = {}
    for row in shown.scores:
        protocols.setdefault(str(row.get("protocol", "")), []).append(row)
    for protocol, rows in protocols.items():
        first = rows[0]
        groups = f" of {number(first['n_groups'])} slides or patients" if first.get("n_groups") else ""
        yield f"{protocol}, on {number(first.get('n_images'))} images{groups}:"
        names = [("control: " if row.get("control") else "") + visible(row.get("pipeline", "")) for row in rows]
        yield pd.DataFrame(
            {"pipeline": names} | {title: [_interval(row, name) for row in rows] for name, title in _METRICS.items()}
        )
        yield from _margin(rows)
        yield from _by_patient(rows, names)
    if protocols:
        yield "Behind a figure stands its 95 % interval. A control looks at no leukocyte: what it reads is not leukaemia."
    if shown.notes:
        yield list(shown.notes)


def _by_patient(rows: list[Mapping[str, Any]], names: list[str]) -> Iterator[Any]:
    """The verdicts of patients, where a model gives such."""
    known = [(row, name) for row, name in zip(rows, names, strict=True) if row.get("n_patients")]
    if not known:
        return
    yield f"By patient, on {number(known[0][0]['n_patients'])}; the accuracy is of those who got a verdict:"
    yield pd.DataFrame(
        {"pipeline": [name for _, name in known]}
        | {"accuracy": [_interval(row, "patient_accuracy") for row, _ in known]}
        | {"without a verdict": [number(row.get("patients_undecided")) for row, _ in known]}
        | {"calibration error": [number(row.get("patient_calibration_error")) for row, _ in known]}
    )


def _margin(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """By how much the model is ahead of the best control."""
    known = [row for row in rows if isinstance(row.get("accuracy"), (int, float))]
    own = [row["accuracy"] for row in known if not row.get("control")]
    controls = [row["accuracy"] for row in known if row.get("control")]
    if own and controls:
        ahead = 100 * (own[0] - max(controls))
        yield (
            f"The model reads {ahead:.1f} points of accuracy more than the best control."
            if ahead > 0
            else f"The best control reads {-ahead:.1f} points of accuracy more: nothing shows that it looks at leukocytes."
        )


def _interval(row: Mapping[str, Any], metric: str) -> str:
    low, high = row.get(f"{metric}_low"), row.get(f"{metric}_high")
    ends = "" if low is None or high is None else f" ({number(low)}–{number(high)})"
    return f"{number(row.get(metric))}{ends}"


def _data(shown: Any) -> dict[str, str]:
    data, sizes = shown.data, shown.sizes
    counts = [f"{name} {number(n)}" if n is not None else name for name, n in shown.classes.items()]
    told = {"classes": _names(counts)}
    titles = {
        "n_images": "images",
        "n_groups": "slides or patients",
        "n_failed": "could not be measured",
        "n_without_cell": "without a leukocyte",
        "label_maps": "label maps given",
        "digest": "fingerprint",
        "manifest_sha256": "SHA-256 of the manifest",
    }
    told |= {title: number(data[key]) for key, title in titles.items() if data.get(key) is not None}
    if sizes:
        width, height = (_range(sizes.get(f"min_{side}"), sizes.get(f"max_{side}")) for side in ("width", "height"))
        told["image size"] = f"{width} by {height} pixels"
    told |= {"red cells, pixels": _spread(shown.scale)} if shown.scale else {}
    if shown.measured_scale and shown.measured_scale != shown.scale:
        told["red cells, as measured"] = _spread(shown.measured_scale)
    return told


def _spread(scale: Mapping[str, Any]) -> str:
    if not scale.get("n_known"):
        return f"unknown in all {number(scale.get('n_images'))} images that were looked at"
    middle, low, high = (number(scale.get(name), 1) for name in ("median", "low", "high"))
    return f"{middle} ({low} to {high}), known in {number(scale['n_known'])} of {number(scale.get('n_images'))} images looked at"


def _range(low: Any, high: Any) -> str:
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _names(names: Any, last: str = ", ") -> str:
    shown = list(names[:_SHOWN])
    if len(names) > _SHOWN:
        return f"{', '.join(shown)} and {len(names) - _SHOWN:,} more"
    return ", ".join(shown[:-1]) + last + shown[-1] if len(shown) > 1 else "".join(shown)


def as_text(shown: Any, width: int) -> str:
    """Text, wrapped."""
    blocks = [_wrap(purpose(shown), width)]
    for part in parts(shown):
        blocks.append(part.heading)
        for content in part.content:
            if isinstance(content, str):
                blocks.append(_wrap(content, width, "  "))
            elif isinstance(content, pd.DataFrame):
                blocks.append(textwrap.indent(content.map(_line).to_string(index=False), "  "))
            elif isinstance(content, list):
                blocks.append("\n".join(_wrap(point, width, "  - ", "    ") for point in content))
            else:
                wide = max(map(len, content))
                blocks.append(
                    "\n".join(
                        _wrap(text, width, f"  {term.ljust(wide)}  ", " " * (wide + 4))
                        for term, text in content.items()
                    )
                )
    headings = {part.heading for part in parts(shown)}
    return "".join(block + ("\n" if block in headings else "\n\n") for block in blocks).rstrip("\n") + "\n"


def _wrap(text: str, width: int, first: str = "", other: str | None = None) -> str:
    return textwrap.fill(
        _line(text),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=first if other is None else other,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _line(text: Any) -> str:
    """One line in which nothing steers a terminal."""
    return visible(" ".join(str(text).split()))


def as_markdown(shown: Any) -> str:
    """Markdown, a paragraph a line."""
    blocks = [f"# Model card: {_escape(shown.name)}", _escape(purpose(shown))]
    for part in parts(shown):
        blocks.append(f"## {part.heading}")
        for content in part.content:
            if isinstance(content, str):
                blocks.append(_escape(content))
            elif isinstance(content, pd.DataFrame):
                rows = [list(content), ["---"] * len(content.columns), *content.map(_escape).to_numpy().tolist()]
                blocks.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
            elif isinstance(content, list):
                blocks.append("\n".join(f"- {_escape(point)}" for point in content))
            else:
                blocks.append("\n".join(f"- {_escape(term)}: {_escape(text)}" for term, text in content.items()))
    return "\n\n".join(blocks) + "\n"


def _escape(text: Any) -> str:
    return _SPECIAL.sub(r"\\\1", _line(text))


def as_html(shown: Any) -> Markup:
    """What a notebook shows."""
    sections = [join([element("h4", heading), content]) for heading, content in html_sections(shown)]
    return card(f"Model card: {shown.name}", element("p", purpose(shown)), *sections)


def html_sections(shown: Any) -> list[tuple[str, Markup]]:
    """Heading and content of each part."""
    return [(part.heading, join(map(_html, part.content))) for part in parts(shown)]


def _html(content: Any) -> Markup:
    if isinstance(content, str):
        return element("p", content, style="overflow-wrap:anywhere")
    if isinstance(content, pd.DataFrame):
        return table(content)
    if isinstance(content, list):
        return element("ul", *(element("li", point) for point in content))
    return element("dl", *(join([element("dt", term), element("dd", text)]) for term, text in content.items()))

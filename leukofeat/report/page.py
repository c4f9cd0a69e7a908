"""The page: style, order of the sections, and the file."""

import datetime
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leukofeat import __version__
from leukofeat.atomic import write_whole
from leukofeat.audit import AuditResult
from leukofeat.evaluation.comparison import Comparison
from leukofeat.evaluation.versions import versions
from leukofeat.markup import NOTE, Markup, element, join
from leukofeat.report.audit import audit_section, audit_verdict
from leukofeat.report.cases import worst_cases
from leukofeat.report.comparison import by_class, confusions, overview, results
from leukofeat.report.curves import calibration, curves
from leukofeat.report.verdict import best_pipeline, cautions, verdict

# Nothing may be loaded and nothing may run, whatever a name smuggles in.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_SHEET = Markup("""
:root{--ink:#1d2733;--soft:#5b6673;--line:#dfe3e8;--tint:#f5f7f9;--warn:#9a3a00;--warn-tint:#fff4ea;--blue:#0072b2}
*{box-sizing:border-box}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1060px;margin:0 auto;padding:24px 20px 56px}
h1{font-size:1.7rem;line-height:1.2;margin:.2em 0 .1em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.2em 0 .5em;padding-top:.6em;border-top:1px solid var(--line)}
h3{font-size:1.02rem;margin:1.8em 0 .4em}
.date,.hint,.note{color:var(--soft);font-size:.88rem}
.hint{margin:.3em 0 .8em}
.note{margin:.8em 0 0}
.verdict{margin:18px 0 0;padding:14px 20px;border-left:5px solid var(--blue);background:var(--tint);border-radius:0 8px 8px 0}
.verdict h2,.caution h2{margin:0 0 .3em;padding:0;border:0;font-size:1.05rem}
.verdict p{margin:.35em 0;overflow-wrap:anywhere}
.verdict p:first-of-type{font-size:1.12rem}
.caution{margin:12px 0 0;padding:12px 20px;border-left:5px solid #d55e00;background:var(--warn-tint);border-radius:0 8px 8px 0}
.caution h2{color:var(--warn)}
.caution ul{margin:.2em 0;padding-left:1.1em}
.caution li{overflow-wrap:anywhere;margin:.3em 0}
nav{margin:16px 0 0;font-size:.9rem}
nav a{color:var(--blue);margin-right:1.1em;display:inline-block}
.wide{overflow-x:auto;margin:.6em 0 1em}
table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding-bottom:.3em;max-width:92vw}
th,td{padding:5px 12px 5px 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:600;white-space:nowrap;vertical-align:bottom}
td.n,th.n{text-align:right;white-space:nowrap}
td{max-width:46em;overflow-wrap:break-word}
td:first-child{min-width:9em}
td:first-child:has(div){min-width:17em}
td small{display:block;color:var(--soft);font-size:.8em}
td.n b{font-weight:600}
.lost{color:#b03a00}
.chip{display:inline-block;padding:0 .6em;border-radius:1em;font-size:.9em;white-space:nowrap;background:#eef1f4}
.chip.severe{background:#c43c00;color:#fff}.chip.warning{background:#ffdcbf}.chip.note{background:#e3eefb}.chip.passed{background:#dff3e8}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}
svg .tick{fill:var(--soft);font-size:11px}
svg .head{font-weight:600;font-size:13px}
svg .value{font-weight:600}
img{max-width:100%;height:auto}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:18px}
figure{margin:0;min-width:0;break-inside:avoid}
figcaption{font-weight:600;font-size:.9rem;margin:.2em 0;overflow-wrap:anywhere}
.matrices{grid-template-columns:repeat(auto-fill,minmax(310px,1fr))}
.confusion th,.confusion td{border:1px solid #fff;padding:4px 6px;text-align:center}
.confusion th{font-size:.78rem;color:var(--soft);font-weight:600;overflow-wrap:anywhere;max-width:8em}
.confusion td b{display:block}
.confusion td,.confusion td:first-child{min-width:3.2em}
.confusion td{color:#000}
.confusion td small{color:inherit}
.confusion td.dark{color:#fff}
.legend{margin:.2em 0 .6em;font-size:.88rem}
.key{margin-right:1.2em;display:inline-block;overflow-wrap:anywhere}
.key .line{display:inline-block;width:34px;height:10px;margin-right:.4em}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(165px,1fr));gap:16px}
.cases img{width:100%;height:auto;border-radius:6px;display:block}
.cases figcaption{font-weight:400;font-size:.82rem;line-height:1.35}
.strip{display:flex;gap:10px;flex-wrap:wrap;margin:0 0 1em}
.strip figure{width:110px}
.strip img{display:block;border-radius:4px}
.strip figcaption{font-weight:400;font-size:.72rem;color:var(--soft)}
.cases small{display:block;color:var(--soft)}
details{margin:.5em 0;border:1px solid var(--line);border-radius:8px;padding:.4em .9em}
summary{cursor:pointer;font-weight:600;font-size:.92rem;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--tint);padding:10px 14px;border-radius:8px;font-size:.8rem;margin:.3em 0 1em}
dl{display:grid;grid-template-columns:minmax(8em,max-content) 1fr;gap:.2em 1.2em;font-size:.88rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
footer{margin-top:3em;padding-top:1em;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
@media(max-width:600px){body{font-size:15px}main{padding:14px 13px 40px}.verdict,.caution{padding:11px 13px}dl{grid-template-columns:1fr}dt{margin-top:.5em}
.cases{grid-template-columns:repeat(2,1fr);gap:10px}.matrices{grid-template-columns:1fr}}
@media print{body{font-size:10.5pt}main{max-width:none;padding:0}nav{display:none}.wide{overflow:visible}h2,h3{break-after:avoid}
svg,tr,.cases figure{break-inside:avoid}details{border:0;padding:0}details::details-content{content-visibility:visible;height:auto}
pre{white-space:pre-line}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}@page{margin:14mm}table{font-size:.72rem}}
""")


def write_report(
    path: str | os.PathLike[str],
    comparison: Comparison | Mapping[str, Comparison] | None = None,
    audit: AuditResult | None = None,
    *,
    images: Any = None,
    segmenter: Any = None,
    n_worst: int = 12,
    audited: Any = None,
    controls: Sequence[str] = ("four_colors", "no_leukocytes"),
    title: str = "How far these figures can be believed",
    command: str | None = None,
    date: str | None = None,
) -> Path:
    """Write a comparison and an audit as one HTML file that works offline and can be sent to a reviewer.

    The verdict comes first, then what to know before believing it, the tables, the curves with their bands, calibration,
    confusion matrices, the worst cases, and what is needed to repeat it. The file loads and runs nothing.

    Parameters
    ----------
    path : path
        File to write; an existing one is replaced.
    comparison : Comparison, or dict of name to Comparison, optional
        What :func:`~leukofeat.evaluation.compare` found; a dict puts several protocols of splitting side by side. The last
        one gives the verdict and the worst cases: put the strictest last.
    audit : AuditResult, optional
        What :func:`~leukofeat.audit.audit_dataset` found.
    images : set of images, optional
        The X of the comparison, from which the worst cases are shown. Their pictures and file names stand in the file.
    segmenter : stage, optional
        Fitted segmenter, or image stages ending in one, whose outlines are drawn on the worst cases.
    n_worst : int, default=12
    audited : set of images, optional
        The images of the audit, from which examples are shown; by default the files it read.
    controls : sequence of str, default=("four_colors", "no_leukocytes")
        Pipelines that look at no leukocyte: what they reach is said beside the verdict.
    title : str
    command : str, optional
        What a reader has to type to repeat it.
    date : str, optional
        By default today's (ISO 8601).

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        When there is nothing to report, or `images` is shorter than what was compared.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from leukofeat.baselines import make_baseline
    >>> from leukofeat.datasets import make_smears
    >>> from leukofeat.evaluation import compare
    >>> smears = make_smears(n_samples=24, size=64, random_state=0)
    >>> found = compare({"colours": make_baseline("four_colors")}, smears.images, smears.target, cv=2, groups=smears.groups)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> write_report(path, found, images=smears.images).name
    'report.html'
    """
    given = comparison if isinstance(comparison, Mapping) else {"comparison": comparison}
    comparisons = {str(name): found for name, found in given.items() if found is not None}
    if not comparisons and audit is None:
        raise ValueError("There is nothing to report; pass comparison=, audit= or both.")
    sections: list[tuple[str, str, Markup | None]] = []
    if audit is not None:
        sections.append(("audit", "Dataset", audit_section(audit, audited)))
    if len(comparisons) > 1:
        sections.append(("splits", "Splits", overview(comparisons)))
    for number, (name, found) in enumerate(comparisons.items()):
        heading = f"Comparison: {name}" if len(comparisons) > 1 else "Comparison"
        sections.append((f"comparison-{number}", heading, _comparison_section(heading, found)))
    if comparisons and images is not None:
        strictest = list(comparisons.values())[-1]
        best = best_pipeline(strictest)
        cases = worst_cases(strictest.predictions, best, images, segmenter=segmenter, n=n_worst)
        sections.append(("cases", "Worst cases", cases))
    sections.append(("repeat", "To repeat it", _configuration(comparisons, command)))
    sentences, warned = ([], []) if audit is None else audit_verdict(audit)
    sentences += verdict(comparisons, controls) if comparisons else []
    warned = cautions(comparisons) + warned
    page = whole_page(title, date or datetime.date.today().isoformat(), sentences, warned, sections)
    return write_whole(path, page.encode("utf-8"))


def whole_page(
    title: str,
    date: str,
    sentences: Sequence[Markup],
    warned: Sequence[Markup],
    sections: Sequence[tuple[str, str, Markup | None]],
    heading: str = "Verdict",
) -> str:
    """Text of an HTML file: verdict, what to know before believing it, and sections (anchor, heading of the menu, content)."""
    there = [(key, name, part) for key, name, part in sections if part is not None]
    caution = None
    if warned:
        points = element("ul", *(element("li", s) for s in warned))
        caution = element("div", element("h2", "Before believing it"), points, class_="caution")
    body = element(
        "main",
        element("h1", title),
        element("p", f"leukofeat {__version__}, {date}. {NOTE}", class_="date"),
        element("div", element("h2", heading), *(element("p", s) for s in sentences), class_="verdict"),
        caution,
        element("nav", *(element("a", name, href=f"#{key}") for key, name, _ in there)),
        *(element("div", part, id=key) for key, _, part in there),
        element("footer", NOTE, " Figures hold for the images they were measured on."),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", _SHEET),
    )
    return "<!doctype html>\n" + element("html", head, element("body", body), lang="en") + "\n"


def _comparison_section(heading: str, comparison: Comparison) -> Markup:
    names = comparison.table["accuracy"].sort_values(ascending=False, kind="stable").index.tolist()
    return element(
        "section",
        element("h2", heading),
        results(comparison),
        element("h3", "Confusion matrices"),
        confusions(comparison, names),
        by_class(comparison, names),
        curves(comparison),
        calibration(comparison),
        element("p", NOTE, class_="note"),
    )


def _configuration(comparisons: Mapping[str, Comparison], command: str | None) -> Markup:
    parts: list[Any] = []
    if command:
        parts += [element("h3", "Command"), element("pre", command)]
    used: dict[str, Any] = {}
    pipelines: dict[tuple[str, str], list[str]] = {}
    for name, found in comparisons.items():
        settings = dict(found.configuration)
        used |= settings.pop("versions", {})
        for pipeline, description in settings.pop("pipelines", {}).items():
            pipelines.setdefault((str(pipeline), str(description)), []).append(name)
        if settings:
            title = f"Configuration: {name}" if len(comparisons) > 1 else "Configuration"
            parts += [element("h3", title), _definitions(settings)]
    if pipelines:
        parts.append(element("h3", "Pipelines"))
    for (pipeline, description), names in pipelines.items():
        where = "" if len(names) == len(comparisons) else f" ({', '.join(names)})"
        parts += [element("p", element("b", pipeline), where, class_="hint"), element("pre", description)]
    used = used or versions()
    return element("section", element("h2", "To repeat it"), *parts, element("h3", "Versions"), _definitions(used))


def _definitions(values: Mapping[str, Any]) -> Markup:
    items = values.items()
    rows = [join([element("dt", str(key).replace("_", " ")), element("dd", _plain(value))]) for key, value in items]
    return element("dl", *rows)


def _plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    return str(value)

"""How the documentation is built: `make docs`."""

import os
import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

_DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(_DOCS), str(_DOCS.parent)]

import gallery  # noqa: E402
import reference  # noqa: E402
import systems  # noqa: E402

import leukofeat  # noqa: E402

project = "leukofeat"
author = "The leukofeat developers"
version = release = leukofeat.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb"]
templates_path = ["_templates"]
exclude_patterns = ["_templates", "_static"]

# pages are plain Markdown that a code host shows as well: there, too, every heading is an anchor
myst_heading_anchors = 4
# an option stays --format, a pattern '*.png', for who copies them
smartquotes = False
# what is stored in a notebook is shown; examples/run_notebooks.py is what runs them
nb_execution_mode = "off"
nb_merge_streams = True
autodoc_typehints = "none"  # the docstrings say types, shapes and units
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    # what every estimator has is told by scikit-learn
    "inherited-members": reference.FOREIGN,
    "exclude-members": reference.ROUTING,
}
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
# as parameters: their types are words, not names
napoleon_custom_sections = [("Attributes", "params_style")]
nitpicky = True
show_warning_types = True

html_theme = "furo"
html_title = f"leukofeat {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = "mathml"
html_domain_indices = False
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
        "versions.html",
    ]
}
# the versions beside which this one will lie, newest first; docs/versions.py sets them
html_context = {
    "versions": os.environ.get("LEUKOFEAT_DOCS_VERSIONS", "").split(),
    "this_version": os.environ.get("LEUKOFEAT_DOCS_VERSION", ""),
}

_LINK = re.compile(r"\[([^\]]*)\]\(\.\./([^)#]*)(#[^)]*)?\)")


def _outside(match):
    """A link that leaves docs/: notebooks are in the gallery, the README's place is taken by the first page, files are named."""
    words, target, _ = match.groups()
    if target.startswith("examples/") and target.endswith(".ipynb"):
        return f"[{words}](gallery/{Path(target).name})"
    if target in ("examples", "examples/"):
        return f"[{words}](gallery/index)"
    if target == "README.md":
        return f"[{words}](index.md)"
    return f"{words} (`{target}`)" if target not in words else words


def _inside(app, page, source):
    if not page.startswith(("api/", "gallery/")):
        source[0] = _LINK.sub(_outside, source[0])


def _references(app, what, name, thing, options, lines):
    """Numbered references are plain text: a page holds many functions, and each counts from 1."""
    lines[:] = [re.sub(r"\[(\d+)\]_", r"[\1]", re.sub(r"^(\s*)\.\. \[(\d+)\]", r"\1| [\2]", line)) for line in lines]


def _properties(app, what, name, thing, options, lines):
    """The first line of a property as it stands: "CIELAB: ..." is not its type."""
    if what in ("property", "attribute") and lines and lines[-1].startswith(":type: "):
        lines[:] = [f"{lines[-1][7:]}: {lines[0]}", *lines[1:-1]]


def _other_name(app, env, node, contnode):
    """A name that no page has: that of a thing's own module or second face, of another package, or of what is not public."""
    if node.get("refdomain") != "py":
        return None
    main = reference.main_name(node["reftarget"], node.get("py:module"))
    for name in (main, main.rpartition(".")[0]) if main else ():  # the class, of what has no place of its own
        found = env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", name, node, contnode)
        if found is not None:
            return found
    return contnode if reference.exists(node["reftarget"]) else None


def _formula(translator, node):
    """MathML: a browser draws it without a script."""
    block = isinstance(node, nodes.math_block)
    translator.body.append(tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


# what the theme leaves out for readers with a keyboard or a screen reader: boxes that scroll can be reached, parts have names
_MENDED = (
    (re.compile(r"<pre>"), '<pre tabindex="0">'),
    (re.compile(r"(\)|</em>|</code>|</a>) -- "), r"\1 – "),  # between the type of a parameter and its meaning
    (re.compile(r"<p><img (?![^>]*thumb)"), '<p class="picture" tabindex="0"><img '),
    (re.compile(r"<th([^>]*)>\s*(?:<p>\s*</p>)?\s*</th>"), r"<td\1></td>"),  # a corner that heads nothing
    (re.compile(r'<div class="(table-wrapper|output text_html)'), r'<div tabindex="0" class="\1'),
    (re.compile(r'class="caption" role="heading">'), 'class="caption" role="heading" aria-level="2">'),
    (re.compile(r'<div id="search-results"'), '<h1>Search</h1><div id="search-results"'),
    (re.compile(r'<aside class="sidebar-drawer">'), '<aside class="sidebar-drawer" aria-label="Pages">'),
    (re.compile(r'<aside class="toc-drawer'), '<aside aria-label="On this page" class="toc-drawer'),
)


def _mend(app, error):
    if error is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            for pattern, better in _MENDED:
                text = pattern.sub(better, text)
            page.write_text(text, encoding="utf-8")


def setup(app):
    """Connect what is above, and write the pages that are made from code and notebooks."""
    app.add_html_math_renderer("mathml", inline_renderers=(_formula, None), block_renderers=(_formula, None))
    app.connect("source-read", _inside)
    app.connect("autodoc-process-docstring", _references, priority=400)
    app.connect("autodoc-process-docstring", _properties, priority=600)
    app.connect("missing-reference", _other_name)
    app.connect("build-finished", _mend)
    reference.write(_DOCS / "api")
    gallery.write(_DOCS.parent / "examples", _DOCS / "gallery")
    systems.write(_DOCS / "systems.rst")

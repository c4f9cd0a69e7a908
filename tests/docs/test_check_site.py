"""The check of the built pages finds every fault that is planted, and nothing where there is none."""

from __future__ import annotations

import pytest

from tests.docs.scripts import script

PAGE = """<!doctype html><html lang="en"><head><title>{title}</title><link rel="stylesheet" href="style.css">
<link rel="next" href="other.html"><script src="own.js"></script></head><body><h2 id="here">Here</h2>
<p>A <a href="#here">b</a>, <a href="other.html#there">c</a>, <a href="sub/">d</a>, <a href="https://scikit-learn.org/x?y#z">e</a>,
<a href="mailto:a@b.org">f</a></p><img src="a.png" alt="A cell"><img src="data:image/png;base64,AA" alt="">{more}</body></html>"""


def write(folder, more="", title="A page", style="", code=""):
    (folder / "sub").mkdir()
    (folder / "index.html").write_text(PAGE.format(more=more, title=title))
    for name, anchor in (("other.html", "there"), ("sub/index.html", "top")):
        (folder / name).write_text(f'<html><head><title>Other</title></head><body><a id="{anchor}"></a></body></html>')
    (folder / "style.css").write_text(
        "/* https://a.org */ @namespace svg url(#x); p {background: url('a.png')}" + style
    )
    (folder / "own.js").write_text("// see https://a.org\nvar x = 'https://a.org';" + code)
    (folder / "a.png").write_bytes(b"")
    return script("check_site").check_site(folder)


def test_a_site_without_faults(tmp_path):
    assert write(tmp_path) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('<a href="gone.html">x</a>', "broken link: 'gone.html'"),
        ('<a href="gone%20too.html#x">x</a>', "broken link"),
        ('<a href="#nowhere">x</a>', "anchor that is not there: '#nowhere'"),
        ('<a href="other.html#here">x</a>', "anchor that is not there: 'other.html#here'"),
        ('<a href="sub/#here">x</a>', "anchor that is not there"),
        ('<a href="../secret.html">x</a>', "leaves the site"),
        ('<a href="file:///data/a.html">x</a>', "odd kind"),
        ('<a href="javascript:alert(1)">x</a>', "odd kind"),
        ('<a href="https://nowhere">x</a>', "cannot be right"),
        ('<a href="https://a b.org/">x</a>', "cannot be"),
        ('<a href="http://[x">x</a>', "cannot be read"),
        ('<img src="gone.png" alt="x">', "missing: gone.png"),
        ('<img src="a.png">', "image without alt: a.png"),
        ('<img src="a.png" alt="a.png">', "file name"),
        ('<img alt="x">', "no src"),
        ('<img src="https://a.org/x.png" alt="x">', "asks another server"),
        ('<img src="a.png" srcset="a.png 1x, //a.org/b.png 2x" alt="x">', "asks another server: //a.org/b.png"),
        ('<script src="https://a.org/x.js"></script>', "asks another server"),
        ("<script>import('https://a.org/x.js')</script>", "a script asks another server"),
        ('<link rel="stylesheet" href="https://fonts.a.org/css?family=X">', "asks another server"),
        ('<link rel="preconnect" href="https://fonts.a.org">', "asks another server"),
        ("<style>@import 'https://a.org/x.css';</style>", "asks another server"),
        ('<p style="background:url(//a.org/x.png)">x</p>', "asks another server"),
        ('<iframe src="https://a.org"></iframe>', "asks another server"),
        ('<svg><image href="gone.svg"/></svg>', "missing: gone.svg"),
        ('<video src="https://a.org/x.mp4"></video>', "asks another server"),
        ('<p id="here">x</p>', "two elements have the id 'here'"),
    ],
)
def test_a_planted_fault_is_found(more, said, tmp_path):
    found = write(tmp_path, more)
    assert len(found) == 1
    assert found[0].startswith("index.html: ")
    assert said in found[0]


def test_a_page_needs_a_title(tmp_path):
    assert write(tmp_path, title=" ") == ["index.html: no title"]


def test_style_sheets_and_scripts_are_read(tmp_path):
    font = "@font-face {src: url(https://fonts.a.org/x.woff2)}"
    found = write(tmp_path, style=font + "p {background: url(gone.png)}", code="fetch('//a.org/x')")
    assert [line.partition(":")[0] for line in found] == ["style.css", "style.css", "own.js"]


def test_the_script_ends_with_1_where_something_is_wrong(tmp_path, capsys):
    write(tmp_path)
    assert script("check_site").main([tmp_path]) == 0
    (tmp_path / "a.png").unlink()
    assert script("check_site").main([tmp_path]) == 1
    assert "missing: a.png" in capsys.readouterr().out


def test_an_empty_folder_is_no_site(tmp_path):
    with pytest.raises(FileNotFoundError, match="make docs"):
        script("check_site").check_site(tmp_path)

"""The pages' Python runs as it stands, and their links lead to files."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
import sys
import warnings

import pytest

from tests.docs.scripts import DOCS, script

PAGES = sorted(DOCS.glob("*.md"))
# pages that need more, or write files, are run by the tests of what they are about
TYPED = [DOCS / f"{name}.md" for name in ("extending", "scale", "traps")]


@pytest.mark.parametrize("page", TYPED, ids=lambda page: page.stem)
def test_what_a_page_types_gives_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_to_files(page):
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    made = {"api/index", "gallery/index", "systems"}  # when the site is built
    assert [link for link in links if link not in made and not (page.parent / link).exists()] == []


def test_the_landing_page_leads_to_every_other():
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = "\n".join(re.findall(r"```\{toctree\}(.*?)```", text, re.DOTALL)).split()
    assert [page.stem for page in PAGES if page.stem != "index" and page.stem not in listed] == []


def test_versions_are_ordered_as_numbers():
    versions = script("versions")
    assert versions.order(["v0.9.0", "v0.10.0", "nightly", "v1.0.0rc1", "v0.10.1"]) == ["v0.10.1", "v0.10.0", "v0.9.0"]
    page = versions.first_page(["main", "v0.10.1", "v0.9.0"])
    assert re.findall(r'href="([^"]+)"', page) == ["v0.10.1/index.html", "v0.9.0/index.html", "main/index.html"]
    assert "v0.10.1</a> (latest)" in page


@pytest.mark.parametrize(("option", "code"), [("--help", 0), ("--output", 2)])
def test_the_script_that_draws_pictures_asks_before_it_draws(option, code, tmp_path):
    pytest.importorskip("matplotlib")
    copy = shutil.copy(DOCS / "pictures.py", tmp_path)
    assert subprocess.run([sys.executable, copy, option], capture_output=True).returncode == code
    assert [path.name for path in tmp_path.iterdir()] == ["pictures.py"]

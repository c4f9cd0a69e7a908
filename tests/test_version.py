"""There is one version, and what else names it says the same."""

import re
import tomllib
from pathlib import Path

import leukofeat

ROOT = Path(__file__).resolve().parents[1]


def test_the_version_is_read_from_the_package():
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert found["project"]["dynamic"] == ["version"]
    assert found["tool"]["hatch"]["version"]["path"] == "leukofeat/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+|\.dev\d+)?", leukofeat.__version__)


def test_the_citation_has_the_version_and_every_doi_once():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", text, re.MULTILINE) == [leukofeat.__version__]
    dois = re.findall(r"^ +doi: (.*)$", text, re.MULTILINE)
    assert all(re.fullmatch(r"10\.\d{4,9}/\S+", doi) for doi in dois)
    assert len(set(map(str.lower, dois))) == len(dois)


def test_a_released_version_is_in_the_changelog():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[?(\d[^\] ]*)", text, re.MULTILINE)
    assert "## Unreleased" in text or released[0] == leukofeat.__version__

"""Markup is only what is made here: everything else is shown as it is."""

from __future__ import annotations

import base64
import csv
import re

import cv2
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from leukofeat.datasets import load_images
from leukofeat.markup import Markup, card, cell, element, escape, picture, table, text_of, with_interval, write_csv
from tests.page import EVIL, Page


@given(st.text(), st.text())
def test_escape_keeps_any_text_and_makes_no_markup(one, two):
    out = element("p", one, title=two)
    page = Page(out)
    assert page.tags == ["p"]
    assert [key for _, key, _ in page.attributes] == ["title"]
    plain = "".join(c for c in one if c.isprintable())
    if one == plain:
        assert page.text == one
    assert escape(escape(one)) == escape(one)
    assert not isinstance(Markup("<b>") + one, Markup)


def test_a_picture_is_no_wider_than_asked_for_and_shows_the_image(records):
    source = re.search('src="data:image/jpeg;base64,([^"]*)"', picture(records[0].image, "x", width=48))[1]
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(source), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded.shape == (48, 48, 3)
    assert abs(decoded.mean(axis=(0, 1)) - records[0].image.mean(axis=(0, 1))).max() < 4


def test_intervals_stand_under_their_values_and_stay_markup():
    frame = pd.DataFrame({"auc": [0.9, np.nan], "auc_low": [0.8, np.nan], "auc_high": [0.95, np.nan]})
    page = Page(table(pd.DataFrame({"name": EVIL[:2]}).assign(auc=with_interval(frame, "auc"))))
    assert page.tags.count("small") == 1
    assert page.text.endswith(f"{EVIL[0]}0.9000.800–0.950{EVIL[1]}–")


def test_a_card_escapes_its_title():
    assert Page(card(EVIL[0], None, EVIL[1])).tags == ["div", "div", "b"]


@given(st.one_of(st.text(), st.text("'=+-@\t\ra1", max_size=5)))
def test_a_cell_is_no_formula_and_comes_back(text):
    written = cell(text)
    assert text_of(written) == text
    if len(written) > 1 and written[0] in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20":
        assert float(written) is not None, "nothing but a number"


FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1+cmd",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://a","b")',
    "\uff1d1+1",
]


def test_no_cell_heading_or_row_name_of_a_csv_is_a_formula(tmp_path):
    frame = pd.DataFrame(
        {
            "path": FORMULAS,
            "=area": np.linspace(-2, 1, len(FORMULAS)),
            "kind": pd.Categorical(FORMULAS),
            "mixed": [-1, -2.5, None, "-x", "-1", True, "a", "+"],
        },
        index=pd.Index(FORMULAS[::-1], name="@row"),
    )
    assert cell("\r=1") == "'\r=1"
    write_csv(frame, tmp_path / "a.csv", index=True)
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["'@row", "path", "'=area", "kind", "mixed"]
    assert [row[0] for row in rows[1:]] == [f"'{name}" for name in FORMULAS[::-1]]
    assert [row[1] for row in rows[1:]] == [row[3] for row in rows[1:]] == [f"'{name}" for name in FORMULAS]
    assert [float(row[2]) for row in rows[1:]] == frame["=area"].tolist()
    assert [row[4] for row in rows[1:]] == ["-1", "-2.5", "", "'-x", "-1", "True", "a", "+"]
    assert frame["path"].tolist() == FORMULAS, "the table itself is not touched"


def test_an_ordinary_table_is_written_as_pandas_writes_it(tmp_path):
    frame = pd.DataFrame(
        {"path": ["a/1.png", 'b, "c".png'], "x": [-1.5, np.nan], "n": [1, 2], "t": pd.to_datetime(["2020-01-01"] * 2)}
    )
    for index in (True, False):
        write_csv(frame, tmp_path / "a.csv", index=index)
        assert (tmp_path / "a.csv").read_text() == frame.to_csv(index=index)


def test_a_manifest_written_by_us_finds_its_files_again(tmp_path, records):
    names = ["=1+1.png", "@a.png", "-b+c.png"]
    for name in names:
        assert cv2.imwrite(str(tmp_path / name), records[0].image)
    write_csv(pd.DataFrame({"path": names, "label": ["+pos", "-", "-1"]}), tmp_path / "manifest.csv")
    bunch = load_images(tmp_path)
    assert bunch.frame["path"].tolist() == names
    assert bunch.frame["label"].tolist() == ["+pos", "-", "-1"]


def test_no_line_of_a_csv_begins_inside_a_name(tmp_path):
    for frame in (pd.DataFrame({"path": ["a\r=1", "b"], "n": [1, -2]}), pd.DataFrame({"a\r=1": ["b"]})):
        write_csv(frame, tmp_path / "a.csv")
        assert not re.search("(^|[\r\n])=", re.sub('"[^"]*"', "", (tmp_path / "a.csv").read_bytes().decode()))
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv"), frame)

"""Markup is only what is made here: everything else is shown as it is."""

from __future__ import annotations

import base64
import re

import cv2
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from leukofeat.markup import Markup, card, element, escape, picture, table, with_interval
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

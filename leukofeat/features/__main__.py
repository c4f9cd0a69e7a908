"""`python -m leukofeat.features` prints the catalogue page."""

import sys

from leukofeat.features.page import features_page

sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # standard output is a text stream here
sys.stdout.write(features_page())

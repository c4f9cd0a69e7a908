"""`python -m leukofeat.datasets` prints the page on public sets."""

import sys

from leukofeat.datasets.fetch.page import datasets_page

sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # standard output is a text stream here
sys.stdout.write(datasets_page())

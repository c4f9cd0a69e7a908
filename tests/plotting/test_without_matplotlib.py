"""Displays are imported without what draws, and say what to install."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import leukofeat.plotting as plotting
print(sorted({"matplotlib", "torch", "skops", "tensorflow"} & set(sys.modules)))
sys.modules["matplotlib"] = None
for make in (
    lambda: plotting.ConfusionDisplay.from_predictions([0, 1], [0, 1]),
    lambda: plotting.EmbeddingDisplay.from_coordinates([[0, 0]]),
    lambda: plotting.FeatureDisplay.from_table(__import__("pandas").DataFrame({"a": [1.0, 2, 3]}), [0, 0, 1], class_names="ab"),
):
    try:
        make()
    except ImportError as error:
        print(error)
"""


def test_import_is_light_and_the_error_says_what_to_install():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, *errors = done.stdout.splitlines()
    assert first == "[]"
    assert len(errors) == 3
    assert all("pip install 'leukofeat[plot]'" in error for error in errors)

"""The versions that `make minimum` installs are the lowest that are declared."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_pins_are_the_declared_floors():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    floors = dict(one.split(">=") for one in [*project["dependencies"], *extras["parquet"], *extras["plot"]])
    pins = dict(re.findall(r"^([\w-]+)==(.*)$", (ROOT / "tests" / "minimum.txt").read_text(), re.MULTILINE))
    assert pins.keys() == floors.keys()
    for name, floor in floors.items():
        assert f"{pins[name]}.".startswith(f"{floor}."), name


def test_all_is_every_extra_for_users_but_the_networks():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for_us = {"bench", "deep-test", "dev", "dist", "docs", "test"}
    (everything,) = extras["all"]
    named = everything.removeprefix("leukofeat[").removesuffix("]").split(",")
    assert set(named) == extras.keys() - for_us - {"all", "deep"}

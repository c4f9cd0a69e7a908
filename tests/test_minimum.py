"""The versions that `make minimum` installs are the lowest that are declared."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_pins_are_the_declared_floors():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    floors = dict(requirement.split(">=") for requirement in declared)
    pins = dict(re.findall(r"^([\w-]+)==(.*)$", (ROOT / "tests" / "minimum.txt").read_text(), re.MULTILINE))
    assert pins.keys() == floors.keys()
    for name, floor in floors.items():
        assert f"{pins[name]}.".startswith(f"{floor}."), name

"""What sdist and wheel hold: the package and nothing else in the wheel, everything that is tracked in the sdist."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# of the repository alone
OUTSIDE = (".ci/", ".github/", ".gitignore", ".pre-commit-config.yaml", "Makefile", "CONTRIBUTING.md")


def main(folder: str) -> None:
    """Raise an AssertionError that names what is missing or too much."""
    (wheel,), (sdist,) = (sorted(Path(folder).glob(pattern)) for pattern in ("*.whl", "*.tar.gz"))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    tracked = {name for name in tracked if name and (ROOT / name).is_file()}

    with zipfile.ZipFile(wheel) as file:
        inside = {name for name in file.namelist() if ".dist-info/" not in name}
        (license_text,) = (name for name in file.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        assert file.read(license_text) == (ROOT / "LICENSE").read_bytes()
    package = {name for name in tracked if name.startswith("leukofeat/")}
    assert "leukofeat/py.typed" in inside
    assert inside == package, f"{wheel.name}: not as the package is: {sorted(inside ^ package)}"

    with tarfile.open(sdist) as file:
        inside = {member.name.partition("/")[2] for member in file.getmembers() if member.isfile()}
    wanted = {name for name in tracked if not name.startswith(OUTSIDE)}
    assert wanted <= inside, f"{sdist.name}: lacks {sorted(wanted - inside)}"
    more = inside - tracked - {"PKG-INFO"}
    assert not more, f"{sdist.name}: has what is not tracked: {sorted(more)}"
    print(f"{len(package)} files in {wheel.name}, {len(wanted)} in {sdist.name}")


if __name__ == "__main__":
    main(*sys.argv[1:])

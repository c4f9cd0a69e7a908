"""Build the pages of every version beside one another: `make site`.

Every tag vX.Y.Z that has documentation of this kind, and the working copy as "main", each into a folder of its own, with a first page that lists them.
Each page has the list, too. What an old version needs besides is installed already: its pages are made from its own code by the packages at hand.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>leukofeat: documentation by version</title>
<style>:root{{color-scheme:light dark}}body{{font:1rem/1.6 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}}</style>
</head><body><main><h1>leukofeat: documentation by version</h1>
<p>Research use only; not a medical device.</p>
<ul>
{items}
</ul></main></body></html>
"""


def order(tags):
    """Tags of versions, the newest first; other tags are left out.

    Examples
    --------
    >>> order(["v0.9.0", "v0.10.0", "nightly", "v0.10.0rc1"])
    ['v0.10.0', 'v0.9.0']
    """
    return sorted(
        (tag for tag in tags if _TAG.fullmatch(tag)),
        key=lambda tag: [int(n) for n in _TAG.fullmatch(tag).groups()],
        reverse=True,
    )


def first_page(names):
    """Page that leads to each version: the newest release first, what is not released last."""
    latest = next((name for name in names if name != "main"), None)
    notes = {"main": " (not released)", latest: " (latest)"}
    items = "\n".join(
        f'<li><a href="{name}/index.html">{name}</a>{notes.get(name, "")}</li>'
        for name in sorted(names, key=lambda n: n == "main")
    )
    return _PAGE.format(items=items)


def build(source, target, name, names):
    """Build one version from a folder with its files."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(source), os.environ.get("PYTHONPATH")])),
        "LEUKOFEAT_DOCS_VERSION": name,
        "LEUKOFEAT_DOCS_VERSIONS": " ".join(names),
    }
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-E",
        "-b",
        "html",
        "-d",
        str(target.parent / ".doctrees" / name),
        str(source / "docs"),
        str(target),
    ]
    subprocess.run(command, env=environment, check=True)


def main(arguments=None):
    """Build all; the working copy is "main"."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "-o", "--output", type=Path, default=_ROOT / "site", help="folder that is written anew (default: site)"
    )
    output = parser.parse_args(arguments).output.resolve()
    if output.exists() and any(output.iterdir()) and not (output / "index.html").is_file():
        parser.error(f"{output} holds something else; give another folder.")

    def git(*command):
        return subprocess.run(["git", "-C", str(_ROOT), *command], check=True, capture_output=True, text=True).stdout

    tags = order(git("tag").split())
    documented = [tag for tag in tags if git("ls-tree", "--name-only", tag, "docs/conf.py")]
    for tag in set(tags) - set(documented):
        print(f"{tag} has no docs/conf.py: left out", file=sys.stderr)
    names = ["main", *documented]
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    build(_ROOT, output / "main", "main", names)
    for tag in documented:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "source"
            git("worktree", "add", "--detach", str(source), tag)
            try:
                build(source, output / tag, tag, names)
            finally:
                git("worktree", "remove", "--force", str(source))
    for left in (".doctrees", "jupyter_execute"):
        shutil.rmtree(output / left, ignore_errors=True)
    (output / "index.html").write_text(first_page(names), encoding="utf-8")
    print(f"{output}: {', '.join(names)}")


if __name__ == "__main__":
    main()

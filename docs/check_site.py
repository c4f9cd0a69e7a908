"""Check built pages without a network: `python docs/check_site.py build/docs`.

Every link and anchor within the site leads somewhere, every picture is there and has an alternative text, every page has a title,
and nothing is asked of another server: no script, style sheet, font or picture. Links to other servers are only looked at.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# what a browser loads by itself, by element and attribute
_LOADED = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("image", "href"),
    ("image", "xlink:href"),
    ("img", "src"),
    ("input", "src"),
    ("link", "href"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("track", "src"),
    ("use", "href"),
    ("video", "poster"),
    ("video", "src"),
}
_NOT_LOADED = {"alternate", "author", "canonical", "help", "index", "license", "next", "prev", "search"}
_URL = re.compile(r"""url\(\s*['"]?([^'")]+)['"]?\s*\)|@import\s+['"]([^'"]+)['"]""")
# a request that a script makes; other addresses in scripts are comments and names
_REQUEST = re.compile(r"""(?:import\(|fetch\(|importScripts\(|\.src\s*=|from)\s*["'`](https?:)?//[^"'`]+["'`]""")


class Page(HTMLParser):
    """What a page holds: its anchors, links, loads, style sheets, scripts and title, and what is wrong within it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.anchors, self.links, self.loads, self.faults = set(), [], [], []
        self.title, self.styles, self.scripts, self._inside = "", [], [], None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._inside = tag if tag in ("title", "style", "script") else self._inside
        self._note_anchor(tag, given)
        if tag in ("a", "area") and given.get("href"):
            self.links.append(given["href"])
        if tag == "link" and not _NOT_LOADED.isdisjoint((given.get("rel") or "").split()):
            if given.get("href"):
                self.links.append(given["href"])
        else:
            self.loads += [value for name, value in attrs if (tag, name) in _LOADED and value]
        for part in (given.get("srcset") or "").split(",") if tag in ("img", "source") else ():
            self.loads += part.split()[:1]
        if given.get("style"):
            self.styles.append(given["style"])
        if tag == "img":
            self._check_image(given)
        if tag == "meta" and (given.get("http-equiv") or "").lower() == "refresh":
            self.links += re.findall(r"url=([^;]+)", given.get("content") or "", re.IGNORECASE)

    def _note_anchor(self, tag, given):
        name = given.get("id") or (given.get("name") if tag == "a" else None)
        if not name:
            return
        if given.get("id") and name in self.anchors:
            self.faults.append(f"two elements have the id {name!r}")
        self.anchors.add(name)

    def _check_image(self, given):
        alt, source = given.get("alt"), given.get("src") or ""
        if not source:
            self.faults.append("an image has no src")
        if alt is None:
            self.faults.append(f"image without alt: {source[:80]}")
        elif alt and (alt == source or re.fullmatch(r"\S+\.(png|jpe?g|svg|gif|webp)", alt)):
            self.faults.append(f"the alt of an image is its file name: {alt[:80]}")

    def handle_endtag(self, tag):
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data):
        if self._inside == "title":
            self.title += data
        elif self._inside in ("style", "script"):
            getattr(self, f"{self._inside}s").append(data)


def check_site(folder):
    """Check all pages and style sheets under a folder.

    Parameters
    ----------
    folder : path

    Returns
    -------
    list of str
        What is wrong, each with its file; empty where all is well.

    Raises
    ------
    FileNotFoundError
        When there is no page.
    """
    root = Path(folder).resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(root.rglob("*.html"))}
    if not pages:
        raise FileNotFoundError(f"{folder} holds no page; build them first (make docs).")
    found = []
    for path, page in pages.items():
        faults = [*page.faults, *([] if page.title.strip() else ["no title"])]
        faults += [fault for link in page.links if (fault := _link_fault(link, path, root, pages))]
        faults += [fault for load in page.loads if (fault := _load_fault(load, path, root))]
        faults += _style_faults("\n".join(page.styles), path, root)
        faults += _script_faults("\n".join(page.scripts))
        found += [f"{path.relative_to(root)}: {fault}" for fault in dict.fromkeys(faults)]
    for path in sorted(root.rglob("*.css")):
        faults = _style_faults(path.read_text(encoding="utf-8"), path, root)
        found += [f"{path.relative_to(root)}: {fault}" for fault in dict.fromkeys(faults)]
    for path in sorted(root.rglob("*.js")):
        faults = _script_faults(path.read_text(encoding="utf-8"))
        found += [f"{path.relative_to(root)}: {fault}" for fault in dict.fromkeys(faults)]
    return found


def _target(link, path, root):
    """File that a link without server leads to."""
    address = unquote(urlsplit(link).path)
    target = (
        (root / address.lstrip("/") if address.startswith("/") else path.parent / address).resolve()
        if address
        else path
    )
    return target / "index.html" if target.is_dir() else target


def _link_fault(link, path, root, pages):
    try:
        parts = urlsplit(link)
    except ValueError as error:
        return f"link that cannot be read: {link!r} ({error})"
    if parts.scheme in ("http", "https") or link.startswith("//"):
        host = re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", parts.hostname or "", re.IGNORECASE)
        return None if host and not re.search(r"\s", link) else f"link that cannot be right: {link!r}"
    if parts.scheme == "mailto":
        return None
    if parts.scheme:
        return f"link of an odd kind: {link!r}"
    target = _target(link, path, root)
    if not target.is_relative_to(root):
        return f"link that leaves the site: {link!r}"
    if not target.is_file():
        return f"broken link: {link!r}"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return f"link to an anchor that is not there: {link!r}"
    return None


def _load_fault(load, path, root):
    if load.startswith(("data:", "#")):
        return None
    if load.startswith("//") or urlsplit(load).scheme:
        return f"asks another server: {load}"
    target = _target(load, path, root)
    return None if target.is_file() and target.is_relative_to(root) else f"missing: {load}"


def _style_faults(text, path, root):
    found = (a or b for a, b in _URL.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)))
    return [fault for load in found if (fault := _load_fault(load.strip(), path, root))]


def _script_faults(text):
    return [f"a script asks another server: {match.group()[:100]}" for match in _REQUEST.finditer(text)]


def main(folders):
    """Print what is wrong; 1 where anything is."""
    found = [fault for folder in folders for fault in check_site(folder)]
    print("\n".join(found) or "no broken link, no missing picture, no request to another server")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["build/docs"]))

"""A page as a parser sees it, and names that would be markup if they were not escaped."""

from __future__ import annotations

from html.parser import HTMLParser

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style></title><b>&amp;",
    "a\u202etxt.exe\x00\x1b[2J\ud800",
)


class Page(HTMLParser):
    """Elements, attributes and text of a page; complains where elements are not closed in order."""

    EMPTY = frozenset({"meta", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.open, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def get(self, tag, name):
        return [value for found, key, value in self.attributes if (found, key) == (tag, name)]

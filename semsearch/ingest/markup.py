"""Plain text and a title from HTML, a title from Markdown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Elements whose text is not shown, and those that a head may hold: any other tag ends the head, even without </head>.
_DROPPED = frozenset(["script", "style", "template", "noscript", "svg", "math", "iframe", "object"])
_IN_HEAD = frozenset(["html", "head", "title", "meta", "link", "base", *_DROPPED])
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|br|caption|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    "h[1-6]|header|hr|legend|li|main|nav|ol|option|p|pre|section|summary|table|tbody|tfoot|thead|tr|ul"
)
_CELLS = frozenset(["td", "th"])
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_ATX = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")


class _TextOf(HTMLParser):
    """Collects the visible text of a page, and its first <title> and <h1>."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.titles: dict[str, list[str]] = {}
        self._in_head = False
        self._dropping = ""
        self._depth = 0
        self._titling = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping:
            self._depth += tag == self._dropping
            return
        self._in_head = tag == "head" or (self._in_head and tag in _IN_HEAD)
        if tag in _DROPPED:
            self._dropping, self._depth = tag, 1
        elif tag in ("title", "h1") and tag not in self.titles:
            self._titling = tag
            self.titles[tag] = []
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._dropping:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            self._depth -= tag == self._dropping
            if self._depth == 0:
                self._dropping = ""
            return
        if tag == "head":
            self._in_head = False
        if tag == self._titling:
            self._titling = ""
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._dropping:
            return
        if self._titling:
            self.titles[self._titling].append(data)
        if not self._in_head and self._titling != "title":
            self.parts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if _BLOCK.fullmatch(tag):
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")


def text_of_html(html: str) -> tuple[str | None, str]:
    """The title (<title>, else the first <h1>, else None) and the visible text, one line per block element."""
    parser = _TextOf()
    parser.feed(html)
    parser.close()
    titles = (" ".join("".join(parser.titles.get(tag, [])).split()) for tag in ("title", "h1"))
    title = next(filter(None, titles), None)
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return title, "\n".join(filter(None, lines))


def heading_of_markdown(text: str) -> str | None:
    """The first heading, with # or underlined, outside code fences and front matter; None without one."""
    previous, in_fence = "", False
    lines = text.split("\n")
    if lines[0].rstrip() == "---" and "---" in (line.rstrip() for line in lines[1:]):
        lines = lines[[line.rstrip() for line in lines[1:]].index("---") + 2 :]
    for line in lines:
        if _FENCE.match(line):
            in_fence = not in_fence
        elif not in_fence:
            match = _ATX.match(line)
            if match and match[1]:
                return match[1]
            if previous.strip() and _SETEXT.match(line):
                return previous.strip()
        previous = "" if in_fence else line
    return None

"""Plain text and a title from HTML, a title from Markdown."""

from __future__ import annotations

import re

from semsearch.ingest.html_tokens import tokens, unescaped

# Elements whose text is not shown, and those that a head may hold: any other tag ends the head, even without </head>.
_DROPPED = frozenset(["script", "style", "template", "noscript", "svg", "math", "iframe", "object"])
_IN_HEAD = frozenset(["html", "head", "title", "meta", "link", "base", *_DROPPED])
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|br|caption|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    "h[1-6]|header|hr|legend|li|main|nav|ol|option|p|pre|section|summary|table|tbody|tfoot|thead|tr|ul"
)
_CELLS = frozenset(["td", "th"])
# Tags that make a cell HTML: elements of running text and of pages. <T> or <name> in plain text is none of them.
_TAG = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|center|cite|code|del|div|em|embed|font|h[1-6]|hr|i|iframe|img|input|ins|label|li|"
    r"link|meta|ol|p|pre|q|s|script|small|span|strike|strong|style|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|"
    r"video)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos|nbsp|[a-zA-Z]{4,8});")
MAX_HEADING_CHARS = 1_000  # characters of a line of Markdown that may be a heading
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_ATX = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")


class _TextOf:
    """Collects the visible text of a page, and its first <title> and <h1>."""

    def __init__(self, html: str) -> None:
        self.parts: list[str] = []
        self.titles: dict[str, list[str]] = {}
        self._in_head = False
        self._dropping = ""
        self._depth = 0
        self._titling = ""
        for kind, value in tokens(html):
            if kind == "text":
                self._text(value)
            elif self._dropping:
                self._dropped(kind, value)
            elif kind == "end":
                self._end(value)
            else:
                self._start(value, is_empty=kind == "single")

    def _dropped(self, kind: str, tag: str) -> None:
        """A tag inside an element that is not shown."""
        if tag == self._dropping and kind != "single":
            self._depth += 1 if kind == "start" else -1
        if self._depth == 0:
            self._dropping = ""

    def _start(self, tag: str, *, is_empty: bool) -> None:
        self._in_head = tag == "head" or (self._in_head and tag in _IN_HEAD)
        if tag in _DROPPED and not is_empty:
            self._dropping, self._depth = tag, 1
        elif tag in ("title", "h1") and tag not in self.titles and not is_empty:
            self._titling = tag
            self.titles[tag] = []
        self._break(tag)

    def _end(self, tag: str) -> None:
        if tag == "head":
            self._in_head = False
        if tag == self._titling:
            self._titling = ""
        self._break(tag)

    def _text(self, data: str) -> None:
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
    parsed = _TextOf(html)
    titles = (" ".join("".join(parsed.titles.get(tag, [])).split()) for tag in ("title", "h1"))
    title = next(filter(None, titles), None)
    lines = (" ".join(line.split()) for line in "".join(parsed.parts).split("\n"))
    return title, "\n".join(filter(None, lines))


def has_markup(text: str) -> bool:
    """Whether a cell holds HTML tags that are in use, or character references."""
    return ("<" in text or "&" in text) and bool(_TAG.search(text) or _REFERENCE.search(text))


def without_markup(text: str) -> str:
    """The visible text of a cell with HTML in it. Tags that are themselves escaped, as feeds write them, go too."""
    if not _TAG.search(text):
        text = unescaped(text)
    return text_of_html(text)[1] if _TAG.search(text) else text


def heading_of_markdown(text: str) -> str | None:
    """The first heading, with # or underlined, outside code fences and front matter; None without one."""
    previous, in_fence = "", False
    lines = text.split("\n")
    if lines[0].rstrip() == "---" and "---" in (line.rstrip() for line in lines[1:]):
        lines = lines[[line.rstrip() for line in lines[1:]].index("---") + 2 :]
    for line in lines:
        if len(line) > MAX_HEADING_CHARS:
            line = ""
        elif _FENCE.match(line):
            in_fence = not in_fence
        elif not in_fence:
            match = _ATX.match(line)
            if match and match[1]:
                return match[1]
            if previous.strip() and _SETEXT.match(line):
                return previous.strip()
        previous = "" if in_fence else line
    return None

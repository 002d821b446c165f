"""HTML as a stream of tags and text, in time that grows with its length whatever it holds.

html.parser of the standard library looks for the end of an unfinished comment or tag again at every "<": 400 KB of
"<!--" take minutes. Here each search that fails is remembered. Unfinished tags and comments are text.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from html import unescape
from typing import Literal

Token = tuple[Literal["start", "end", "single", "text"], str]  # the name of a tag in lower case, or text
_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_TO_QUOTE_OR_END = re.compile(r"[^>\"']*")
_LONG_REFERENCE = re.compile(r"&#0*[0-9]{8,};?")  # a number that no character has, and int() may refuse
_RAW = frozenset(["script", "style"])  # elements without tags and entities inside
_TEXT_ONLY = frozenset(["title", "textarea"])  # elements without tags inside


def tokens(html: str) -> Iterator[Token]:
    """The tags and the text of a page or a fragment, in order. Comments and declarations are left out."""
    return _Scanner(html).tokens()


def unescaped(text: str) -> str:
    """The text with its character references resolved."""
    return unescape(_LONG_REFERENCE.sub("\ufffd", text))


def _follows_equals(html: str, at: int) -> bool:
    """Whether the character before a position, white space apart, is "="."""
    at -= 1
    while at > 0 and html[at].isspace():
        at -= 1
    return html[at] == "="


class _Scanner:
    def __init__(self, html: str) -> None:
        self._html = html
        self._absent: set[str] = set()  # what does not occur any more

    def tokens(self) -> Iterator[Token]:
        html, at = self._html, 0
        while (start := html.find("<", at)) >= 0:
            if start > at:
                yield "text", unescaped(html[at:start])
            name = _NAME.match(html, start + 2 if html.startswith("</", start) else start + 1)
            if name is None:
                at = yield from self._other(start)
                continue
            end = self._tag_end(name.end())
            if end < 0:
                at = start
                break
            tag, at = name[0].lower(), end + 1
            if html[start + 1] == "/":
                yield "end", tag
            elif html[end - 1] == "/":
                yield "single", tag
            else:
                yield "start", tag
                if tag in _RAW or tag in _TEXT_ONLY:
                    at = yield from self._content(tag, at)
        if at < len(html):
            yield "text", unescaped(html[at:])

    def _find(self, what: str, at: int) -> int:
        """The next position of a text; -1 if there is none, which is remembered."""
        if what in self._absent:
            return -1
        found = self._html.find(what, at)
        if found < 0:
            self._absent.add(what)
        return found

    def _other(self, start: int) -> Generator[Token, None, int]:
        """What begins with "<" and is no tag: a comment, a declaration, or just that character. Returns its end."""
        html = self._html
        if html.startswith("<![CDATA[", start) and (end := self._find("]]>", start)) >= 0:
            yield "text", html[start + 9 : end]
            return end + 3
        if html.startswith(("<!-->", "<!--->"), start):
            return html.index(">", start) + 1
        if html.startswith("<!--", start):
            end = self._find("-->", start + 4)
            return end + 3 if end >= 0 else start + 4
        if html.startswith(("<!", "<?", "</"), start) and (end := self._find(">", start)) >= 0:
            return end + 1
        yield "text", "<"
        return start + 1

    def _tag_end(self, at: int) -> int:
        """The position of the ">" that ends a tag, not inside a quoted attribute; -1 if there is none."""
        html = self._html
        while True:
            match = _TO_QUOTE_OR_END.match(html, at)
            at = match.end() if match else at
            if at >= len(html):
                return -1
            if html[at] == ">":
                return at
            if _follows_equals(html, at):
                closing = self._find(html[at], at + 1)
                at = closing if closing >= 0 else at
            at += 1

    def _content(self, tag: str, at: int) -> Generator[Token, None, int]:
        """The content of an element without tags inside, up to its end tag. Returns where that begins."""
        match = re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE).search(self._html, at)
        end = match.start() if match else len(self._html)
        if end > at:
            yield "text", self._html[at:end] if tag in _RAW else unescaped(self._html[at:end])
        return end

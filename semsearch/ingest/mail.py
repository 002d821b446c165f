"""The reader of mailboxes in mbox format, as mail programs, Gmail and list archives export them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import MAX_ITEM_CHARS, Fault, ItemOrFault, ReadOptions
from semsearch.ingest.front_door import one_line
from semsearch.ingest.markup import text_of_html
from semsearch.ingest.streams import LIMIT
from semsearch.records import Item

_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)  # mbox quotes a body line that begins with "From "
_BOUNDARY = re.compile(rb"boundary[ *=]", re.IGNORECASE)
_CONTENT = re.compile(rb"^content-(?:type|disposition)[ \t]*:", re.IGNORECASE | re.MULTILINE)
MAX_LINES = 2_000_000  # lines of a message
MAX_HEADER_LINES = 10_000  # lines of its headers
MAX_PARTS = 50_000  # lines that may begin a part
MAX_BOUNDARY_LINES = 10_000_000  # boundaries times lines: each line is compared with each open boundary
MAX_HEADER_CHARS = 10_000  # characters of a header that are decoded and kept; longer ones are kept undecoded
MAX_DATE_CHARS = 100  # characters of a date that are read


class MboxReader:
    """One item per message: Message-ID, subject, sender, date, and the text of its plain or else its HTML parts."""

    name = "mbox"
    suffixes: tuple[str, ...] = (".mbox",)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """Items in file order. Raises InputError if the file is empty or no mailbox; too long a message is a Fault."""
        for position, raw in enumerate(_messages(stream, options.name), 1):
            place = f"message {position} of {options.name}"
            if raw is None:
                yield Fault(f"M{place[1:]} is longer than {LIMIT}, the limit of one item: remove it", is_row=True)
            else:
                yield _read_message(raw, position, place, options)


def _messages(stream: BinaryIO, name: str) -> Iterator[bytes | None]:
    """The bytes of each message without its From line; None for one that is too long."""
    lines: list[bytes] = []
    size, is_blank, in_message = 0, True, False
    while line := stream.readline(MAX_ITEM_CHARS + 1):
        if is_blank and line.startswith(b"From "):
            if in_message:
                yield b"".join(lines) if size <= MAX_ITEM_CHARS else None
            lines, size, in_message = [], 0, True
        elif in_message:
            size += len(line)
            if size <= MAX_ITEM_CHARS:
                lines.append(line)
            else:
                lines.clear()
        elif line.strip():
            raise InputError(
                f"{name} is not a mailbox: an mbox file begins with 'From '; give its format with --format"
            )
        is_blank = not line.strip(b"\r\n")
    if not in_message:
        raise InputError(f"{name} is empty: leave the file out")
    yield b"".join(lines) if size <= MAX_ITEM_CHARS else None


def _read_message(raw: bytes, position: int, place: str, options: ReadOptions) -> ItemOrFault:
    """The item of a message; a Fault, not an error, for one that Python's parser cannot read."""
    excess = excess_of(raw)
    if excess:
        return Fault(f"M{place[1:]} has {excess}, more than its parser reads in a few seconds: remove it", is_row=True)
    try:
        with one_line(place):
            message = message_from_bytes(_QUOTED_FROM.sub(rb"\1", raw))
            key = _header(message, "Message-ID").strip("<> ") or f"{options.key}:{position}"
            return item_of_message(message, key, place, options, message.walk())
    except InputError as error:
        return Fault(f"M{str(error)[1:]}", is_row=True)


def excess_of(raw: bytes) -> str:
    """What a message has too much of for Python's parser, whose time grows with some products; empty if nothing."""
    lines, boundaries = raw.count(b"\n"), len(_BOUNDARY.findall(raw))
    headers = raw.partition(b"\n\n")[0].count(b"\n")
    longest = max((_header_length(raw, match.start()) for match in _CONTENT.finditer(raw)), default=0)
    counts = {
        f"{lines:,} lines": lines > MAX_LINES,
        f"{headers:,} lines of headers": headers > MAX_HEADER_LINES,
        f"a header of {longest:,} bytes": longest > MAX_HEADER_CHARS,
        f"{boundaries:,} boundaries in {lines:,} lines": boundaries * lines > MAX_BOUNDARY_LINES,
        "countless parts": bool(boundaries) and raw.count(b"\n--") > MAX_PARTS,
    }
    return next((what for what, is_excess in counts.items() if is_excess), "")


def _header_length(raw: bytes, start: int) -> int:
    """The bytes of a header with its folded lines, as far as MAX_HEADER_CHARS."""
    end = raw.find(b"\n", start)
    while 0 <= end < start + MAX_HEADER_CHARS and raw[end + 1 : end + 2] in (b" ", b"\t"):
        end = raw.find(b"\n", end + 1)
    return (len(raw) if end < 0 else end) - start


def item_of_message(message: Message, key: str, place: str, options: ReadOptions, parts: Iterable[Message]) -> Item:
    """A message as an item; its text is that of these parts."""
    columns = {
        "title": _header(message, "Subject") or None,
        "body": _body(parts),
        "from": _header(message, "From") or None,
        "date": _date(_header(message, "Date")),
        "source": options.name,
    }
    return Item(key, columns, place)


def _header(message: Message, name: str) -> str:
    """A header as text on one line; undecoded if its encoding is invalid or if it is endless."""
    raw = message.get(name, "")
    try:
        text = str(raw) if len(raw) > MAX_HEADER_CHARS else str(make_header(decode_header(raw)))
    except Exception:  # codecs that decode no text, such as idna, raise what they like
        text = str(raw)
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())[:MAX_HEADER_CHARS]


def _date(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text[:MAX_DATE_CHARS]).isoformat(sep=" ")
    except (TypeError, ValueError, OverflowError, IndexError):  # missing or invalid
        return text or None


def _body(parts: Iterable[Message]) -> str:
    """The plain text parts except attachments; without any, the text of the HTML parts."""
    plain: list[str] = []
    html: list[str] = []
    for part in parts:
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain":
            plain.append(_text(part))
        elif part.get_content_type() == "text/html":
            html.append(text_of_html(_text(part))[1])
    return "\n\n".join(filter(None, (text.strip() for text in plain))) or "\n\n".join(html)


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        text = content.decode(part.get_content_charset("utf-8"), "replace")
    except Exception:  # an unknown charset, or one whose codec decodes no text or raises what it likes
        text = content.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\0", "")

"""The reader of mailboxes in mbox format, as mail programs, Gmail and list archives export them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import MAX_ITEM_CHARS, Fault, ItemOrFault, ReadOptions
from semsearch.ingest.markup import text_of_html
from semsearch.ingest.streams import LIMIT
from semsearch.records import Item

_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)  # mbox quotes a body line that begins with "From "


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
                yield _item(message_from_bytes(_QUOTED_FROM.sub(rb"\1", raw)), position, place, options)


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


def _item(message: Message, position: int, place: str, options: ReadOptions) -> Item:
    key = _header(message, "Message-ID").strip("<> ") or f"{options.key}:{position}"
    columns = {
        "title": _header(message, "Subject") or None,
        "body": _body(message),
        "from": _header(message, "From") or None,
        "date": _date(_header(message, "Date")),
        "source": options.name,
    }
    return Item(key, columns, place)


def _header(message: Message, name: str) -> str:
    """A header as text on one line; undecoded if its encoding is invalid."""
    try:
        raw = message.get(name, "")
        text = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        text = str(raw)
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _date(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).isoformat(sep=" ")
    except (TypeError, ValueError):  # missing or invalid
        return text or None


def _body(message: Message) -> str:
    """The plain text parts except attachments; without any, the text of the HTML parts."""
    plain: list[str] = []
    html: list[str] = []
    for part in message.walk():
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
    except LookupError:  # an unknown charset
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\0", "")

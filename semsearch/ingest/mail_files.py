"""The reader of single messages (.eml), with their attachments."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import BinaryIO, cast

from semsearch.errors import InputError
from semsearch.ingest.base import ItemOrFault, ReadOptions
from semsearch.ingest.mail import excess_of, item_of_message
from semsearch.ingest.members import Members, read_members

MAX_MESSAGE_BYTES = 64 << 20  # bytes of a message with its attachments
_USUAL_HEADERS = ("From", "Subject", "Date", "Message-ID", "Received")


class EmlReader:
    """A message in a file: the columns of `MboxReader`, and each attachment as an item of its own."""

    name = "eml"
    suffixes: tuple[str, ...] = (".eml",)
    skips_unreadable = True

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """The message, then its attachments by their type. Raises InputError for what is no message."""
        raw = stream.read(MAX_MESSAGE_BYTES + 1).replace(b"\r\n", b"\n")
        if len(raw) > MAX_MESSAGE_BYTES:
            raise InputError(f"{options.name} is larger than {MAX_MESSAGE_BYTES >> 20} MB: save its attachments apart")
        if excess := excess_of(raw):
            raise InputError(f"{options.name} has {excess}, more than its parser reads in a few seconds: remove it")
        message = message_from_bytes(raw)
        if not any(name in message for name in _USUAL_HEADERS):
            raise InputError(f"{options.name} is no message, it has no header: check it, or give its --format")
        parts = list(_own_parts(message))
        item = item_of_message(message, options.key, options.name, options, parts)
        if item.columns["title"] or item.columns["body"].strip():
            yield item
        members = Members(options, "attachment", rows_as_text=True)
        yield from read_members(members, _attachments(parts))


def _own_parts(message: Message) -> Iterator[Message]:
    """The parts of a message, without those of messages attached to it."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting += [cast(Message, one) for one in reversed(inner)]
        else:
            yield part


def _attachments(parts: list[Message]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each attachment; a forwarded message is one."""
    for number, part in enumerate(parts, 1):
        inner = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(inner, list) and inner:
            yield f"message {number}.eml", cast(Message, inner[0]).as_bytes()
        elif part.get_filename() or part.get_content_disposition() == "attachment":
            content = part.get_payload(decode=True)
            yield part.get_filename() or f"attachment {number}", content if isinstance(content, bytes) else b""

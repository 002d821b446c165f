"""msg, the mail format of Outlook, by python-oxmsg."""

from __future__ import annotations

from collections.abc import Iterator

from semsearch.errors import InputError
from semsearch.files.books import html_text
from semsearch.files.parts import Attachment, Part, Text, cleaned, facts

MAX_ATTACHMENTS = 1_000  # attachments of a message
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def parse_msg(path: str, name: str) -> Iterator[Part]:
    """The text, facts and attachments of a message. Raises InputError for another format."""
    from oxmsg import Message

    with open(path, "rb") as file:
        if file.read(8) != _OLE:
            raise InputError(f"{name} is damaged, or no Outlook message: save it again")
    message = Message.load(path)
    date = message.sent_date.replace(tzinfo=None).isoformat(sep=" ") if message.sent_date else None
    yield facts(title=message.subject, author=message.sender, date=date)
    body = cleaned(message.body or "")
    if not body.strip() and message.html_body:
        body = html_text(message.html_body.encode())
    yield Text(body)
    for number, attachment in enumerate(message.attachments):
        if number < MAX_ATTACHMENTS and attachment.file_bytes:
            yield Attachment(attachment.file_name or f"attachment {number + 1}", attachment.file_bytes)

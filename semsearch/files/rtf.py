"""rtf by striprtf."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semsearch.errors import InputError
from semsearch.files.parts import PAGE, Part, Text, cleaned, facts, joined

MAX_RTF_BYTES = 64 << 20  # bytes of a file; images are hexadecimal digits in it
_INFO = re.compile(r"\{\\(title|author) ?([^{}]{0,2000})\}")
_CREATED = re.compile(r"\{\\creatim\\yr(\d{1,4})\\mo(\d{1,2})\\dy(\d{1,2})")


def parse_rtf(path: str, name: str) -> Iterator[Part]:
    """The text and facts of an rtf. Raises InputError for another format."""
    from striprtf.striprtf import rtf_to_text

    with open(path, "rb") as file:
        content = file.read(MAX_RTF_BYTES + 1)
    if len(content) > MAX_RTF_BYTES:
        raise InputError(f"{name} is larger than {MAX_RTF_BYTES >> 20} MB: save it without its images")
    if not content.lstrip().startswith(b"{\\rtf"):
        raise InputError(f"{name} is damaged, or not rtf: download it again")
    source = content.decode("latin-1")
    known: dict[str, object] = {
        key: rtf_to_text(f"{{\\rtf1\\ansi {value}}}", errors="ignore") for key, value in _INFO.findall(source[:50_000])
    }
    created = _CREATED.search(source[:50_000])
    if created:
        known["date"] = "-".join(part.zfill(2) for part in created.groups())
    yield facts(**known)
    text = rtf_to_text(source.replace("\\page ", "\\'0c "), errors="ignore")
    pages = (cleaned(page).split("\n") for page in text.split(PAGE))
    yield Text(PAGE.join(filter(None, map(joined, pages))))

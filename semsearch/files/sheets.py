"""xlsx, xlsb, xls and ods by python-calamine: a heading for each sheet, which is a page, and a line for each row."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, datetime, time
from typing import Any

from semsearch.errors import InputError
from semsearch.files.package import Package, child_texts
from semsearch.files.parts import PAGE, Part, Progress, Text, cleaned, facts, heading, table_row
from semsearch.files.word_files import office_facts

BATCH_ROWS = 1_000  # rows sent at once


def parse_sheets(path: str, name: str) -> Iterator[Part]:
    """The text and facts of a workbook. Raises InputError if it is encrypted or damaged. Formulas are not evaluated."""
    import python_calamine

    known = _package_facts(path, name)
    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        yield facts(**known, pages=len(book.sheet_names))
        for number, sheet in enumerate(book.sheet_names):
            begin = (PAGE if number else "") + heading(cleaned(sheet), 1) + "\n\n"
            yield from _rows(book.get_sheet_by_name(sheet).iter_rows(), begin)
    except python_calamine.PasswordError as error:
        raise InputError(f"{name} is protected by a password: remove it and ingest the file again") from error
    except python_calamine.CalamineError as error:
        raise InputError(f"{name} is damaged, or no workbook ({error}): save it again") from error


def _package_facts(path: str, name: str) -> dict[str, object]:
    """What the properties say; nothing for the older format xls, which is no zip archive."""
    if not zipfile.is_zipfile(path):
        return {}
    with closing(Package(path, name)) as package:
        package.check_all()
        if "meta.xml" not in package.names:
            return office_facts(package)
        if "content.xml" in package.names:
            package.check_xml("content.xml")  # calamine never ends on tags that are not closed
        meta = child_texts(package.optional("meta.xml"))
        return {"title": meta.get("title"), "author": meta.get("creator"), "date": meta.get("creation-date")}


def _rows(rows: Iterable[list[Any]], begin: str) -> Iterator[Part]:
    """The lines of a sheet, with `begin` before the first; nothing of an empty sheet."""
    lines: list[str] = []
    for number, row in enumerate(rows):
        line = table_row(map(_written, row))
        if line:
            lines.append(f"{begin}{line}\n")
            begin = ""
        if number % BATCH_ROWS == BATCH_ROWS - 1:
            yield Text("".join(lines)) if lines else Progress()
            lines = []
    yield Text("".join(lines))


def _written(value: Any) -> str:
    """A cell as text: whole numbers without a fraction, dates as ISO 8601 says."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return cleaned(str(value))

"""Small valid PDF, Office, book, archive and source files, whose mutations the torture of readers tries."""

from __future__ import annotations

import io
import tarfile
from typing import Literal

from tests import made_files, made_messages

SOURCE = '"""A module."""\n\n\ndef bread(flour: int) -> str:\n    """Bake."""\n    return f"{flour} möon"\n'


def file_samples() -> dict[str, list[bytes]]:
    """The samples by the name of their reader."""
    pages = [made_files.prose(["Bread and water.", "The moon is a rocket's goal."]), [(72, 700, 18, "Second (page)")]]
    members = {"a.txt": "bread", "b/c.md": "# moon\n\nsun"}
    return {
        "pdf": [made_files.pdf(pages, {"Title": "Bread", "CreationDate": "D:20240102"})],
        "docx": [_docx()],
        "pptx": [made_files.pptx([("Bread", ["water", "moon & sun"]), ("Rockets", ["orbit"])])],
        "xlsx": [_xlsx(), _ods()],
        "odt": [_odt(), _odp()],
        "epub": [made_files.epub(["<h1>Bread</h1><p>moon and sun</p>", "<p>two<br/>lines</p>"])],
        "msg": [made_messages.msg("Bread", "moon and sun", {"a.txt": b"rocket", "b.docx": _docx()})],
        "zip": [made_files.zipped(members), made_files.zipped({"a.docx": _docx(), "b/c.txt": "sun"})],
        "tar": [_tar(members, mode) for mode in ("w", "w:gz", "w:bz2", "w:xz")],
        "code": [SOURCE.encode(), b"\xef\xbb\xbf" + SOURCE.replace("\n", "\r\n").encode()],
    }


def _docx() -> bytes:
    body = (
        made_files.heading("Bread")
        + made_files.word("bread and water")
        + ("<w:tbl><w:tr><w:tc>" + made_files.word("moon") + "</w:tc></w:tr></w:tbl>")
    )
    core = made_files.core_properties("Bread", "Ann", "2024-01-02T03:04:05Z", "en")
    return made_files.docx(body, {"docProps/core.xml": core})


def _xlsx() -> bytes:
    numbers = '<row r="3"><c r="A3"><v>1.5</v></c><c r="B3" t="b"><v>1</v></c></row>'
    return made_files.xlsx(made_files.cells(1, ["name", "text"]) + made_files.cells(2, ["bread", "moon"]) + numbers)


def _odt() -> bytes:
    text = '<text:h text:outline-level="1">Bread</text:h><text:p>moon<text:s text:c="3"/>sun</text:p>'
    return made_files.opendocument(f"<office:text>{text}</office:text>", "<dc:title>Bread</dc:title>")


def _odp() -> bytes:
    page = '<draw:page draw:name="one"><draw:frame><draw:text-box><text:p>moon</text:p></draw:text-box></draw:frame>'
    return made_files.opendocument(f"<office:presentation>{page}</draw:page></office:presentation>")


def _ods() -> bytes:
    cell = '<table:table-cell office:value-type="string"><text:p>moon</text:p></table:table-cell>'
    row = f'<table:table-row>{cell}<table:table-cell table:number-columns-repeated="3"/></table:table-row>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    sheet = f'<office:spreadsheet><table:table table:name="one">{row}</table:table></office:spreadsheet>'
    manifest = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return made_files.opendocument(sheet, more={"mimetype": kind, "META-INF/manifest.xml": manifest})


def _tar(members: dict[str, str], mode: Literal["w", "w:gz", "w:bz2", "w:xz"]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT) as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()

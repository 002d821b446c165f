"""Small PDF, Office, book and mail files, made by code: for the tests of readers and for benchmarks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Line = tuple[float, float, float, str]  # x and y of the baseline in points, size in points, text
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(pages: Sequence[Sequence[Line]], info: Mapping[str, str] | None = None, extra: Sequence[bytes] = ()) -> bytes:
    """A PDF of pages of 595 × 842 points, each a list of lines in Helvetica. `extra` are further objects."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        content = b"\n".join(_shown(line) for line in lines)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    objects += extra
    trailer = b""
    if info:
        entries = "".join(f" /{name} ({_quoted(value)})" for name, value in info.items())
        objects.append(f"<<{entries} >>".encode("cp1252"))
        trailer = b" /Info %d 0 R" % len(objects)
    return _assembled(objects, trailer)


def _shown(line: Line) -> bytes:
    x, y, size, text = line
    return f"BT /F1 {size} Tf {x} {y} Td ({_quoted(text)}) Tj ET".encode("cp1252", "replace")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _assembled(objects: Sequence[bytes], trailer: bytes) -> bytes:
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R%s >>\n" % (len(objects) + 1, trailer))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def prose(paragraphs: Sequence[str], *, x: float = 72, y: float = 770, width: int = 80, size: float = 11) -> list[Line]:
    """The lines of paragraphs, broken at `width` characters."""
    lines: list[Line] = []
    for paragraph in paragraphs:
        row = ""
        for word in paragraph.split():
            if row and len(row) + len(word) >= width:
                lines.append((x, y, size, row))
                row, y = "", y - 1.2 * size
            row = f"{row} {word}".strip()
        lines.append((x, y, size, row))
        y -= 2.2 * size
    return lines


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def core_properties(title: str = "", author: str = "", created: str = "", language: str = "") -> str:
    """The member docProps/core.xml of an Office file."""
    return (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>{escape(author)}</dc:creator>"
        f"<dc:language>{language}</dc:language><dcterms:created>{created}</dcterms:created></cp:coreProperties>"
    )


def docx(body: str, more: Mapping[str, str | bytes] | None = None) -> bytes:
    """A docx of this XML inside the body; `word` and `heading` make paragraphs."""
    members = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{W}"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/>'
        "</w:style></w:styles>",
    }
    return zipped(members | dict(more or {}))


def word(text: str) -> str:
    """A paragraph of a docx."""
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def heading(text: str) -> str:
    """A heading of a docx, with a style whose id is not English."""
    return f'<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>'


def pptx(slides: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """A pptx of slides (title, paragraphs), listed in the presentation in this order, stored in the reverse one."""
    spaces = (
        'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
        ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
        ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/slide"
    members: dict[str, str | bytes] = {}
    listed, related = "", ""
    for number, (title, paragraphs) in enumerate(slides):
        name = f"slide{len(slides) - number}.xml"
        listed += f'<p:sldId id="{256 + number}" r:id="rId{number}"/>'
        related += f'<Relationship Id="rId{number}" Type="{kind}" Target="slides/{name}"/>'
        text = "".join(f"<a:p><a:r><a:t>{escape(one)}</a:t></a:r></a:p>" for one in paragraphs)
        members[f"ppt/slides/{name}"] = (
            f"<p:sld {spaces}><p:cSld><p:spTree>"
            f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{escape(title)}'
            f"</a:t></a:r></a:p></p:txBody></p:sp><p:sp><p:txBody>{text}</p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
        )
    members["ppt/presentation.xml"] = f"<p:presentation {spaces}><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>"
    members["ppt/_rels/presentation.xml.rels"] = (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{related}</Relationships>'
    )
    return zipped(members)


def xlsx(rows: str, sheet: str = "Sheet1") -> bytes:
    """An xlsx with one sheet of this XML inside sheetData; `cells` makes rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{types}"/>',
            "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            f'<sheet name="{escape(sheet)}" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1"'
            f' Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        }
    )


def cells(number: int, values: Sequence[str]) -> str:
    """A row of an xlsx."""
    row = "".join(
        f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        for place, value in enumerate(values)
    )
    return f'<row r="{number}">{row}</row>'


OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
_SPACES = " ".join(
    f'xmlns:{name}="{OFFICE}:{name if name != "draw" else "drawing"}:1.0"'
    for name in ("office", "text", "table", "draw", "meta")
)


def opendocument(body: str, meta: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """An odt, ods or odp: XML inside office:body, and inside office:meta. An ods needs its mimetype and manifest."""
    return zipped(
        {
            **(more or {}),
            "content.xml": f"<office:document-content {_SPACES}><office:body>{body}</office:body>"
            "</office:document-content>",
            "meta.xml": f'<office:document-meta {_SPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>{meta}'
            "</office:meta></office:document-meta>",
        }
    )


def epub(chapters: Sequence[str], title: str = "A book", more: Mapping[str, str | bytes] | None = None) -> bytes:
    """An epub of chapters, each XHTML inside body."""
    items = "".join(f'<item id="c{n}" href="c%20{n}.xhtml"/>' for n in range(len(chapters)))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata><dc:title>{escape(title)}</dc:title><dc:creator>An Author</dc:creator><dc:language>en</dc:language>"
        f"<dc:date>1999-01-02</dc:date></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>",
    }
    for number, chapter in enumerate(chapters):
        page = f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{chapter}</body></html>'
        members[f"OEBPS/c {number}.xhtml"] = page
    return zipped(members | dict(more or {}))

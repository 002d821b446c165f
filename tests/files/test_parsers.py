"""Each parser finds the planted text, pages, headings and facts of a file made by code."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from semsearch.errors import InputError
from semsearch.files import parsing
from semsearch.files.parsing import Parsed, parse
from semsearch.files.pdf_layout import Segment, in_reading_order
from tests.made_files import (
    cells,
    core_properties,
    docx,
    epub,
    heading,
    opendocument,
    pdf,
    pptx,
    prose,
    word,
    xlsx,
    zipped,
)


def parsed(format: str, content: bytes) -> Parsed:
    return parse(format, io.BytesIO(content), f"a.{format}")


def refused(format: str, content: bytes) -> str:
    with pytest.raises(InputError) as caught:
        parsed(format, content)
    message = str(caught.value)
    assert "\n" not in message and f"a.{format}" in message and len(message) < 400
    return message


def test_a_pdf_has_pages_facts_and_paragraphs_without_its_furniture() -> None:
    pages = [
        [(50, 810, 9, f"Annual report {number}"), *prose([f"Fact {number} is here. " + "Words follow it. " * 20] * 2)]
        for number in range(1, 6)
    ]
    pages = [[*lines, (300, 30, 9, f"{number}")] for number, lines in enumerate(pages, 11)]
    found = parsed("pdf", pdf(pages, {"Title": "A title", "Author": "Me", "CreationDate": "D:20200131"}))
    assert found.facts == {"title": "A title", "author": "Me", "date": "2020-01-31", "pages": 5}
    texts = found.text.split("\f")
    assert [text[:15] for text in texts] == [f"Fact {number} is here." for number in range(1, 6)]
    assert all(text.count("\n\n") == 1 for text in texts)
    assert "Annual" not in found.text and all(text.endswith("it.") for text in texts)


def test_two_columns_are_read_one_after_the_other_even_if_they_are_written_line_by_line() -> None:
    left = prose(["left begins here " + "and the left column goes on " * 12 + "left ends."], x=50, width=45, size=10)
    right = prose(
        ["right begins here " + "and the right column goes on " * 12 + "right ends."], x=310, width=45, size=10
    )
    beside = [line for pair in zip(left, right, strict=True) for line in pair]
    text = parsed(
        "pdf", pdf([[(50, 800, 12, "A title over both of the columns, which is one long line of text"), *beside]])
    ).text
    assert text.index("A title") < text.index("left begins") < text.index("left ends") < text.index("right begins")
    assert text.index("right begins") < text.index("right ends")


def test_cells_beside_each_other_are_no_columns() -> None:
    rows = [
        [Segment(50, 90, 700 - 14 * n, 10, f"tea {n}"), Segment(300, 320, 700 - 14 * n, 10, str(n))] for n in range(9)
    ]
    lines = in_reading_order(rows, 595)
    assert [line.text for line in lines] == [f"tea {n} | {n}" for n in range(9)]


def test_a_hyphen_at_a_line_end_goes_unless_the_word_has_one() -> None:
    lines = [
        "A well-known word and an inter-",
        "national treaty, which is a well-",
        "known one in the far North-",
        "West.",
    ]
    text = parsed("pdf", pdf([[(72, 700 - 13 * n, 11, line) for n, line in enumerate(lines)]])).text
    assert text == "A well-known word and an international treaty, which is a well-known one in the far North-West."


def test_a_title_of_the_outline_is_a_heading() -> None:
    outline = [b"<< /Type /Outlines /First 7 0 R /Last 7 0 R /Count 1 >>"]
    outline.append(b"<< /Title (The harbour) /Parent 6 0 R /Dest [4 0 R /Fit] >>")
    made = pdf([[(72, 700, 14, "The harbour"), (72, 670, 11, "Ships wait.")]], extra=outline)
    made = made.replace(b"/Type /Catalog /Pages 2 0 R >>", b"/Type /Catalog /Pages 2 0 R /Outlines 6 0 R >>")
    assert parsed("pdf", made).text == "# The harbour\n\nShips wait."


def test_a_docx_has_headings_tables_pages_and_what_was_inserted() -> None:
    body = heading("Überblick") + word("The harbour is closed.")
    body += "<w:p><w:ins><w:r><w:t>Inserted.</w:t></w:r></w:ins>"
    body += "<w:del><w:r><w:delText>Gone.</w:delText></w:r></w:del></w:p>"
    body += f"<w:tbl><w:tr><w:tc>{word('tea')}</w:tc><w:tc>{word('3')}</w:tc></w:tr></w:tbl>"
    body += "<w:p><w:r><w:lastRenderedPageBreak/><w:t>Page two.</w:t></w:r></w:p>"
    found = parsed("docx", docx(body, {"docProps/core.xml": core_properties("T", "Me", "2020-01-31T01:02:03Z", "de")}))
    assert found.text == "# Überblick\n\nThe harbour is closed.\n\nInserted.\n\ntea | 3\fPage two."
    assert found.facts == {"title": "T", "author": "Me", "date": "2020-01-31 01:02:03", "language": "de"}


def test_slides_are_pages_in_the_order_of_the_presentation() -> None:
    found = parsed("pptx", pptx([("One", ["a", "b"]), ("Two", ["c"])]))
    assert found.text == "# One\n\na\nb\f# Two\n\nc" and found.facts["pages"] == 2


def test_a_row_of_a_sheet_is_a_line_and_empty_sheets_have_no_text() -> None:
    assert (
        parsed("sheets", xlsx(cells(1, ["name", "price"]) + cells(3, ["tea", "3"]))).text
        == "# Sheet1\n\nname | price\ntea | 3\n"
    )
    assert parsed("sheets", xlsx("".join(f'<row r="{number}"/>' for number in range(1, 1_000_001)))).text == ""


def test_an_opendocument_has_headings_tables_and_pages() -> None:
    body = '<office:text><text:h text:outline-level="2">Head</text:h>'
    body += '<text:p>a<text:s text:c="2"/>b <text:span>c</text:span></text:p>'
    body += "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes><text:soft-page-break/><table:table>"
    body += (
        "<table:table-row><table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell><text:p>y</text:p>"
    )
    body += "</table:table-cell></table:table-row></table:table></office:text>"
    found = parsed("opendocument", opendocument(body, "<dc:title>T</dc:title><dc:language>fr</dc:language>"))
    assert found.text == "## Head\n\na  b c\fx | y" and found.facts == {"title": "T", "language": "fr"}


def test_chapters_of_a_book_are_pages_and_scripts_are_left_out() -> None:
    found = parsed(
        "epub", epub(["<h1>One</h1><p>A <b>bold</b> start.<script>evil()</script></p>", "<p>two<br/>lines</p>"])
    )
    assert found.text == "# One\n\nA bold start.\ftwo lines"
    assert found.facts == {"title": "A book", "author": "An Author", "language": "en", "date": "1999-01-02"}


def test_an_rtf_has_its_title_and_letters() -> None:
    found = parsed("rtf", rb"{\rtf1\ansi{\info{\title My title}{\author Me}}\pard A w\'f6rd.\par Second.\par}")
    assert found.text == "A wörd.\n\nSecond." and found.facts == {"title": "My title", "author": "Me"}


def test_an_outlook_message_that_is_none() -> None:
    assert "no Outlook message" in refused("msg", b"From: x")


SCAN = pdf([[], []])
LOCKED = [b"<< /Filter /Standard /V 1 /R 2 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> /P -4 >>"]


def hostile() -> Sequence[object]:
    locked = pdf([prose(["secret"])], extra=LOCKED).replace(
        b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 6 0 R /ID [<00> <00>]"
    )
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    laughs = docx("").replace(b"x", b"x") and zipped({"word/document.xml": f"{entities}]><w:document>&i;</w:document>"})
    spreadsheet = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "META-INF/manifest.xml": "<m/>"}
    row = "<table:table-row><table:table-cell><text:p>moon</text:p></table:table-cell></table:table-row>"
    sheet = f'<office:spreadsheet><table:table table:name="one">{row}</table:tabble></office:spreadsheet>'
    unclosed = opendocument(sheet, more=spreadsheet)
    return [
        pytest.param("pdf", SCAN, "2 pages without text: it is a scan", id="a scan"),
        pytest.param("pdf", locked, "password", id="an encrypted PDF"),
        pytest.param("pdf", pdf([prose(["cut off"])])[:40], "damaged", id="a PDF that is cut off"),
        pytest.param("pdf", b"", "empty", id="an empty file"),
        pytest.param("pdf", pdf([[(72, 700, 11, "")]] * 3), "scan", id="pages of empty text"),
        pytest.param("docx", b"\xd0\xcf\x11\xe0" + b"0" * 600, "password", id="an encrypted docx"),
        pytest.param("docx", zipped({"word/document.xml": b"<a>" + b" " * 100_000_000}), "100 times", id="a zip bomb"),
        pytest.param("sheets", zipped({"xl/a.xml": b" " * 100_000_000}), "100 times", id="a zip bomb as xlsx"),
        pytest.param("sheets", unclosed, "damaged", id="tags of an ods that are not closed"),
        pytest.param("sheets", b"no workbook", "no workbook", id="no workbook"),
        pytest.param("docx", docx(word("x")).replace(b"PK", b"PQ"), "damaged", id="no zip archive"),
        pytest.param("docx", zipped({"a.xml": "<a/>"}), "no word/document.xml", id="another archive"),
        pytest.param("docx", docx("<w:p>" * 400), "damaged", id="XML that is nested deeply and cut off"),
        pytest.param("docx", laughs, "damaged", id="entities that multiply"),
        pytest.param("pptx", zipped({"ppt/presentation.xml": "<a"}), "damaged", id="damaged XML"),
        pytest.param(
            "epub", zipped({"META-INF/container.xml": "<a/>"}), "damaged", id="a book without its description"
        ),
        pytest.param("rtf", b"plain", "not rtf", id="no rtf"),
        pytest.param("opendocument", zipped({"content.xml": ""}), "damaged", id="an empty content"),
    ]


@pytest.mark.parametrize(("format", "content", "message"), hostile())
def test_a_hostile_file_is_one_line(format: str, content: bytes, message: str) -> None:
    assert message in refused(format, content)


def test_entities_are_not_expanded_and_links_are_not_followed(tmp_path: object) -> None:
    text = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    body = f'{text}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    body += "<w:p><w:r><w:t>before &e; after</w:t></w:r></w:p></w:body></w:document>"
    assert parsed("docx", zipped({"word/document.xml": body})).text.split()[0] == "before"
    assert "localhost" not in parsed("docx", zipped({"word/document.xml": body})).text


def test_a_parser_that_hangs_or_crashes_is_ended_and_the_next_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_SECONDS", 0.0)
    assert "longer than 0 seconds" in refused("pdf", pdf([prose(["word " * 400])] * 2_000))
    monkeypatch.undo()
    with parsing._worker() as worker:
        worker._process.kill()
    assert "crash" in refused("rtf", rb"{\rtf1 a}")
    assert parsed("rtf", rb"{\rtf1 a}").text == "a"


@pytest.mark.parametrize("seconds", [60.0, 0.0])
def test_no_copy_of_a_file_is_left(seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsing.end_workers()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(parsing, "MAX_SECONDS", seconds)
    content = pdf([prose(["word " * 400])] * 2_000)
    if seconds:
        parsed("pdf", content)
    else:
        refused("pdf", content)
    parsing.end_workers()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    error = parsing._error(b"M", "pypdfium2", "a.pdf")
    assert str(error) == "Reading a.pdf needs the package pypdfium2: pip install 'datasette-semsearch[files]'"

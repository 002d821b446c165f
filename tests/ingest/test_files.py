"""Folders, archives and mail that hold files of other programs: what is read, what is skipped, and how that is said."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from semsearch.errors import CapabilityError, InputError
from semsearch.ingest import files
from semsearch.ingest.load import Loaded
from tests.made_files import core_properties, docx, pdf, prose, word, zipped

Write = Callable[[str, str | bytes], str]
Load = Callable[..., Loaded]
Rows = Callable[..., list[tuple[Any, ...]]]
NO_PDF = b"%PDF-1.4 cut off"


def tarred(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return out.getvalue()


def message(subject: str, text: str, *attachments: tuple[str, bytes] | EmailMessage) -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["Date"] = subject, "me@example.org", "Fri, 31 Jan 2020 01:02:03 +0000"
    made.set_content(text)
    for one in attachments:
        if isinstance(one, EmailMessage):
            made.add_attachment(one)
        else:
            made.add_attachment(one[1], maintype="application", subtype="octet-stream", filename=one[0])
    return made


def test_a_folder_of_all_kinds_is_one_dataset_with_their_facts(write: Write, load: Load, rows: Rows) -> None:
    write("d/a.pdf", pdf([prose(["The moon is far away."]), prose(["Page two."])], {"Title": "Moon", "Author": "Me"}))
    write("d/b.docx", docx(word("The sun is hot."), {"docProps/core.xml": core_properties("Sun", "You", "", "en")}))
    write("d/c.txt", "Stars are small.")
    write("d/e.py", "print('comet')\n")
    path = write("d/f/a.pdf", pdf([prose(["Another file of this name."])]))
    loaded = load(str(Path(path).parent.parent))
    assert loaded.skipped == [] and loaded.dataset.text_columns == ("body",) and loaded.dataset.title_column == "title"
    assert rows("select id, title, author, language, pages, body from docs order by id") == [
        ("a.pdf", "Moon", "Me", None, 2, "The moon is far away.\fPage two."),
        ("b.docx", "Sun", "You", "en", None, "The sun is hot."),
        ("c.txt", "c", None, None, None, "Stars are small."),
        ("e.py", "e.py", None, "Python", None, "print('comet')\n"),
        ("f/a.pdf", "a", None, None, 1, "Another file of this name."),
    ]


def test_what_cannot_be_read_is_skipped_counted_and_named_unless_strict(write: Write, load: Load, rows: Rows) -> None:
    write("d/bad.pdf", NO_PDF)
    write("d/scan.pdf", pdf([[]]))
    folder = str(Path(write("d/good.txt", "moon")).parent)
    with pytest.raises(InputError, match=r"bad\.pdf is damaged"):
        load(folder, strict=True)
    assert rows("select name from sqlite_master") == []
    loaded = load(folder)
    assert loaded.skipped_count == 2 and "bad.pdf is damaged" in loaded.skipped[0] and "scan" in loaded.skipped[1]
    assert rows("select id from docs") == [("good.txt",)]


def test_if_all_was_skipped_the_first_reason_is_the_error(write: Write, load: Load) -> None:
    with pytest.raises(InputError, match=r"everything was skipped; the first message is: .*bad\.pdf is damaged"):
        load(write("bad.pdf", NO_PDF))


def test_without_the_packages_one_line_says_how_to_get_them(
    write: Write, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(format: str, stream: object, name: str) -> None:
        raise CapabilityError(f"Reading {name} needs the package pypdfium2: pip install 'datasette-semsearch[files]'")

    monkeypatch.setattr(files, "parse", missing)
    write("d/a.pdf", pdf([prose(["moon"])]))
    loaded = load(str(Path(write("d/b.txt", "sun")).parent))
    assert loaded.added == 1 and "pip install 'datasette-semsearch[files]'" in loaded.skipped[0]


def test_names_in_an_archive_are_only_keys(write: Write, load: Load, rows: Rows, tmp_path: Path) -> None:
    inner = zipped({"x.txt": "inside both"})
    members = {
        "../../etc/passwd.txt": "moon",
        "C:\\b\\a.txt": "sun",
        "in.zip": inner,
        ".hidden.txt": "no",
        "a.bin": "no",
    }
    loaded = load(write("a.zip", zipped(members)))
    assert [row[0] for row in rows("select id from docs order by id")] == [
        "a.zip/b/a.txt",
        "a.zip/etc/passwd.txt",
        "a.zip/in.zip/x.txt",
    ]
    assert any("1 member of" in line and "(hidden): .hidden.txt" in line for line in loaded.remarks)
    assert any("(of another format): a.bin" in line for line in loaded.remarks)


def test_two_members_of_one_name_are_two_items(write: Write, load: Load, rows: Rows) -> None:
    load(write("a.tgz", tarred({"a.txt": b"moon", "./a.txt": b"sun"}, {"b.txt": "/etc/passwd"})))
    assert rows("select id, body from docs order by id") == [("a.tgz/a.txt", "moon"), ("a.tgz/a.txt (2)", "sun")]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("a.zip", b"PK no archive", "not a zip archive", id="no zip"),
        pytest.param("a.zip", zipped({"a.txt": b" " * 100_000_000}), "100 times", id="a zip bomb"),
        pytest.param("a.tar", b"no archive" * 100, "not a tar archive", id="no tar"),
        pytest.param("a.eml", b"no header, no message", "no header", id="no message"),
    ],
)
def test_an_archive_that_cannot_be_read_is_skipped(
    write: Write, load: Load, name: str, content: bytes, reason: str
) -> None:
    write(f"d/{name}", content)
    loaded = load(str(Path(write("d/z.txt", "moon")).parent))
    assert loaded.skipped_count == 1 and reason in loaded.skipped[0] and loaded.added == 1


def test_archives_inside_archives_end_at_a_depth(write: Write, load: Load) -> None:
    content: str | bytes = "moon"
    name = "a.txt"
    for _ in range(10):
        content, name = zipped({name: content}), "a.zip"
    loaded = load(write("d/a.zip", content), write("d/z.txt", "sun"))
    assert loaded.added == 1 and "inside more than 5 files" in loaded.skipped[0]


def test_mail_has_its_attachments_by_their_type(write: Write, load: Load, rows: Rows) -> None:
    inner = message("Inner", "The inner text.", ("b.docx", docx(word("A deep docx."))))
    made = message("Outer", "The outer text.", ("../a.pdf", pdf([prose(["A pdf."])])), ("t.csv", b"a,b\n1,2\n"), inner)
    load(write("m.eml", made.as_bytes().replace(b"\n", b"\r\n")))
    assert rows('select id, title, body, "from" from docs order by id') == [
        ("m.eml", "Outer", "The outer text.", "me@example.org"),
        ("m.eml/a.pdf", "a", "A pdf.", None),
        ("m.eml/message 4.eml", "Inner", "The inner text.", "me@example.org"),
        ("m.eml/message 4.eml/b.docx", "b", "A deep docx.", None),
        ("m.eml/t.csv", "t", "a,b\n1,2\n", None),
    ]


def test_thirty_messages_inside_each_other(write: Write, load: Load) -> None:
    made = message("0", "the innermost text")
    for number in range(1, 30):
        made = message(str(number), f"text {number}", made)
    loaded = load(write("m.eml", made.as_bytes()))
    assert loaded.added == 6 and loaded.skipped_count == 1 and "inside more than 5 files" in loaded.skipped[0]


def test_a_link_out_of_the_folder_is_left_out(write: Write, load: Load, tmp_path: Path) -> None:
    secret = write("secret.pdf", pdf([prose(["secret"])]))
    folder = Path(write("d/a.txt", "moon")).parent
    os.symlink(secret, folder / "b.pdf")
    loaded = load(str(folder))
    assert loaded.added == 1 and any("outside the folder" in line and "b.pdf" in line for line in loaded.remarks)


def test_a_file_that_changes_while_it_is_read_is_told(
    write: Write, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("a.rtf", rb"{\rtf1 moon}")
    before = files.parse

    def slow(*given: Any) -> Any:
        found = before(*given)
        Path(path).write_bytes(rb"{\rtf1 another}")
        return found

    monkeypatch.setattr(files, "parse", slow)
    assert any("changed while it was read" in line for line in load(path).remarks)


def test_strict_and_skip_errors_contradict_each_other(write: Write) -> None:
    from semsearch.ingest.base import check_strictness

    with pytest.raises(InputError, match="contradict"):
        check_strictness(strict=True, skip_errors=True)

"""docx: the text as its author sees it. Insertions that are tracked count, deletions do not; macros are never run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from semsearch.files.package import Package, attribute, child_texts, local
from semsearch.files.parts import PAGE, Part, Text, cleaned, facts, heading, joined, pages_of, table_row

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"  # the namespace of the strict variant
_DROPPED = frozenset(["del", "moveFrom", "Fallback", "instrText", "pPr", "rPr"])
_MARKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "lastRenderedPageBreak": PAGE}
_DOCUMENT = "word/document.xml"


def office_facts(package: Package) -> dict[str, object]:
    """Title, author, date and language in the properties of an Office file."""
    core = child_texts(package.optional("docProps/core.xml"))
    date = (core.get("created") or core.get("modified") or "").replace("T", " ").removesuffix("Z")
    found = {name: core.get(key) for name, key in (("title", "title"), ("author", "creator"), ("language", "language"))}
    return {**found, "date": date}


def parse_docx(path: str, name: str) -> Iterator[Part]:
    """The text and facts of a docx. Raises InputError if it is encrypted or damaged."""
    with closing(Package(path, name)) as package:
        pages = child_texts(package.optional("docProps/app.xml")).get("Pages", "")
        known = office_facts(package)
        yield facts(**known, pages=int(pages) if pages.isdecimal() and len(pages) < 9 else None)
        levels = _heading_levels(package)
        text = joined(_blocks(package, levels))
        yield Text(PAGE.join(pages_of(text)))
        for notes in ("word/footnotes.xml", "word/endnotes.xml"):
            note = joined(_paragraph(one, {}) for one in package.optional(notes).iter("{*}p"))
            if note:
                yield Text(f"\n\n{note}")


def _blocks(package: Package, levels: dict[str, int]) -> Iterator[str]:
    for element in package.children(_DOCUMENT, f"{_STRICT if _is_strict(package) else _W}body"):
        yield from _block(element, levels)


def _is_strict(package: Package) -> bool:
    with package.opened(_DOCUMENT) as stream:
        return _STRICT.strip("{}").encode() in stream.read(2_000)


def _block(element: Any, levels: dict[str, int]) -> Iterator[str]:
    """The paragraphs and tables of an element of the body."""
    name = local(element)
    if name == "p":
        yield _paragraph(element, levels)
    elif name == "tbl":
        yield "\n".join(filter(None, (_row(row) for row in element.iterfind("{*}tr"))))
    elif name in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
        for child in element:
            yield from _block(child, levels)


def _row(row: Any) -> str:
    cells = (" ".join(_paragraph(one, {}) for one in cell.iter("{*}p")) for cell in row.iterfind("{*}tc"))
    return table_row(cells)


def _paragraph(element: Any, levels: dict[str, int]) -> str:
    text = cleaned_page("".join(_pieces(element)))
    style = element.find("{*}pPr/{*}pStyle")
    outline = element.find("{*}pPr/{*}outlineLvl")
    level = levels.get(attribute(style, "val") or "") if style is not None else None
    if outline is not None and (given := attribute(outline, "val") or "").isdecimal():
        level = int(given[:2]) + 1 if int(given[:2]) < 9 else None
    if level and text.strip():
        before = PAGE if PAGE in text else ""
        return f"{before}{heading(text.replace(PAGE, ' '), level)}"
    return text


def cleaned_page(text: str) -> str:
    """Text without control characters except those between pages."""
    return PAGE.join(map(cleaned, text.split(PAGE)))


def _pieces(element: Any) -> Iterator[str]:
    """The texts of a paragraph's runs in order, without what was deleted."""
    for child in element:
        name = local(child)
        if name in _DROPPED:
            continue
        if name == "t":
            yield child.text or ""
        elif name == "br" and attribute(child, "type") == "page":
            yield PAGE
        elif name in _MARKS:
            yield _MARKS[name]
        else:
            yield from _pieces(child)


def _heading_levels(package: Package) -> dict[str, int]:
    """The level of each paragraph style that is a heading, by its id. Its name is English in all languages."""
    levels = {}
    for style in package.optional("word/styles.xml").iter("{*}style"):
        named = style.find("{*}name")
        name = (attribute(named, "val") or "").lower() if named is not None else ""
        if name == "title":
            levels[attribute(style, "styleId") or ""] = 1
        elif name.startswith("heading ") and name[8:].isdecimal():
            levels[attribute(style, "styleId") or ""] = int(name[8:10])
    return levels

"""pptx: one page for each slide, in the order of the presentation, with its notes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from semsearch.errors import InputError
from semsearch.files.package import Package, attribute, local
from semsearch.files.parts import PAGE, Part, Text, cleaned, facts, heading, joined, table_row
from semsearch.files.word_files import office_facts

_TITLES = ("title", "ctrTitle")
_NUMBERS = ("sldNum", "dt", "ftr", "hdr")  # placeholders for the number, the date, the footer and the header
_PRESENTATION = "ppt/presentation.xml"


def parse_pptx(path: str, name: str) -> Iterator[Part]:
    """The text and facts of a pptx. Raises InputError if it is encrypted or damaged."""
    with closing(Package(path, name)) as package:
        related = _related(package, _PRESENTATION)
        listed = [attribute_id(one) for one in package.xml(_PRESENTATION).iter("{*}sldId")]
        slides = [related[one][1] for one in listed if one in related]
        yield facts(**office_facts(package), pages=len(slides))
        for number, slide in enumerate(slides):
            if slide not in package.names:
                raise InputError(f"{name} is damaged, it has no {slide}: download it again")
            yield Text((PAGE if number else "") + joined(_slide(package, slide)))


def attribute_id(element: Any) -> str:
    """The relationship that an element names, not its own id."""
    return next((value for key, value in element.attrib.items() if key.endswith("}id")), "")


def _related(package: Package, member: str) -> dict[str, tuple[str, str]]:
    """(type, member) of each relationship of a member by its id, without links to the outside."""
    folder, base = posixpath.split(member)
    found = {}
    for one in package.optional(f"{folder}/_rels/{base}.rels").iter("{*}Relationship"):
        target = one.get("Target", "")
        if one.get("TargetMode") != "External":
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[one.get("Id", "")] = (one.get("Type", "").rpartition("/")[2], path)
    return found


def _slide(package: Package, member: str) -> Iterator[str]:
    root = package.xml(member)
    for shape in root.iter("{*}sp", "{*}tbl"):
        yield from _shape(shape)
    for kind, path in _related(package, member).values():
        if kind == "notesSlide" and path in package.names:
            for shape in package.xml(path).iter("{*}sp"):
                yield from _shape(shape)


def _shape(shape: Any) -> Iterator[str]:
    if local(shape) == "tbl":
        yield "\n".join(filter(None, (_row(row) for row in shape.iterfind("{*}tr"))))
        return
    placeholder = next(shape.iter("{*}ph"), None)
    kind = attribute(placeholder, "type") if placeholder is not None else None
    if kind in _NUMBERS:
        return
    paragraphs = [_text(one) for one in shape.iterfind("{*}txBody/{*}p")]
    if kind in _TITLES:
        yield heading(" ".join(paragraphs), 1)
    else:
        yield "\n".join(filter(None, paragraphs))


def _row(row: Any) -> str:
    return table_row(" ".join(map(_text, cell.iter("{*}p"))) for cell in row.iterfind("{*}tc"))


def _text(paragraph: Any) -> str:
    return cleaned("".join("\n" if local(one) == "br" else one.text or "" for one in paragraph.iter("{*}t", "{*}br")))

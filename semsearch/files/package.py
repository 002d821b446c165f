"""Zip archives of XML, as Office, OpenDocument and EPUB files are: bounded, without entities or network."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from semsearch.errors import InputError

MAX_RATIO = 100  # unpacked bytes for each byte of the archive; Office files reach 30
RATIO_BYTES = 64 << 20  # unpacked bytes over which the ratio is measured
MAX_MEMBER_BYTES = 512 << 20  # unpacked bytes of one member
MAX_SMALL_BYTES = 32 << 20  # unpacked bytes of a member that is parsed whole, such as a slide
MAX_MEMBERS = 100_000  # members of an archive
CHUNK_BYTES = 1 << 16  # bytes checked at once
_OLE = b"\xd0\xcf\x11\xe0"  # the first bytes of an older Office file, and of an encrypted one


class Package:
    """A zip archive. The bytes of all members read from it are bounded by its own size."""

    def __init__(self, path: str, name: str) -> None:
        """Raises InputError for a file that is encrypted, damaged or no zip archive."""
        self._name = name
        with open(path, "rb") as file:
            start = file.read(4)
            self._size = file.seek(0, io.SEEK_END)
        if start == _OLE:
            raise InputError(
                f"{name} is protected by a password, or of an older format: save it without, in the new one"
            )
        try:
            self._archive = zipfile.ZipFile(path)
        # NotImplementedError is how zipfile says that it cannot read a version of the format.
        except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError) as error:
            raise InputError(f"{name} is damaged, or not of the format its name says: download it again") from error
        self._infos = {info.filename: info for info in self._archive.infolist()}
        if len(self._infos) > MAX_MEMBERS:
            raise InputError(f"{name} has {len(self._infos):,} members, at most {MAX_MEMBERS:,} are read")
        self._unpacked = 0

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()

    @property
    def names(self) -> list[str]:
        """The names of all members."""
        return list(self._infos)

    def check_all(self) -> None:
        """Raise InputError if the whole archive expands without measure, for libraries that unpack it themselves."""
        for name in self._infos:
            self._count(name)

    def _count(self, member: str) -> zipfile.ZipInfo:
        info = self._infos.get(member)
        if info is None:
            raise InputError(f"{self._name} is damaged, it has no {member}: download it again")
        if info.flag_bits & 1:
            raise InputError(f"{self._name} is protected by a password: remove it and ingest the file again")
        self._unpacked += info.file_size
        if info.file_size > MAX_MEMBER_BYTES or self._unpacked > max(RATIO_BYTES, MAX_RATIO * self._size):
            raise InputError(f"{self._name} unpacks to more than {MAX_RATIO} times its size, as only hostile files do")
        return info

    @contextmanager
    def opened(self, member: str) -> Iterator[Any]:
        """The content of a member as a stream. Raises InputError if there is none of this name."""
        with self._archive.open(self._count(member)) as stream:
            yield stream

    def content(self, member: str) -> bytes:
        """The content of a small member."""
        info = self._count(member)
        if info.file_size > MAX_SMALL_BYTES:
            raise InputError(f"{member} in {self._name} has {info.file_size >> 20:,} MB, too much for such a part")
        return self._archive.read(info)

    def xml(self, member: str) -> Any:
        """The root element of a small member."""
        from lxml import etree

        return etree.fromstring(self.content(member), parser=etree.XMLParser(**_safely()))

    def optional(self, member: str) -> Any:
        """The root element of a member that may be absent or damaged: then an empty one."""
        from lxml import etree

        try:
            return self.xml(member) if member in self._infos else etree.Element("none")
        except etree.XMLSyntaxError:
            return etree.Element("none")

    def check_xml(self, member: str) -> None:
        """Raise lxml's XMLSyntaxError if a member is not well-formed, for libraries that never end on such a file.

        Call `check_all` before: the member's bytes are not counted again.
        """
        from lxml import etree

        parser = etree.XMLParser(target=_Nothing(), **_safely())
        with self._archive.open(self._infos[member]) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                parser.feed(chunk)
        parser.close()

    def children(self, member: str, parent: str) -> Iterator[Any]:
        """Each child element of the elements `parent` of a large member, in turn; it is freed after use."""
        from lxml import etree

        with self.opened(member) as stream:
            depth = 0
            for event, element in etree.iterparse(stream, events=("start", "end"), **_safely()):
                if element.tag == parent:
                    depth += 1 if event == "start" else -1
                elif event == "end" and depth and element.getparent() is not None and element.getparent().tag == parent:
                    yield element
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]


class _Nothing:
    """What a parser makes of an element that is only checked."""

    def close(self) -> None:
        """The end of the document."""


def _safely() -> dict[str, Any]:
    """The options of an XML parser that expands no entity, loads no DTD and asks no network."""
    return {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "remove_comments": True,
        "remove_pis": True,
    }


def local(element: Any) -> str:
    """The name of an element without its namespace; empty for what is none, such as an entity."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str | None:
    """An attribute by its name without a namespace; None if there is none."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def child_texts(root: Any) -> dict[str, str]:
    """The texts of the descendants that have some, by the name without namespace; the first of each name counts."""
    found: dict[str, str] = {}
    for element in root.iter():
        if element.text and element.text.strip():
            found.setdefault(local(element), element.text)
    return found

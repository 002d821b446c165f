"""Small Outlook messages (msg), made by code: compound files with their streams in the mini stream."""

from __future__ import annotations

import struct
from collections.abc import Mapping

NONE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD  # numbers of sectors that are none
SECTOR, MINI = 512, 64  # bytes
TEXT, BINARY, TIME = 0x1F, 0x102, 0x40  # types of properties
Tree = Mapping[str, "bytes | Tree"]


def msg(subject: str, body: str, attachments: Mapping[str, bytes] | None = None) -> bytes:
    """A message with a subject, a text, a date of 2024 and attachments by name."""
    streams: dict[str, bytes | Tree] = {}
    for number, (name, content) in enumerate((attachments or {}).items()):
        held = [(0x3707, TEXT, name.encode("utf-16-le")), (0x3701, BINARY, content)]
        streams[f"__attach_version1.0_#{number:08X}"] = _properties(held, header=8)
    date = struct.pack("<Q", 133_485_408_000_000_000)  # 100 ns since 1601
    held = [(0x37, TEXT, subject.encode("utf-16-le")), (0x1000, TEXT, body.encode("utf-16-le")), (0x39, TIME, date)]
    return compound({**_properties(held, header=32), **streams})


def _properties(held: list[tuple[int, int, bytes]], header: int) -> dict[str, bytes | Tree]:
    """The streams of properties: (number, type, content)."""
    streams: dict[str, bytes | Tree] = {}
    listed = bytes(header)
    for number, kind, content in held:
        value = content if kind == TIME else struct.pack("<Q", len(content))
        listed += struct.pack("<HHI", kind, number, 6) + value
        if kind != TIME:
            streams[f"__substg1.0_{number:04X}{kind:04X}"] = content
    return {"__properties_version1.0": listed, **streams}


def compound(tree: Tree) -> bytes:
    """A compound file of streams and, as mappings, storages; all streams below 4,096 bytes, at most 8 kB together."""
    mini, mini_fat = bytearray(), list[int]()
    entries = [b""]
    child = _stored(tree, entries, mini, mini_fat)
    directory = -(-len(entries) // 4)
    mini_sectors = -(-len(mini) // SECTOR)
    entries[0] = _entry("Root Entry", 5, NONE, child, 2 + directory, len(mini))
    chains = [FAT, END, *_chain(2, directory), *_chain(2 + directory, mini_sectors)]
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, 1, 2, 0, 4096, 1, 1, END, 0) + struct.pack("<109I", 0, *[NONE] * 108)
    sectors = [_numbers(chains), _numbers(mini_fat), b"".join(entries).ljust(directory * SECTOR, b"\0")]
    return header + b"".join(sectors) + bytes(mini).ljust(mini_sectors * SECTOR, b"\0")


def _stored(tree: Tree, entries: list[bytes], mini: bytearray, mini_fat: list[int]) -> int:
    """Put a storage's streams and storages into the directory; the number of the first entry."""
    places = range(len(entries), len(entries) + len(tree))
    entries += [b""] * len(tree)
    for place, (name, content) in zip(places, tree.items(), strict=True):
        right = place + 1 if place + 1 in places else NONE
        if isinstance(content, bytes):
            start = len(mini_fat)
            mini_fat += _chain(start, -(-len(content) // MINI))
            mini += content.ljust((len(mini_fat) - start) * MINI, b"\0")
            entries[place] = _entry(name, 2, right, NONE, start, len(content))
        else:
            entries[place] = _entry(name, 1, right, _stored(content, entries, mini, mini_fat), 0, 0)
    return places[0]


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    fields = struct.pack("<HBBIII36xIQ", len(written), kind, 1, NONE, right, child, start, size)
    return written.ljust(64, b"\0") + fields


def _chain(first: int, length: int) -> list[int]:
    """Consecutive sectors, each with the number of the next."""
    return [*range(first + 1, first + length), END] if length else []


def _numbers(numbers: list[int]) -> bytes:
    """A sector of numbers."""
    return struct.pack(f"<{SECTOR // 4}I", *numbers, *[NONE] * (SECTOR // 4 - len(numbers)))

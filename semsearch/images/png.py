"""Small pictures as PNG, written and read at the speed of zlib.

Pillow spends more time on opening and choosing filters than on the pixels of a picture of 28 by 28. Here every row has
filter 0 (none) and zlib's level 1: two to three times as many pictures a second, and of such sizes hardly larger files.
What is written is a plain PNG (ISO/IEC 15948: signature, IHDR, one IDAT, IEND) of 8 bits, grey or RGB, that any program
reads; what is read without Pillow is this form alone.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from semsearch.arrays import ByteArray

LEVEL = 1
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = {1: 0, 3: 2}  # channels -> PNG's colour type
_CHANNELS = {colour: channels for channels, colour in _COLOURS.items()}
_BEFORE = len(_SIGNATURE) + 25 + 8  # signature, IHDR, and the length and name of IDAT


def encode_all(pixels: ByteArray) -> Iterator[bytes]:
    """Each of (n, height, width, channels) uint8 pictures, 1 channel or 3, as the bytes of a PNG."""
    n, height, width, channels = pixels.shape
    rows = np.zeros((n, height, 1 + width * channels), np.uint8)  # the filter of each row, then its pixels
    rows[:, :, 1:] = pixels.reshape(n, height, width * channels)
    header = _SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0))
    for one in rows:
        yield header + _chunk(b"IDAT", zlib.compress(one.data, LEVEL)) + _END


def encode(pixels: ByteArray) -> bytes:
    """One (height, width, channels) uint8 picture as the bytes of a PNG."""
    return next(encode_all(pixels[None]))


def size_of(content: bytes) -> tuple[int, int, int] | None:
    """Height, width and channels of an 8-bit grey or RGB PNG that is not interlaced, from its header; else None."""
    if content[:8] != _SIGNATURE or content[12:16] != b"IHDR" or len(content) < _BEFORE:
        return None
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content[16:29])
    if depth != 8 or interlaced or colour not in _CHANNELS:
        return None
    return height, width, _CHANNELS[colour]


def decode(content: bytes) -> ByteArray | None:
    """The picture in a PNG as `encode` writes it, (height, width, channels) uint8; None for any other bytes."""
    size = size_of(content)
    if size is None or content[37:41] != b"IDAT":
        return None
    height, width, channels = size
    length = struct.unpack(">I", content[33:37])[0]
    if len(content) != _BEFORE + length + 4 + len(_END):
        return None  # several IDAT, or something between: what another program wrote
    expected = height * (1 + width * channels)
    try:
        unpacked = zlib.decompressobj().decompress(memoryview(content)[_BEFORE : _BEFORE + length], expected + 1)
    except zlib.error:
        return None
    if len(unpacked) != expected:
        return None
    rows = np.frombuffer(unpacked, np.uint8).reshape(height, 1 + width * channels)
    return None if rows[:, 0].any() else rows[:, 1:].reshape(height, width, channels)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))


_END = _chunk(b"IEND", b"")

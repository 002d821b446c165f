"""Image files that claim, hide or repeat too much are one line, before their pixels are decoded."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semsearch.errors import InputError
from semsearch.images import image_io, png
from semsearch.images.image_io import ImageSpec


def plain_png(width: int, height: int, rows: int | None = None) -> bytes:
    """A PNG as our own encoder writes it (8 bit, grey, filter 0, one IDAT), compressed in small steps."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(1 + width)) for _ in range(height if rows is None else rows))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = png._chunk(b"IHDR", header) + png._chunk(b"IDAT", data + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + chunks + png._chunk(b"IEND", b"")


def saved(image: Any, format: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


@pytest.mark.parametrize("read", [lambda content: image_io.read(content, ImageSpec(64)), image_io.read_size])
def test_pixels_are_counted_before_they_are_decompressed(read: Callable[[bytes], Any]) -> None:
    content = plain_png(8_000, 7_000)  # 56 megapixels in 60 KB
    assert len(content) < 100_000
    image_io.read(plain_png(2, 2), ImageSpec())  # loads Pillow
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="has 8,000 × 7,000 pixels: the limit is 50 megapixels"):
            read(content)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_our_own_decoder_reads_small_images_only() -> None:
    assert png.decode(plain_png(1_024, 1_024)) is not None
    assert png.decode(plain_png(1_024, 1_025)) is None
    assert image_io.read(plain_png(1_024, 1_025), ImageSpec(64)).pixels.shape == (64, 64, 1)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (5, 0), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1)])
def test_sizes_that_no_image_has(width: int, height: int) -> None:
    content = plain_png(1, 1)
    broken = content[:16] + struct.pack(">II", width, height) + content[24:]
    header = broken[:29] + struct.pack(">I", zlib.crc32(broken[12:29])) + broken[33:]
    for bad in (broken, header):
        with pytest.raises(InputError):
            image_io.read(bad, ImageSpec(64))


def test_a_jpeg_of_countless_scans_is_refused() -> None:
    content = saved(Image.new("RGB", (64, 64), (10, 20, 30)), "JPEG", progressive=True)
    at = content.index(b"\xff\xda")
    scan = content[at : content.index(b"\xff", at + 2)]
    assert image_io.read(content, ImageSpec(8)).pixels.shape[:2] == (8, 8)
    with pytest.raises(InputError, match="more than 200 scans"):
        image_io.read(content[:at] + scan * 300 + content[at:], ImageSpec(8))


@pytest.mark.parametrize(
    ("mode", "format", "value", "expected"),
    [
        ("L", "PNG", 200, 200),
        ("RGB", "PNG", (200, 200, 200), 200),
        ("RGBA", "PNG", (0, 0, 0, 0), 255),
        ("LA", "PNG", (0, 255), 0),
        ("P", "PNG", 7, None),
        ("1", "PNG", 1, 255),
        ("I;16", "PNG", 200 << 8, 200),
        ("CMYK", "JPEG", (0, 0, 0, 255), 0),
        ("F", "TIFF", 3.5, None),
        ("I", "TIFF", 70_000, None),
    ],
)
@pytest.mark.parametrize("size", [(9, 7), (900, 700)], ids=["small", "much larger than wanted"])
def test_every_mode_keeps_its_grey(mode: str, format: str, value: Any, expected: int | None, size: Any) -> None:
    result = image_io.read(saved(Image.new(mode, size, value), format), ImageSpec(28))
    assert (result.pixels.shape[:2], result.original_size) == ((28, 28), size)
    assert expected is None or abs(result.pixels.astype(int) - expected).max() <= 2  # JPEG rounds


@pytest.mark.parametrize("size", [(8, 4), (800, 400)], ids=["small", "much larger than wanted"])
@pytest.mark.parametrize(("orientation", "top_left_is_white"), [(1, True), (3, False), (6, False), (8, False)])
def test_orientation_survives_the_first_reduction(size: Any, orientation: int, top_left_is_white: bool) -> None:
    values = np.zeros((size[1], size[0]), np.uint8)
    values[: size[1] // 2, : size[0] // 2] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = image_io.read(saved(Image.fromarray(values), "PNG", exif=exif), ImageSpec(None, largest=8))
    turned = orientation in (6, 8)
    assert result.original_size == (size[::-1] if turned else size)
    assert result.pixels.shape == ((8, 4, 1) if turned else (4, 8, 1))
    corners = {1: (0, 0), 3: (-1, -1), 6: (0, -1), 8: (-1, 0)}
    assert result.pixels[(*corners[orientation], 0)] > 200
    assert (result.pixels[0, 0, 0] > 200) == top_left_is_white


def test_the_frames_of_an_animation_are_not_counted() -> None:
    frames = [Image.new("L", (4, 4), grey) for grey in (10, 100, 200)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    result = image_io.read(content, ImageSpec())
    assert (result.frames, int(result.pixels[0, 0, 0])) == (2, 10)

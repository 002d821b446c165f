"""Bytes of a picture file to pixels of one size, and back: the only file that says Pillow.

Files come from anywhere. Only these formats are tried, the size is read from the header before anything is unpacked,
and whatever a decoder makes of broken bytes is one error.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images import png

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm")
MAX_PIXELS = 50_000_000
SMALL = 64 * 64  # pixels up to which zlib alone packs about as well as Pillow does
LARGEST = 512  # pixels of the longer side of a picture that is kept without --size
ORIENTATION = 0x0112  # EXIF's tag for how a camera was held; from 5 on height and width change places
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's own conversion


@dataclass(frozen=True)
class ImageSpec:
    """How pictures are to be: `size` pixels on a side of a square canvas, else their own size up to `largest`;
    `channels` 1 for grey, 3 for RGB, else as each one is. With `link` a table keeps the paths of their files alone."""

    size: int | None = None
    channels: int | None = None
    largest: int = LARGEST
    link: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and not 1 <= self.size <= 4096:
            raise InputError(f"size is {self.size}: choose 1 to 4,096 pixels")


@dataclass(frozen=True)
class Picture:
    """Pixels (height, width, channels) uint8, 1 channel or 3; `frames` the pictures in the file, of which this is the
    first; `was` the width and height it had."""

    pixels: ByteArray
    frames: int = 1
    was: tuple[int, int] = (0, 0)


@cache
def _pillow() -> Any:
    from PIL import Image

    # Else Pillow would print a warning of its own before we look at the size.
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    return Image


def read(content: bytes, wanted: ImageSpec) -> Picture:
    """The first picture in a file's bytes, turned as its EXIF says, transparency on white, fitted as `wanted`.

    Raises InputError for what is no picture of a known format, is damaged, or has more than MAX_PIXELS pixels.
    """
    plain = png.decode(content)
    if plain is not None:
        return fitted(Picture(plain, 1, (plain.shape[1], plain.shape[0])), wanted)
    with _opened(content) as image:
        width, height = image.size
        frames = int(getattr(image, "n_frames", 1))
        side = wanted.size or wanted.largest
        image.draft(None, (side, side))  # a JPEG is unpacked no larger than it must be
        made = _array(_upright(image))
        turned = (made.shape[0] > made.shape[1]) != (height > width)
        return fitted(Picture(made, frames, (height, width) if turned else (width, height)), wanted)


def measured(content: bytes) -> tuple[int, int, int]:
    """Height, width and channels of a picture as it would be read, from the head of its file. InputError as of `read`.

    One in colours that are all grey counts as coloured: its pixels are not looked at.
    """
    with _opened(content) as image:
        width, height = image.size
        is_turned = image.format != "GIF" and image.getexif().get(ORIENTATION, 1) >= 5
        is_grey = image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16")
        return (width, height, 1 if is_grey else 3) if is_turned else (height, width, 1 if is_grey else 3)


@contextmanager
def _opened(content: bytes) -> Iterator[Any]:
    """Pillow's image of these bytes; what goes wrong with it inside is InputError."""
    Image = _pillow()
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise InputError(_too_large(f"{width:,} × {height:,} pixels"))
            yield image
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(_too_large(_pixels_said(error))) from error
    except Exception as error:  # whatever a decoder makes of broken bytes is the file's fault
        raise InputError(_broken(error)) from error


def _too_large(found: str) -> str:
    return f"has {found}: the limit is {MAX_PIXELS // 1_000_000} megapixels"


def _pixels_said(error: BaseException) -> str:
    """How many pixels a picture has that Pillow would not even open, as far as its error says so."""
    found = re.search(r"\((\d+) pixels\)", str(error))
    return f"{int(found[1]):,} pixels" if found else "far more pixels than its bytes could hold"


def _broken(error: Exception) -> str:
    if type(error).__name__ == "UnidentifiedImageError":
        return "is no picture of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP, PPM)"
    return f"is damaged ({' '.join(str(error).split())[:80] or type(error).__name__})"


def _upright(image: Any) -> Any:
    """Turned as the camera was held, 8 bits, L or RGB."""
    from PIL import ImageOps

    if image.format != "GIF":
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        return _pillow().fromarray(_eight_bits(np.asarray(image)))
    if image.mode == "PA" or "transparency" in image.info or image.mode in ("RGBA", "LA", "La", "RGBa"):
        image = image.convert("RGBA")
        white = _pillow().new("RGBA", image.size, "white")
        white.alpha_composite(image)
        return white.convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("L" if image.mode == "1" else "RGB")


def _eight_bits(values: Any) -> ByteArray:
    """Grey of 16 bits or floats: the upper byte of 16 bits; other ranges are spread over 0..255."""
    if values.dtype.itemsize == 2 or (values.dtype.kind in "iu" and 255 < values.max() <= 65535 and values.min() >= 0):
        return np.asarray(values.astype(np.uint32) >> 8, np.uint8)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if values.dtype.kind in "iu" and low >= 0 and high <= 255:
        return values.astype(np.uint8)
    return np.nan_to_num((values - low) * (255 / (high - low or 1))).astype(np.uint8)


def _array(image: Any) -> ByteArray:
    """(height, width, channels); a picture in colours that are all grey is grey."""
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels[:, :, None]
    flat = pixels[:, :, 0]
    if (flat == pixels[:, :, 1]).all() and (flat == pixels[:, :, 2]).all():
        return np.ascontiguousarray(flat[:, :, None])
    return pixels


def fitted(picture: Picture, wanted: ImageSpec) -> Picture:
    """The picture as wanted. On a square canvas its proportions stay: the longer side fills the canvas, and the rest
    has the mean colour of the picture's own edge."""
    pixels = in_channels(picture.pixels, wanted.channels or picture.pixels.shape[2])
    height, width = pixels.shape[:2]
    if wanted.size is None:
        if max(height, width) > wanted.largest:
            pixels = _resized(pixels, wanted.largest)
        return Picture(pixels, picture.frames, picture.was)
    if (height, width) != (wanted.size, wanted.size):
        pixels = _on_canvas(pixels if max(height, width) == wanted.size else _resized(pixels, wanted.size), wanted.size)
    return Picture(pixels, picture.frames, picture.was)


def in_channels(pixels: ByteArray, channels: int) -> ByteArray:
    """(…, channels) from (…, 1) or (…, 3): grey thrice for RGB, luminance for grey."""
    if pixels.shape[-1] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=-1)
    return np.rint(pixels.astype(np.float32) @ GREY[:, None]).astype(np.uint8)


def _resized(pixels: ByteArray, side: int) -> ByteArray:
    """The longer side as long as `side`, the other in proportion and at least 1."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    return resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def resized(pixels: ByteArray, height: int, width: int, how: str = "auto") -> ByteArray:
    """(height, width, channels) by Lanczos where it becomes smaller, else bicubic; or as `how` says."""
    if pixels.shape[:2] == (height, width):
        return pixels
    Image = _pillow()
    smaller = height * width < pixels.shape[0] * pixels.shape[1]
    filters = {"bicubic": Image.Resampling.BICUBIC, "box": Image.Resampling.BOX}
    chosen = filters.get(how, Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC)
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    made = np.asarray(image.resize((width, height), chosen))
    return made[:, :, None] if made.ndim == 2 else made


def _on_canvas(pixels: ByteArray, side: int) -> ByteArray:
    height, width, channels = pixels.shape
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    canvas = np.empty((side, side, channels), np.uint8)
    canvas[:] = np.rint(edge.mean(axis=0))
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = pixels
    return canvas


def to_png(pixels: ByteArray) -> bytes:
    """The bytes of a PNG; a large picture is packed by Pillow, which chooses a filter for each row."""
    if pixels.shape[0] * pixels.shape[1] <= SMALL:
        return png.encode(pixels)
    content = io.BytesIO()
    _pillow().fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(content, "PNG")
    return content.getvalue()


def to_gif(frames: Sequence[ByteArray], pause: int = 120) -> bytes:
    """The bytes of a GIF that shows pictures of one size in turn, there and back, each for so many milliseconds."""
    made = [_pillow().fromarray(one[:, :, 0] if one.shape[2] == 1 else one) for one in frames]
    content = io.BytesIO()
    made[0].save(content, "GIF", save_all=True, append_images=made[1:] + made[-2:0:-1], duration=pause, loop=0)
    return content.getvalue()


def enlarged(pixels: ByteArray, least: int) -> ByteArray:
    """A small picture with each pixel as a square of whole pixels, so that the longer side has `least` or a little
    more: browsers blur what they enlarge themselves."""
    times = -(-least // max(pixels.shape[:2]))
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1) if times > 1 else pixels


def grid(pictures: ByteArray, columns: int, gap: int = 2) -> ByteArray:
    """(n, height, width, channels) pictures in rows of `columns` on a grey ground, as one picture."""
    n, height, width, channels = pictures.shape
    rows = -(-n // columns)
    ground = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 128, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (gap + at * (side + gap) for at, side in zip(divmod(place, columns), (height, width), strict=True))
        ground[top : top + height, left : left + width] = picture
    return ground

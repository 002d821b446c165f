"""From the bytes of an image file to pixels of one size, and back: the only module that uses Pillow.

Files are not trusted. Only the formats listed here are tried, the size is read from the header before anything is
decoded, and every exception of a decoder becomes one InputError.
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
from semsearch.errors import InputError, out_of_range
from semsearch.images import png

PILLOW_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm")
MAX_IMAGE_PIXELS = 50_000_000  # pixels in one image; a larger one is refused before it is decoded
PLAIN_PNG_PIXELS = 64 * 64  # pixels up to which our own PNG encoder compresses about as well as Pillow
LARGEST_SIDE = 512  # pixels on the longer side of a stored image without --size
REDUCING_GAP = 3  # times the wanted size, down to which pixels are averaged before the exact resampling
MAX_JPEG_SCANS = 200  # scans in a JPEG; a camera writes 1, a progressive encoder about 10, and each decodes all pixels
_JPEG_SCAN = b"\xff\xda"  # the marker of a scan, which the data between markers cannot contain
ORIENTATION_TAG = 0x0112  # EXIF tag of the camera's orientation; values from 5 swap height and width
GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G and B: ITU-R BT.601, as Pillow converts


@dataclass(frozen=True)
class ImageSpec:
    """The size and channels to convert images to."""

    size: int | None = None  # pixels on a side of a square canvas; None keeps the proportions, up to `largest`
    channels: int | None = None  # 1 for grey, 3 for RGB; None keeps those of each image
    largest: int = LARGEST_SIDE  # pixels on the longer side, without `size`
    link: bool = False  # store only the paths of the files

    def __post_init__(self) -> None:
        if self.size is not None and not 1 <= self.size <= 4096:
            raise out_of_range("--size", self.size, least=1, most=4096, of="pixels")


@dataclass(frozen=True)
class DecodedImage:
    """An image as pixels, and what its file said."""

    pixels: ByteArray  # (height, width, channels) uint8, 1 or 3 channels
    frames: int = 1  # 1, or 2 for a file of several images, of which this is the first
    original_size: tuple[int, int] = (0, 0)  # width and height in the file, upright


@cache
def _pillow() -> Any:
    from PIL import Image

    # Otherwise Pillow prints a warning before we check the size.
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
    return Image


def read(content: bytes, spec: ImageSpec) -> DecodedImage:
    """The first image in a file: upright by its EXIF orientation, transparency on white, converted to `spec`.

    Raises InputError for an unknown format, a damaged file, and more than MAX_IMAGE_PIXELS pixels.
    """
    plain = png.decode(content)
    if plain is not None:
        return fit(DecodedImage(plain, 1, (plain.shape[1], plain.shape[0])), spec)
    with _open(content) as image:
        width, height = image.size
        frames = 2 if getattr(image, "is_animated", False) else 1  # to count them would decode them all
        side = spec.size or spec.largest
        image.draft(None, (side, side))  # decodes a JPEG no larger than needed
        is_turned = image.format != "GIF" and image.getexif().get(ORIENTATION_TAG, 1) >= 5
        pixels = _to_array(_to_upright(_reduced(image, side)))
        return fit(DecodedImage(pixels, frames, (height, width) if is_turned else (width, height)), spec)


def read_size(content: bytes) -> tuple[int, int, int]:
    """Height, width and channels of an image as `read` would return it, from the file header alone.

    An image in a colour mode counts as coloured even if all its pixels are grey. Raises InputError as `read` does.
    """
    with _open(content) as image:
        width, height = image.size
        is_turned = image.format != "GIF" and image.getexif().get(ORIENTATION_TAG, 1) >= 5
        is_grey = image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16")
        return (width, height, 1 if is_grey else 3) if is_turned else (height, width, 1 if is_grey else 3)


@contextmanager
def _open(content: bytes) -> Iterator[Any]:
    """Pillow's image of these bytes. Every exception inside the block becomes InputError."""
    Image = _pillow()
    try:
        with Image.open(io.BytesIO(content), formats=PILLOW_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_IMAGE_PIXELS:
                raise InputError(_too_large(f"{width:,} × {height:,} pixels"))
            if width * height == 0:
                raise InputError("has no pixels")
            if image.format == "JPEG" and content.count(_JPEG_SCAN) > MAX_JPEG_SCANS:
                raise InputError(f"has more than {MAX_JPEG_SCANS} scans, which no camera writes")
            yield image
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(_too_large(_claimed_pixels(error))) from error
    except Exception as error:  # a decoder may raise anything on damaged bytes
        raise InputError(_why_unreadable(error)) from error


def _too_large(found: str) -> str:
    return f"has {found}: the limit is {MAX_IMAGE_PIXELS // 1_000_000} megapixels"


def _claimed_pixels(error: BaseException) -> str:
    """The number of pixels of an image that Pillow refused to open, from its message."""
    match = re.search(r"\((\d+) pixels\)", str(error))
    return f"{int(match[1]):,} pixels" if match else "more pixels than its bytes could hold"


def _why_unreadable(error: Exception) -> str:
    if type(error).__name__ == "UnidentifiedImageError":
        return "is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP, PPM)"
    return f"is damaged ({' '.join(str(error).split())[:80] or type(error).__name__})"


def _reduced(image: Any, side: int) -> Any:
    """A much larger image averaged over whole squares of pixels, to at least REDUCING_GAP times `side`.

    What follows needs several copies of the pixels, which are then small.
    """
    factor = max(image.size) // (REDUCING_GAP * side)
    if factor < 2:
        return image
    exif, format = image.getexif(), image.format
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode.startswith("I;16"):
        image = _pillow().fromarray(_eight_bits(np.asarray(image)))
    elif "transparency" in image.info and image.mode in ("L", "RGB"):
        image = image.convert("RGBA")
    result = image.reduce(factor)
    result.format = format
    result.getexif().update(exif)
    return result


def _to_upright(image: Any) -> Any:
    """The image rotated by its EXIF orientation, in 8 bits, mode L or RGB."""
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
    """Grey values as uint8: of 16 bits the upper byte; other integers and floats are scaled to 0..255."""
    if values.dtype == np.uint16:
        return np.asarray(values >> 8, np.uint8)
    if values.dtype.itemsize == 2 or (values.dtype.kind in "iu" and 255 < values.max() <= 65535 and values.min() >= 0):
        return np.asarray(values.astype(np.uint32) >> 8, np.uint8)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if values.dtype.kind in "iu" and low >= 0 and high <= 255:
        return values.astype(np.uint8)
    return np.nan_to_num((values - low) * (255 / (high - low or 1))).astype(np.uint8)


def _to_array(image: Any) -> ByteArray:
    """(height, width, channels) uint8; an RGB image whose pixels are all grey gets 1 channel."""
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels[:, :, None]
    flat = pixels[:, :, 0]
    if (flat == pixels[:, :, 1]).all() and (flat == pixels[:, :, 2]).all():
        return np.ascontiguousarray(flat[:, :, None])
    return pixels


def fit(image: DecodedImage, spec: ImageSpec) -> DecodedImage:
    """The image converted to `spec`. A square canvas keeps the proportions: the longer side fills it, and the padding
    has the mean colour of the image's border."""
    pixels = to_channels(image.pixels, spec.channels or image.pixels.shape[2])
    height, width = pixels.shape[:2]
    if spec.size is None:
        if max(height, width) > spec.largest:
            pixels = _resize_longer_side(pixels, spec.largest)
        return DecodedImage(pixels, image.frames, image.original_size)
    if (height, width) != (spec.size, spec.size):
        pixels = _on_canvas(
            pixels if max(height, width) == spec.size else _resize_longer_side(pixels, spec.size), spec.size
        )
    return DecodedImage(pixels, image.frames, image.original_size)


def to_channels(pixels: ByteArray, channels: int) -> ByteArray:
    """(…, channels) from (…, 1) or (…, 3): grey is repeated for RGB, RGB becomes luminance."""
    if pixels.shape[-1] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=-1)
    return np.rint(pixels.astype(np.float32) @ GREY_WEIGHTS[:, None]).astype(np.uint8)


def _resize_longer_side(pixels: ByteArray, side: int) -> ByteArray:
    """The image with a longer side of `side` pixels, the other in proportion and at least 1."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    return resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))


def resized(pixels: ByteArray, height: int, width: int, how: str = "auto") -> ByteArray:
    """(height, width, channels) by Lanczos to reduce and bicubic to enlarge, or by the filter `how` (bicubic, box)."""
    if pixels.shape[:2] == (height, width):
        return pixels
    Image = _pillow()
    smaller = height * width < pixels.shape[0] * pixels.shape[1]
    filters = {"bicubic": Image.Resampling.BICUBIC, "box": Image.Resampling.BOX}
    chosen = filters.get(how, Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC)
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    result = np.asarray(image.resize((width, height), chosen))
    return result[:, :, None] if result.ndim == 2 else result


def _on_canvas(pixels: ByteArray, side: int) -> ByteArray:
    height, width, channels = pixels.shape
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    canvas = np.empty((side, side, channels), np.uint8)
    canvas[:] = np.rint(edge.mean(axis=0))
    top, left = (side - height) // 2, (side - width) // 2
    canvas[top : top + height, left : left + width] = pixels
    return canvas


def to_png(pixels: ByteArray) -> bytes:
    """The bytes of a PNG. Pillow encodes large images, because it chooses a filter for each row."""
    if pixels.shape[0] * pixels.shape[1] <= PLAIN_PNG_PIXELS:
        return png.encode(pixels)
    content = io.BytesIO()
    _pillow().fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(content, "PNG")
    return content.getvalue()


def to_gif(frames: Sequence[ByteArray], pause: int = 120) -> bytes:
    """The bytes of an endless GIF that shows frames of one size forwards and backwards, each for `pause` ms."""
    images = [_pillow().fromarray(frame[:, :, 0] if frame.shape[2] == 1 else frame) for frame in frames]
    content = io.BytesIO()
    images[0].save(content, "GIF", save_all=True, append_images=images[1:] + images[-2:0:-1], duration=pause, loop=0)
    return content.getvalue()


def enlarged(pixels: ByteArray, least: int) -> ByteArray:
    """A small image with every pixel repeated a whole number of times, until the longer side has at least `least`
    pixels. Browsers blur what they enlarge themselves."""
    times = -(-least // max(pixels.shape[:2]))
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1) if times > 1 else pixels


def grid(images: ByteArray, columns: int, gap: int = 2) -> ByteArray:
    """(n, height, width, channels) images in rows of `columns` on a grey background, as one image; `gap` in pixels."""
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 128, np.uint8)
    for position, image in enumerate(images):
        row, column = divmod(position, columns)
        top, left = gap + row * (height + gap), gap + column * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet

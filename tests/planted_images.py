"""Planted images: shapes, bars and lamps, in grey and in colour."""

from __future__ import annotations

from typing import Any

import numpy as np

from semsearch.images.image_io import ImageSpec
from semsearch.ingest.imagefiles import ImageBlock
from semsearch.ingest.images import load_images
from semsearch.storage.driver import Connection


def shapes(n: int = 80, side: int = 12, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Bars that stand, bars that lie, squares and frames, somewhere near the middle, with noise."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 30, (n, side, side, 1)).astype(np.uint8)
    kinds = ("standing", "lying", "square", "frame")
    for row in range(n):
        at, picture = 4 + int(rng.integers(0, 2)), pixels[row]
        if row % 4 == 0:
            picture[:, at : at + 2] = 220
        elif row % 4 == 1:
            picture[at : at + 2] = 220
        elif row % 4 == 2:
            picture[at:8, at:8] = 220
        else:
            picture[[0, -1]] = picture[:, [0, -1]] = 220
    return pixels, [kinds[row % 4] for row in range(n)]


def load(db: Connection, pixels: np.ndarray, labels: list[str], name: str = "shapes") -> Any:
    block = ImageBlock("planted", pixels, {"label": labels})
    return load_images(db, name, [block], ImageSpec(), source="planted").dataset


def bars(n: int, side: int = 8, seed: int = 0, channels: int = 1) -> np.ndarray:
    """Pictures of one bright bar, across or down, at one of `side` places."""
    rng = np.random.default_rng(seed)
    made = np.full((n, side, side, channels), 20, np.uint8)
    for picture in made:
        place = rng.integers(side)
        picture[(place, slice(None)) if rng.random() < 0.5 else (slice(None), place)] = 220
    return made


def lamps(n: int, side: int = 16, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Noisy pictures of a bright disc above, a bar below: their upright can be told, wherever they are cropped."""
    rng = np.random.default_rng(seed)
    made = rng.integers(0, 60, (n, side, side, channels), np.uint8)
    down, along = np.mgrid[:side, :side]
    for picture in made:
        at = side * rng.uniform(0.4, 0.6)
        picture[(down - side / 4) ** 2 + (along - at) ** 2 < (side / 6) ** 2] += 180
        picture[int(0.7 * side) : int(0.8 * side), int(at - side / 4) : int(at + side / 4)] += 180
    return made


def painted(n: int, seed: int = 0) -> np.ndarray:
    """Lamps whose disc is red and whose bar is blue, on a ground that is nearly grey."""
    grey = lamps(n, 16, 1, seed)
    red, blue = (np.array(colour, np.float32) / 255 for colour in ((255, 60, 60), (60, 60, 255)))
    bright = grey > 150
    upper = np.arange(16)[None, :, None, None] < 8
    return np.where(bright, grey * np.where(upper, red, blue), grey).astype(np.uint8)

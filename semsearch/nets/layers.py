"""Networks that are put together from a few plain parts: pictures to codes, and codes to pictures.

Sides are halved by strides until they are eight at most, whatever they are to begin with, odd ones too; channels double
as sides halve, up to four times. What is left is small enough for a wide layer that sees all of it, which on a CPU
learns more per second than more convolutions do (benchmarks/README.md). Kernels of 4 at strides of 2 reach every pixel
equally often, and so leave no chequered pattern (Odena, Dumoulin & Olah 2016). No normalisation: these nets are
shallow, and it would make a picture's code depend on its batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

SMALLEST = 8  # pixels of the longer side, from which on all are seen at once
HIDDEN = 64  # times the width: how wide the layer is that sees all
SLOPE = 0.1  # of a leaky bend
Sides = list[tuple[int, int]]


def halved(height: int, width: int) -> Sides:
    """The sides at each level, from the picture's own down to 8 at most: 28 × 28, 14 × 14, 7 × 7."""
    sides = [(height, width)]
    while max(sides[-1]) > SMALLEST:
        sides.append((max(1, sides[-1][0] // 2), max(1, sides[-1][1] // 2)))
    return sides


def breadths(channels: int, width: int, levels: int) -> list[int]:
    """The channels at each level: a picture's own, then `width` at half its size, and more as it gets smaller."""
    return [channels] + [width * min(4, 2**level) for level in range(levels - 1)]


class Encoder(nn.Module):
    """Pictures (n, channels, height, width) floats to (n, dim)."""

    def __init__(self, shape: tuple[int, int, int], dim: int, width: int) -> None:
        super().__init__()
        height, across, channels = shape
        sides = halved(height, across)
        wide = breadths(channels, width, len(sides))
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=tuple(1 if side > 1 else 2 for side in at))
            for before, after, at in zip(wide[:-1], wide[1:], sides[:-1], strict=True)
        )
        self.whole = nn.Linear(wide[-1] * sides[-1][0] * sides[-1][1], HIDDEN * width)
        self.last = nn.Linear(HIDDEN * width, dim)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = pictures
        for level in self.down:
            x = F.leaky_relu(level(x), SLOPE)
        out: torch.Tensor = self.last(F.leaky_relu(self.whole(x.flatten(1)), SLOPE))
        return out


class Decoder(nn.Module):
    """Codes (n, dim) to pictures (n, channels, height, width), about 0..1 but not held there: the encoder's mirror."""

    def __init__(self, shape: tuple[int, int, int], dim: int, width: int) -> None:
        super().__init__()
        height, across, channels = shape
        self.sides = halved(height, across)[::-1]
        wide = breadths(channels, width, len(self.sides))[::-1]
        self.start = (wide[0], *self.sides[0])
        self.first = nn.Linear(dim, HIDDEN * width)
        self.whole = nn.Linear(HIDDEN * width, wide[0] * self.sides[0][0] * self.sides[0][1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
            for before, after in zip(wide[:-1], wide[1:], strict=True)
        )

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        x = self.whole(F.leaky_relu(self.first(codes), SLOPE)).unflatten(1, self.start)
        for side, level in zip(self.sides[1:], self.up, strict=True):
            least = [max(2, length) for length in side]  # a side of 1 comes back as 2
            x = level(F.leaky_relu(x, SLOPE), output_size=least)[..., : side[0], : side[1]]
        out: torch.Tensor = x
        return out


class Flat(nn.Module):
    """A linear map of a picture's pixels to `dim` numbers, or back: what an autoencoder without a bend is made of."""

    def __init__(self, shape: tuple[int, int, int], dim: int, *, back: bool) -> None:
        super().__init__()
        height, across, channels = shape
        self.shape = (channels, height, across)
        pixels = channels * height * across
        self.back = back
        self.map = nn.Linear(dim, pixels) if back else nn.Linear(pixels, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.map(x).unflatten(1, self.shape) if self.back else self.map(x.flatten(1))
        return out

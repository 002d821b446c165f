"""Networks that are put together from a few plain parts: pictures to codes, and codes to pictures.

Sides are halved until they are about four, whatever they are to begin with, odd ones too; channels double as sides
halve, up to four times. No normalisation: these nets are shallow, and it would make a picture's code depend on its
batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

SMALLEST = 4  # pixels of a side at the bottleneck
Sides = list[tuple[int, int]]


def halved(height: int, width: int) -> Sides:
    """The sides at each level, from the picture's own down to about SMALLEST: 28 × 28, 14 × 14, 7 × 7, 4 × 4."""
    sides = [(height, width)]
    while max(sides[-1]) > SMALLEST + 1:
        sides.append(tuple(-(-side // 2) for side in sides[-1]))  # type: ignore[arg-type]
    return sides


def breadths(width: int, levels: int) -> list[int]:
    """The channels at each level."""
    return [width * min(4, 2**level) for level in range(levels)]


class Encoder(nn.Module):
    """Pictures (n, channels, height, width) floats to (n, dim)."""

    def __init__(self, shape: tuple[int, int, int], dim: int, width: int) -> None:
        super().__init__()
        height, across, channels = shape
        sides = halved(height, across)
        wide = breadths(width, len(sides))
        self.first = nn.Conv2d(channels, wide[0], 3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1) for before, after in zip(wide[:-1], wide[1:], strict=True)
        )
        self.last = nn.Linear(wide[-1] * sides[-1][0] * sides[-1][1], dim)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu(self.first(pictures), 0.1)
        for level in self.down:
            x = F.leaky_relu(level(x), 0.1)
        out: torch.Tensor = self.last(x.flatten(1))
        return out


class Decoder(nn.Module):
    """Codes (n, dim) to pictures (n, channels, height, width), about 0..1 but not held there.

    Each level is enlarged before it is convolved, which leaves no chequered pattern (Odena, Dumoulin & Olah 2016).
    """

    def __init__(self, shape: tuple[int, int, int], dim: int, width: int) -> None:
        super().__init__()
        height, across, channels = shape
        self.sides = halved(height, across)[::-1]
        wide = breadths(width, len(self.sides))[::-1]
        self.start = (wide[0], *self.sides[0])
        self.first = nn.Linear(dim, wide[0] * self.sides[0][0] * self.sides[0][1])
        self.up = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in zip(wide[:-1], wide[1:], strict=True)
        )
        self.last = nn.Conv2d(wide[-1], channels, 3, padding=1)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu(self.first(codes), 0.1).unflatten(1, self.start)
        for side, level in zip(self.sides[1:], self.up, strict=True):
            x = F.leaky_relu(level(F.interpolate(x, size=side)), 0.1)
        out: torch.Tensor = self.last(x)
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

"""Encoder and decoder: images to codes and back, by strided convolutions and a wide dense layer.

Sides are halved until they are at most 8, whatever they were, odd ones too; channels double as sides halve, up to four
times. What remains is small enough for a wide dense layer, which on a CPU learns more per second than further
convolutions (benchmarks/log.md). Kernels of 4 with strides of 2 reach every pixel equally often, and so leave no
checkerboard artefacts (Odena, Dumoulin & Olah 2016). There is no normalisation: these networks are shallow, and it
would make the code of an image depend on its batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

MAX_DENSE_SIDE = 8  # pixels of the longer side, from which on the dense layer takes over
HIDDEN_PER_WIDTH = 64  # units of the dense layer, times the width
SLOPE = 0.1  # of the leaky ReLU
Sides = list[tuple[int, int]]


def halved(height: int, width: int) -> Sides:
    """The sides at each level, from the image's own to at most 8: 28 × 28, 14 × 14, 7 × 7."""
    sides = [(height, width)]
    while max(sides[-1]) > MAX_DENSE_SIDE:
        sides.append((max(1, sides[-1][0] // 2), max(1, sides[-1][1] // 2)))
    return sides


def channels_at(channels: int, width: int, levels: int) -> list[int]:
    """The channels at each level: the image's own, `width` at half its size, then doubling up to 4 width."""
    return [channels] + [width * min(4, 2**level) for level in range(levels - 1)]


class Encoder(nn.Module):
    """Images (n, channels, height, width) to (n, dim). Attributes are named as in stored models."""

    def __init__(self, shape: tuple[int, int, int], dim: int, width: int) -> None:
        super().__init__()
        height, across, channels = shape
        sides = halved(height, across)
        widths = channels_at(channels, width, len(sides))
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=tuple(1 if length > 1 else 2 for length in side))
            for before, after, side in zip(widths[:-1], widths[1:], sides[:-1], strict=True)
        )
        self.whole = nn.Linear(widths[-1] * sides[-1][0] * sides[-1][1], HIDDEN_PER_WIDTH * width)
        self.last = nn.Linear(HIDDEN_PER_WIDTH * width, dim)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = images
        for conv in self.down:
            x = F.leaky_relu(conv(x), SLOPE)
        out: torch.Tensor = self.last(F.leaky_relu(self.whole(x.flatten(1)), SLOPE))
        return out


class Decoder(nn.Module):
    """Codes (n, dim) to images (n, channels, height, width), unbounded: the encoder in reverse."""

    def __init__(self, shape: tuple[int, int, int], dim: int, width: int) -> None:
        super().__init__()
        height, across, channels = shape
        self.sides = halved(height, across)[::-1]
        widths = channels_at(channels, width, len(self.sides))[::-1]
        self.start = (widths[0], *self.sides[0])
        self.first = nn.Linear(dim, HIDDEN_PER_WIDTH * width)
        self.whole = nn.Linear(HIDDEN_PER_WIDTH * width, widths[0] * self.sides[0][0] * self.sides[0][1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
            for before, after in zip(widths[:-1], widths[1:], strict=True)
        )

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        x = self.whole(F.leaky_relu(self.first(codes), SLOPE)).unflatten(1, self.start)
        for side, conv in zip(self.sides[1:], self.up, strict=True):
            output_size = [max(2, length) for length in side]  # a side of 1 comes out as 2, and is cut
            x = conv(F.leaky_relu(x, SLOPE), output_size=output_size)[..., : side[0], : side[1]]
        out: torch.Tensor = x
        return out


class Linear(nn.Module):
    """A linear map of an image's pixels to `dim` numbers, or with `to_image` back: the linear autoencoder's layers."""

    def __init__(self, shape: tuple[int, int, int], dim: int, *, to_image: bool) -> None:
        super().__init__()
        height, across, channels = shape
        self.shape = (channels, height, across)
        pixels = channels * height * across
        self.to_image = to_image
        self.map = nn.Linear(dim, pixels) if to_image else nn.Linear(pixels, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.map(x).unflatten(1, self.shape) if self.to_image else self.map(x.flatten(1))
        return out

"""The two networks of a GAN: a generator of images from codes, and a discriminator that scores images.

Both are residual, without normalisation (Huang et al. 2024, "The GAN is dead; long live the GAN!", R3GAN): at each size
a strided convolution with kernel 4 is added to plain resampling, and at eight pixels or fewer dense layers follow, the
second of them residual. Sides and channels are those of layers.py. Attributes are named as in stored models.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets.layers import channels_at, halved

HIDDEN_PER_WIDTH = 32  # units of the dense layers, times the width
SLOPE = 0.2  # of the leaky ReLU
Shape = tuple[int, int, int]


def activated(x: torch.Tensor) -> torch.Tensor:
    """The leaky ReLU between two layers; initial weights have He's gain for it."""
    return F.leaky_relu(x, SLOPE)


def initialised(layer: nn.Module, scale: float = 1.0) -> nn.Module:
    """The layer with the initial weights of He et al. 2015 times `scale`, and biases of 0."""
    weight = layer.weight
    assert isinstance(weight, torch.Tensor)
    if isinstance(layer, nn.ConvTranspose2d):  # with a stride of 2 a quarter of the kernel reaches each pixel
        inputs = weight.shape[0] * weight.shape[2] * weight.shape[3] / 4
    else:
        inputs = weight[0].numel()
    with torch.no_grad():
        weight.normal_(0, scale * math.sqrt(2 / (1 + SLOPE**2) / inputs))
        if isinstance(layer.bias, torch.Tensor):
            layer.bias.zero_()
    return layer


class Downsample(nn.Module):
    """Maps at half their size: a strided convolution, added to the means of four pixels."""

    def __init__(self, before: int, after: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.pooled = (min(2, side[0]), min(2, side[1]))
        padding = tuple(1 if length > 1 else 2 for length in side)
        self.conv = initialised(nn.Conv2d(before, after, 4, stride=2, padding=padding), 0.5)
        self.past = initialised(nn.Conv2d(before, after, 1, bias=False), 0.7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.conv(activated(x)) + self.past(F.avg_pool2d(x, self.pooled))
        return out


class Upsample(nn.Module):
    """Maps at twice their size, exactly `side`: a transposed convolution, added to repeated pixels."""

    def __init__(self, before: int, after: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.side = side
        self.conv = initialised(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), 0.5)
        self.past = initialised(nn.Conv2d(before, after, 1, bias=False), 0.7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return transposed(self.conv, activated(x), self.side) + F.interpolate(self.past(x), self.side)


def transposed(conv: nn.Module, x: torch.Tensor, side: tuple[int, int]) -> torch.Tensor:
    """The output (n, c, *side) of a transposed convolution; a side of 1 comes out as 2, and is cut."""
    output_size = [max(2, length) for length in side]
    out: torch.Tensor = conv(x, output_size=output_size)[..., : side[0], : side[1]]
    return out


class ResidualDense(nn.Module):
    """(n, hidden) plus the output of two layers."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.one = initialised(nn.Linear(hidden, hidden))
        self.two = initialised(nn.Linear(hidden, hidden), 0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = x + self.two(activated(self.one(activated(x))))
        return out


class Discriminator(nn.Module):
    """Images (n, channels, height, width), about -1..1, to scores (n,): high for real images.

    With classes the score is conditional on the class (Miyato & Koyama 2018, projection).
    """

    def __init__(self, shape: Shape, width: int, classes: int = 0) -> None:
        super().__init__()
        height, across, channels = shape
        sides = halved(height, across)
        widths = channels_at(channels, width, len(sides))
        steps = list(zip(widths[:-1], widths[1:], sides[:-1], strict=True))
        self.first = nn.ModuleList(_from_pixels(*step) for step in steps[:1])
        self.down = nn.ModuleList(Downsample(*step) for step in steps[1:])
        hidden = HIDDEN_PER_WIDTH * width
        self.whole = initialised(nn.Linear(widths[-1] * sides[-1][0] * sides[-1][1], hidden))
        self.deeper = ResidualDense(hidden)
        self.last = initialised(nn.Linear(hidden, 1), 0.5)
        self.kinds = initialised(nn.Linear(hidden, classes, bias=False), 0.5) if classes else None

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """(n, hidden), the input of the score."""
        x = images
        for level in (*self.first, *self.down):
            x = level(x)
        whole = self.whole(activated(x).flatten(1) if len(self.first) else x.flatten(1))
        return activated(self.deeper(whole))

    def forward(self, images: torch.Tensor, classes: torch.Tensor | None = None) -> torch.Tensor:
        """`classes` (n, classes) are one-hot."""
        features = self.features(images)
        score: torch.Tensor = self.last(features).squeeze(1)
        if self.kinds is not None and classes is not None:
            score = score + (self.kinds(features) * classes).sum(dim=1)
        return score


def _from_pixels(before: int, after: int, side: tuple[int, int]) -> nn.Module:
    padding = tuple(1 if length > 1 else 2 for length in side)
    return initialised(nn.Conv2d(before, after, 4, stride=2, padding=padding))


class Generator(nn.Module):
    """Codes (n, dim), N(0, I), to images (n, channels, height, width), -1..1.

    With classes a code is followed by its class, one-hot or mixed: (n, dim + classes).
    """

    def __init__(self, shape: Shape, dim: int, width: int, classes: int = 0) -> None:
        super().__init__()
        height, across, channels = shape
        sides = halved(height, across)[::-1]
        widths = channels_at(channels, width, len(sides))[::-1]
        hidden = HIDDEN_PER_WIDTH * width
        self.dim, self.start, self.side = dim, (widths[0], *sides[0]), sides[-1]
        self.first = initialised(nn.Linear(dim + classes, hidden))
        self.deeper = ResidualDense(hidden)
        self.whole = initialised(nn.Linear(hidden, widths[0] * sides[0][0] * sides[0][1]))
        steps = list(zip(widths[:-1], widths[1:], sides[1:], strict=True))
        self.up = nn.ModuleList(Upsample(*step) for step in steps[:-1])
        self.last = nn.ModuleList(
            initialised(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), 0.5)
            for before, after, _ in steps[-1:]
        )

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        x = self.deeper(self.first(codes))
        x = self.whole(activated(x)).unflatten(1, self.start)
        for level in self.up:
            x = level(x)
        for conv in self.last:
            x = transposed(conv, activated(x), self.side)
        return torch.tanh(x)

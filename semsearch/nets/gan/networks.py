"""The two nets of a GAN: a generator that makes pictures of codes, and a discriminator that gives pictures a score.

Both are residual and have no normalisation (Huang et al. 2024, "The GAN is dead; long live the GAN!", R3GAN): at each
size a strided convolution, of kernel 4, is added to plain resampling, and at eight pixels or fewer layers that see all
of the picture are added to what one alone makes of it. Sides and channels are those of layers.py.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets.layers import breadths, halved

HIDDEN = 32  # times the width: how wide the layers are that see all
SLOPE = 0.2  # of a leaky bend
Shape = tuple[int, int, int]


def bent(x: torch.Tensor) -> torch.Tensor:
    """The bend between two layers; He's gain for it is what layers begin with."""
    return F.leaky_relu(x, SLOPE)


def begun(layer: nn.Module, scale: float = 1.0) -> nn.Module:
    """The layer with weights of He et al. 2015 times `scale`, and biases of nought."""
    weight = layer.weight
    assert isinstance(weight, torch.Tensor)
    if isinstance(layer, nn.ConvTranspose2d):  # at a stride of 2 a quarter of the kernel meets each pixel
        inputs = weight.shape[0] * weight.shape[2] * weight.shape[3] / 4
    else:
        inputs = weight[0].numel()
    with torch.no_grad():
        weight.normal_(0, scale * math.sqrt(2 / (1 + SLOPE**2) / inputs))
        if isinstance(layer.bias, torch.Tensor):
            layer.bias.zero_()
    return layer


class Halving(nn.Module):
    """Pictures at half their size: a strided convolution, added to the mean of each four pixels."""

    def __init__(self, before: int, after: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.pooled = (min(2, side[0]), min(2, side[1]))
        padding = tuple(1 if length > 1 else 2 for length in side)
        self.conv = begun(nn.Conv2d(before, after, 4, stride=2, padding=padding), 0.5)
        self.past = begun(nn.Conv2d(before, after, 1, bias=False), 0.7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.conv(bent(x)) + self.past(F.avg_pool2d(x, self.pooled))
        return out


class Doubling(nn.Module):
    """Pictures at twice their size, `side` exactly: a transposed convolution, added to each pixel four times."""

    def __init__(self, before: int, after: int, side: tuple[int, int]) -> None:
        super().__init__()
        self.side = side
        self.conv = begun(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), 0.5)
        self.past = begun(nn.Conv2d(before, after, 1, bias=False), 0.7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return doubled(self.conv, bent(x), self.side) + F.interpolate(self.past(x), self.side)


def doubled(conv: nn.Module, x: torch.Tensor, side: tuple[int, int]) -> torch.Tensor:
    """(n, c, *side) of a transposed convolution; a side of 1 comes back as 2, and is cut."""
    least = [max(2, length) for length in side]
    out: torch.Tensor = conv(x, output_size=least)[..., : side[0], : side[1]]
    return out


class Deeper(nn.Module):
    """(n, hidden) plus what two layers make of it."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.one = begun(nn.Linear(hidden, hidden))
        self.two = begun(nn.Linear(hidden, hidden), 0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = x + self.two(bent(self.one(bent(x))))
        return out


class Discriminator(nn.Module):
    """Pictures (n, channels, height, width), about -1..1, to scores (n,): high for real ones.

    With classes the score is one for being of the class that is named (Miyato & Koyama 2018, projection).
    """

    def __init__(self, shape: Shape, width: int, classes: int = 0) -> None:
        super().__init__()
        height, across, channels = shape
        sides = halved(height, across)
        wide = breadths(channels, width, len(sides))
        steps = list(zip(wide[:-1], wide[1:], sides[:-1], strict=True))
        self.first = nn.ModuleList(_from_pixels(*step) for step in steps[:1])
        self.down = nn.ModuleList(Halving(*step) for step in steps[1:])
        hidden = HIDDEN * width
        self.whole = begun(nn.Linear(wide[-1] * sides[-1][0] * sides[-1][1], hidden))
        self.deeper = Deeper(hidden)
        self.last = begun(nn.Linear(hidden, 1), 0.5)
        self.kinds = begun(nn.Linear(hidden, classes, bias=False), 0.5) if classes else None

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """(n, hidden) of what scores are made."""
        x = pictures
        for level in (*self.first, *self.down):
            x = level(x)
        whole = self.whole(bent(x).flatten(1) if len(self.first) else x.flatten(1))
        return bent(self.deeper(whole))

    def forward(self, pictures: torch.Tensor, classes: torch.Tensor | None = None) -> torch.Tensor:
        """`classes` (n, classes) says how much each picture is meant to be of each."""
        found = self.features(pictures)
        score: torch.Tensor = self.last(found).squeeze(1)
        if self.kinds is not None and classes is not None:
            score = score + (self.kinds(found) * classes).sum(dim=1)
        return score


def _from_pixels(before: int, after: int, side: tuple[int, int]) -> nn.Module:
    padding = tuple(1 if length > 1 else 2 for length in side)
    return begun(nn.Conv2d(before, after, 4, stride=2, padding=padding))


class Generator(nn.Module):
    """Codes (n, dim), N(0, I), to pictures (n, channels, height, width), -1..1.

    With classes a code goes on with how much of each class there is to be in the picture: (n, dim + classes).
    """

    def __init__(self, shape: Shape, dim: int, width: int, classes: int = 0) -> None:
        super().__init__()
        height, across, channels = shape
        sides = halved(height, across)[::-1]
        wide = breadths(channels, width, len(sides))[::-1]
        hidden = HIDDEN * width
        self.dim, self.start, self.side = dim, (wide[0], *sides[0]), sides[-1]
        self.first = begun(nn.Linear(dim + classes, hidden))
        self.deeper = Deeper(hidden)
        self.whole = begun(nn.Linear(hidden, wide[0] * sides[0][0] * sides[0][1]))
        steps = list(zip(wide[:-1], wide[1:], sides[1:], strict=True))
        self.up = nn.ModuleList(Doubling(*step) for step in steps[:-1])
        self.last = nn.ModuleList(
            begun(nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), 0.5) for before, after, _ in steps[-1:]
        )

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        x = self.deeper(self.first(codes))
        x = self.whole(bent(x)).unflatten(1, self.start)
        for level in self.up:
            x = level(x)
        for conv in self.last:
            x = doubled(conv, bent(x), self.side)
        return torch.tanh(x)

"""The backbone that all self-supervised tasks share: pictures of 8 to 128 pixels to a map of features, and to features.

`small` halves the sides at each of four convolutions that end at an eighth, channels doubling: on a CPU it looks at
some thousand pictures of 32 pixels a second and thread, so that minutes are many epochs. `resnet18` is He et al. 2016,
with the stem that is usual for pictures of up to 64 pixels: 3 × 3, no stride, no pooling (Chen et al. 2020, appendix
B.9). Batches are normalised (Ioffe & Szegedy 2015). Tasks show the net crops, patches and discoloured pictures;
features are of whole ones, and so, when all is learned, their own means and variances take the place of the tasks'
(`settled`): no picture's features depend on its batch.

Features are means of the map over quarters of the picture, 2 × 2: where things are counts a little.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets.cielab import lightness

CELLS = 2  # the map is pooled to so many each way
CALM = 0.5  # what is 0 to the nets: middle grey
SPREAD = 0.25  # and about how far pixels stray from there
BLOCKS = (64, 128, 256, 512)  # channels of resnet18's four stages, two blocks each
FINE = 64  # pixels of a side up to which resnet18 looks closely at once


@dataclass(frozen=True)
class Plan:
    """What a backbone is built from: its kind, the channels that it looks at, the longer side of pictures that it is
    meant for, and the channels after the first convolution of `small`."""

    resnet: bool
    channels: int
    side: int
    width: int

    @property
    def out(self) -> int:
        """Channels of the map."""
        return BLOCKS[-1] if self.resnet else 8 * self.width

    @property
    def features(self) -> int:
        """Numbers of a picture."""
        return self.out * CELLS**2

    @property
    def shrink(self) -> int:
        """Pixels of a picture, each way, for one place of the map."""
        return 8 if not self.resnet or self.side <= FINE else 32


class Backbone(nn.Module):
    """Pictures (n, channels, height, width), 0..1, to maps (n, out, about height / 8, about width / 8), 0 or more.

    One of a single channel is shown coloured pictures' lightness.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.layers = nn.Sequential(*(_resnet(plan) if plan.resnet else _small(plan)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        if pictures.shape[1] > self.plan.channels:
            pictures = lightness(pictures)
        out: torch.Tensor = self.layers((pictures - CALM) / SPREAD)
        return out

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        """(n, features)."""
        return pooled(self(pictures))


class Painter(nn.Module):
    """A backbone's way back: maps (n, out, h, w) to `channels` numbers for each pixel of a picture of `shape`.

    Kernels of 4 at strides of 2 reach every pixel equally often, and so leave no chequered pattern. It is narrow: the
    work is to be the backbone's, and as wide as that it would take twice its time.
    """

    def __init__(self, plan: Plan, shape: tuple[int, int], channels: int) -> None:
        super().__init__()
        self.shape = shape
        doublings = plan.shrink.bit_length() - 1
        wide = [max(16, plan.out >> (level + 1)) for level in range(doublings)]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
            for before, after in zip([plan.out, *wide[1:]], [*wide[1:], channels], strict=True)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        x = maps
        for number, level in enumerate(self.up):
            x = level(F.relu(x) if number else x)
        if x.shape[-2:] != self.shape:  # sides that are no multiple of eight
            x = F.interpolate(x, self.shape, mode="bilinear", align_corners=False)
        return x


class _Block(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.way = nn.Sequential(*_layer(before, after, 3, stride), *_layer(after, after, 3, 1)[:-1])
        same = before == after and stride == 1
        self.short = nn.Identity() if same else nn.Sequential(*_layer(before, after, 1, stride)[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.way(x) + self.short(x))


def _layer(before: int, after: int, kernel: int, stride: int) -> list[nn.Module]:
    padding = (kernel - 1) // 2
    convolution = nn.Conv2d(before, after, kernel, stride=stride, padding=padding, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU()]


def _small(plan: Plan) -> list[nn.Module]:
    first = _layer(plan.channels, plan.width, 4, 2)
    downs = [_layer(plan.width << level, plan.width << (level + 1), 4, 2) for level in range(2)]
    return [module for layer in (first, *downs, _layer(4 * plan.width, 8 * plan.width, 3, 1)) for module in layer]


def _resnet(plan: Plan) -> list[nn.Module]:
    fine = plan.side <= FINE
    stem = _layer(plan.channels, BLOCKS[0], 3 if fine else 7, 1 if fine else 2)
    if not fine:
        stem.append(nn.MaxPool2d(3, stride=2, padding=1))
    blocks: list[nn.Module] = []
    for number, (before, after) in enumerate(zip((BLOCKS[0], *BLOCKS), BLOCKS, strict=False)):
        blocks += [_Block(before, after, 2 if number else 1), _Block(after, after, 1)]
    return [*stem, *blocks]


def pooled(maps: torch.Tensor, cells: int = CELLS) -> torch.Tensor:
    """Means of maps (n, c, h, w) over `cells` × `cells` parts of the picture, (n, c cells²)."""
    return F.adaptive_avg_pool2d(maps, cells).flatten(1)


def settled(backbone: Backbone, pictures: Iterable[torch.Tensor]) -> None:
    """Normalise by the means and variances of these batches, instead of what training saw. Leaves it in `eval`."""
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
    backbone.train()
    with torch.no_grad():
        for some in pictures:
            backbone(some)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
    backbone.eval()

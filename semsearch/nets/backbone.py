"""The backbone that all self-supervised tasks share: images of 8 to 128 pixels to a feature map, and to features.

`small` has four convolutions to an eighth of the side, with doubling channels: on a CPU it processes some thousand
images of 32 pixels per second and thread, so that minutes are many epochs. `resnet18` is He et al. 2016, with the stem
that is usual for images of up to 64 pixels: 3 × 3, no stride, no pooling (Chen et al. 2020, appendix B.9). Both use
batch normalisation (Ioffe & Szegedy 2015). Tasks show the network crops, patches and recoloured images, but features
are of whole ones. So the statistics of batch normalisation are computed again on whole images after training
(`recalibrate_batch_norm`), and no image's features depend on its batch.

Features are means of the map over the quarters of the image, 2 × 2, so that they hold some position.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets.cielab import lightness

POOL_CELLS = 2  # cells each way that the map is averaged over
GREY_LEVEL = 0.5  # middle grey, which is 0 for the networks
PIXEL_STD = 0.25  # about the standard deviation of pixels, 0..1
RESNET_CHANNELS = (64, 128, 256, 512)  # of resnet18's four stages, two blocks each
FULL_RESOLUTION_SIDE = 64  # pixels, up to which resnet18's stem does not reduce the image


@dataclass(frozen=True)
class BackboneConfig:
    """What a backbone is built from. Stored models have these names.

    resnet    resnet18, else small
    channels  of the input: 3, or 1 for grey images and for the lightness of coloured ones
    side      longer side of the images, in pixels
    width     channels after the first convolution of `small`
    """

    resnet: bool
    channels: int
    side: int
    width: int

    @property
    def out(self) -> int:
        """Channels of the feature map."""
        return RESNET_CHANNELS[-1] if self.resnet else 8 * self.width

    @property
    def features(self) -> int:
        """Length of an image's feature vector."""
        return self.out * POOL_CELLS**2

    @property
    def shrink(self) -> int:
        """Pixels per cell of the feature map, each way."""
        return 8 if not self.resnet or self.side <= FULL_RESOLUTION_SIDE else 32


class Backbone(nn.Module):
    """Images (n, channels, height, width), 0..1, to maps (n, out, about height / 8, about width / 8), 0 or more.

    A backbone of one channel takes the lightness of coloured images.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(*(_resnet(config) if config.resnet else _small(config)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if images.shape[1] > self.config.channels:
            images = lightness(images)
        out: torch.Tensor = self.layers((images - GREY_LEVEL) / PIXEL_STD)
        return out

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """(n, features)."""
        return pool_map(self(images))


class MapDecoder(nn.Module):
    """Feature maps (n, out, h, w) of a backbone to `channels` numbers for each pixel of an image of `shape`.

    Kernels of 4 with strides of 2 reach every pixel equally often, and so leave no checkerboard artefacts. The decoder
    is narrow: the backbone is what is to learn, and a decoder of its width would take twice the time.
    """

    def __init__(self, config: BackboneConfig, shape: tuple[int, int], channels: int) -> None:
        super().__init__()
        self.shape = shape
        doublings = config.shrink.bit_length() - 1
        widths = [max(16, config.out >> (level + 1)) for level in range(doublings)]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)
            for before, after in zip([config.out, *widths[1:]], [*widths[1:], channels], strict=True)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        x = maps
        for number, conv in enumerate(self.up):
            x = conv(F.relu(x) if number else x)
        if x.shape[-2:] != self.shape:  # sides that are not multiples of eight
            x = F.interpolate(x, self.shape, mode="bilinear", align_corners=False)
        return x


class _ResidualBlock(nn.Module):
    """Two convolutions and a shortcut. Attributes are named as in stored models."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.way = nn.Sequential(*_conv_bn(before, after, 3, stride), *_conv_bn(after, after, 3, 1)[:-1])
        same = before == after and stride == 1
        self.short = nn.Identity() if same else nn.Sequential(*_conv_bn(before, after, 1, stride)[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.way(x) + self.short(x))


def _conv_bn(before: int, after: int, kernel: int, stride: int) -> list[nn.Module]:
    """Convolution, batch normalisation and ReLU."""
    padding = (kernel - 1) // 2
    convolution = nn.Conv2d(before, after, kernel, stride=stride, padding=padding, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU()]


def _small(config: BackboneConfig) -> list[nn.Module]:
    width = config.width
    first = _conv_bn(config.channels, width, 4, 2)
    downs = [_conv_bn(width << level, width << (level + 1), 4, 2) for level in range(2)]
    return [module for layer in (first, *downs, _conv_bn(4 * width, 8 * width, 3, 1)) for module in layer]


def _resnet(config: BackboneConfig) -> list[nn.Module]:
    channels, keeps_size = RESNET_CHANNELS, config.side <= FULL_RESOLUTION_SIDE
    stem = _conv_bn(config.channels, channels[0], 3 if keeps_size else 7, 1 if keeps_size else 2)
    if not keeps_size:
        stem.append(nn.MaxPool2d(3, stride=2, padding=1))
    blocks: list[nn.Module] = []
    for number, (before, after) in enumerate(zip((channels[0], *channels), channels, strict=False)):
        blocks += [_ResidualBlock(before, after, 2 if number else 1), _ResidualBlock(after, after, 1)]
    return [*stem, *blocks]


def pool_map(maps: torch.Tensor, cells: int = POOL_CELLS) -> torch.Tensor:
    """Means of maps (n, c, h, w) over `cells` × `cells` cells, (n, c cells²)."""
    return F.adaptive_avg_pool2d(maps, cells).flatten(1)


def recalibrate_batch_norm(backbone: Backbone, batches: Iterable[torch.Tensor]) -> None:
    """Replaces the statistics of batch normalisation by those of these batches of images. Leaves it in `eval` mode."""
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over batches
    backbone.train()
    with torch.no_grad():
        for images in batches:
            backbone(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    backbone.eval()

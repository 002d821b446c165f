"""The pretext task of `inpainting`: masked blocks of an image are predicted from the backbone's feature map.

The error of the prediction is reported next to that of a mean, which needs no learning.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets import augment
from semsearch.nets.autoencoder import to_bytes
from semsearch.nets.backbone import GREY_LEVEL, Backbone, BackboneConfig, MapDecoder
from semsearch.records import Quiz


class Inpainting(nn.Module):
    """The loss is the mean squared error of masked pixels, 0..1; without a mask that of all pixels: an autoencoder.

    shape       height and width of crops
    mask_ratio  share of the blocks that is masked with grey; 0 for none
    block       side of a block, in pixels
    min_crop    smallest crop, as a share of the image's area
    """

    def __init__(
        self, config: BackboneConfig, shape: tuple[int, int], mask_ratio: float, block: int, min_crop: float
    ) -> None:
        super().__init__()
        self.mask_ratio, self.block, self.min_crop = mask_ratio, block, min_crop
        self.paint = MapDecoder(config, shape, config.channels)  # `paint` is the name in stored models

    def loss(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        """Random crops in training, whole images in evaluation. The latter also gives the `error`, and the error of
        the `mean` of the visible pixels around each masked one."""
        if self.training:
            images = augment.crops(images, draw, self.paint.shape, min_crop=self.min_crop)
        masked, scored = self._mask(images, draw)
        loss = mean_squared_error(self._predict(backbone, images, masked), images, scored).mean()
        if self.training:
            return {"loss": loss}
        baseline = visible_mean(images, masked, self.block)
        return {"loss": loss, "error": loss, "mean": mean_squared_error(baseline, images, scored).mean()}

    def quiz(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """The masked image, the image with the prediction in the masked blocks, and the image itself."""
        masked, scored = self._mask(images, draw)
        predicted = self._predict(backbone, images, masked).clamp(0, 1)
        baselines = mean_squared_error(visible_mean(images, masked, self.block), images, scored).tolist()
        errors = mean_squared_error(predicted, images, scored).tolist()
        shown = (torch.where(masked, GREY_LEVEL, images), torch.where(scored, predicted, images), images)
        inputs, outputs, targets = map(to_bytes, shown)
        return [
            Quiz(inputs[row], outputs[row], targets[row], error=error, baseline_error=baseline)
            for row, (error, baseline) in enumerate(zip(errors, baselines, strict=True))
        ]

    def _predict(self, backbone: Backbone, images: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w), about 0..1."""
        out: torch.Tensor = self.paint(backbone(torch.where(masked, GREY_LEVEL, images))) + GREY_LEVEL
        return out

    def _mask(self, images: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Which pixels are masked, and which the loss is computed on, (n, 1, h, w) each."""
        masked = block_mask(images, draw, self.mask_ratio, self.block)
        return masked, masked if self.mask_ratio else torch.ones_like(masked)


def block_mask(images: torch.Tensor, draw: torch.Generator, ratio: float, side: int) -> torch.Tensor:
    """Whether each pixel of images (n, c, h, w) is masked, (n, 1, h, w): about `ratio` of the blocks of this side, on a
    grid that is shifted at random in each image."""
    n, _, height, width = images.shape
    device = images.device
    rows, columns = ((length + 2 * side - 2) // side for length in (height, width))  # that a shifted grid may touch
    cells = rows * columns
    n_masked = max(1, min(cells - 1, round(ratio * cells))) if ratio else 0
    rank = torch.rand(n, cells, generator=draw, device=device).argsort(dim=1).argsort(dim=1)
    down, right = (torch.randint(0, side, (n, 1), generator=draw, device=device) for _ in range(2))
    row = (torch.arange(height, device=device) + down) // side
    column = (torch.arange(width, device=device) + right) // side
    cell = row[:, :, None] * columns + column[:, None, :]
    return (rank.gather(1, cell.flatten(1)) < n_masked).view(n, 1, height, width)


def visible_mean(images: torch.Tensor, masked: torch.Tensor, reach: int) -> torch.Tensor:
    """The mean of the visible pixels up to `reach` pixels away each way, for each pixel of images (n, c, h, w); the
    mean of all visible ones if none is that near. Without a mask, the mean of the image."""
    visible = (~masked).float()
    overall = (images * visible).sum((2, 3), keepdim=True) / visible.sum((2, 3), keepdim=True).clamp(min=1)
    if not masked.any():
        return overall.expand_as(images)
    share = _box_mean(visible, reach)
    near = _box_mean(images * visible, reach) / share.clamp(min=1e-6)
    return torch.where(share > 1e-6, near, overall)


def _box_mean(values: torch.Tensor, reach: int) -> torch.Tensor:
    return F.avg_pool2d(values, 2 * reach + 1, stride=1, padding=reach)


def mean_squared_error(predicted: torch.Tensor, images: torch.Tensor, scored: torch.Tensor) -> torch.Tensor:
    """(n,) for images (n, c, h, w), 0..1, over the pixels that are `scored` (n, 1, h, w)."""
    squares = ((predicted - images) ** 2).mean(1, keepdim=True) * scored
    return squares.sum((1, 2, 3)) / scored.sum((1, 2, 3)).clamp(min=1)

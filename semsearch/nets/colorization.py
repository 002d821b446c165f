"""The pretext task of `colorization`: from the lightness of an image, which colour has each part of it?

A colour is a class: a square of CIELAB's a and b (nets/cielab.py). It is predicted at twice the resolution of the
feature map, because neighbours share a colour. Rare colours have more weight, because most pixels are nearly grey. The
loss and the constants are those of Zhang, Isola & Efros 2016, "Colorful Image Colorization", but the frequencies of
colours are counted during training.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets import augment, cielab
from semsearch.nets.autoencoder import to_bytes
from semsearch.nets.backbone import Backbone, BackboneConfig
from semsearch.records import Quiz

SOFT_CLASSES = 5  # nearest squares that share a colour, by a Gaussian of SIGMA
SIGMA = 5.0  # in a and b
UNIFORM_SHARE = 0.5  # of the uniform distribution, mixed into the frequencies that class weights are computed from
TABLE_STEP = 2  # of the table in which the nearest squares are looked up, in a and b: less than half of SIGMA
TABLE_RANGE = 130  # of a and b in the table, each way
# How far class weights are removed from the predictions that are shown. At 1 the expected colour has the lowest error
# and is nearly grey, at 0 it is vivid. On CIFAR-10 after 456 steps: 85 % and 97 % of the error of the mean colour, at
# 40 % and 88 % of the true saturation. Half-way it is 86 % at 59 %; the annealed mean of Zhang et al. is 97 % at 73 %.
SHOWN_REWEIGHTING = 0.5


class Colorization(nn.Module):
    """The pretext task on images (n, 3, h, w); the backbone has one channel and sees their lightness.

    shape     height and width of crops
    min_crop  smallest crop, as a share of the image's area

    `tell` and `met` are the names in stored models.
    """

    squares: torch.Tensor  # (q, 2) centres of the classes, in a and b
    kernel: torch.Tensor  # (q, q) Gaussian smoothing of frequencies over neighbouring classes
    near: torch.Tensor  # (t, SOFT_CLASSES) the table: the nearest classes of a colour
    share: torch.Tensor  # (t, SOFT_CLASSES) and the share of each
    met: torch.Tensor  # (q,) frequencies so far, in pixels

    def __init__(self, config: BackboneConfig, shape: tuple[int, int], min_crop: float) -> None:
        super().__init__()
        self.shape, self.min_crop = shape, min_crop
        squares = cielab.squares()
        hidden = max(16, config.out // 4)
        self.tell = nn.Sequential(
            nn.ConvTranspose2d(config.out, hidden, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden, len(squares), 1),
        )
        kernel = torch.exp(-(torch.cdist(squares, squares) ** 2) / (2 * SIGMA**2))
        side = torch.arange(-TABLE_RANGE, TABLE_RANGE + 1, TABLE_STEP).float()
        distance, near = torch.cdist(torch.cartesian_prod(side, side), squares).topk(SOFT_CLASSES, largest=False)
        share = torch.softmax(-(distance**2) / (2 * SIGMA**2), dim=1)
        kernel = kernel / kernel.sum(1, keepdim=True)
        for name, buffer in (("squares", squares), ("kernel", kernel), ("near", near), ("share", share)):
            self.register_buffer(name, buffer, persistent=False)  # constants: not stored with the model
        self.register_buffer("met", torch.zeros(len(squares)))

    def loss(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        """Random crops in training, whole images in evaluation. The latter also gives `error`, the mean squared
        distance in a and b of the expected colour, and that of the `mean` colour of the training images."""
        if self.training:
            images = augment.crops(images, draw, self.shape, min_crop=self.min_crop)
        scores, colours = self._scores(backbone, images)
        near, share = self._soft_classes(colours)
        if self.training:
            self.met.index_add_(0, near.flatten(), share.flatten().to(self.met.dtype))
        cross_entropy = -(share * F.log_softmax(scores.float(), dim=1).gather(1, near)).sum(1)
        values = {"loss": (self.class_weights()[near[:, 0]] * cross_entropy).mean()}
        if not self.training:
            values["error"] = squared_distance(self._expected(scores), colours).mean()
            values["mean"] = squared_distance(self._mean_colour(colours), colours).mean()
        return values

    def quiz(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """The grey image, the image in predicted colours, and the image itself."""
        scores, colours = self._scores(backbone, images)
        predicted = self._expected(scores, SHOWN_REWEIGHTING)
        errors = squared_distance(predicted, colours).tolist()
        baselines = squared_distance(self._mean_colour(colours), colours).tolist()
        lightness = 100 * cielab.lightness(images)
        enlarged = F.interpolate(predicted, images.shape[-2:], mode="bilinear", align_corners=False)
        grey = torch.cat([lightness, torch.zeros_like(enlarged)], dim=1)
        coloured = torch.cat([lightness, enlarged], dim=1)
        inputs, outputs, targets = map(to_bytes, (cielab.rgb(grey), cielab.rgb(coloured), images))
        return [
            Quiz(inputs[row], outputs[row], targets[row], error=error, baseline_error=baseline)
            for row, (error, baseline) in enumerate(zip(errors, baselines, strict=True))
        ]

    def class_weights(self) -> torch.Tensor:
        """(q,) weights of the classes, 1 on average over pixels: inverse to their smoothed frequencies so far."""
        frequency = self.met / self.met.sum().clamp(min=1) @ self.kernel
        weights = 1 / ((1 - UNIFORM_SHARE) * frequency + UNIFORM_SHARE / len(frequency))
        if not self.met.any():
            return torch.ones_like(weights)
        return weights / (weights * frequency).sum().clamp(min=1e-12)

    def _scores(self, backbone: Backbone, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Class scores (n, q, y, x), and the true colours at the same places (n, 2, y, x)."""
        scores: torch.Tensor = self.tell(backbone(images))
        return scores, F.adaptive_avg_pool2d(cielab.lab(images)[:, 1:], scores.shape[-2:])

    def _soft_classes(self, colours: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest classes of colours (n, 2, y, x), nearest first, and their shares, (n, SOFT_CLASSES, y, x)."""
        steps = 2 * TABLE_RANGE // TABLE_STEP
        a, b = ((colours + TABLE_RANGE) / TABLE_STEP).round().long().clamp(0, steps).unbind(1)
        rows = a * (steps + 1) + b
        return self.near[rows].movedim(-1, 1), self.share[rows].movedim(-1, 1)

    def _expected(self, scores: torch.Tensor, reweighting: float = 1.0) -> torch.Tensor:
        """The expected colour (n, 2, y, x), with class weights removed from the scores to this power."""
        logits = torch.log_softmax(scores.float(), dim=1) - reweighting * self.class_weights().log()[:, None, None]
        return torch.einsum("nqyx,qc->ncyx", torch.softmax(logits, dim=1), self.squares)

    def _mean_colour(self, like: torch.Tensor) -> torch.Tensor:
        """The mean colour of the training images, in the shape of `like` (n, 2, y, x)."""
        return (self.met @ self.squares / self.met.sum().clamp(min=1))[None, :, None, None].expand_as(like)


def squared_distance(predicted: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
    """The mean squared distance in a and b over the places of each image, (n,)."""
    return ((predicted - colours) ** 2).sum(1).mean((1, 2))

"""The pretext task of `contrastive`: two augmented views of an image are alike, those of different images are not.

    views        two random crops of each image, mirrored at random, with random colours, some grey
    projections  the mean of the feature map, through two layers to 128 numbers: views are compared by these

Two losses. `simclr` classifies the other view of the same image among all views of the batch (Chen et al. 2020, "A
Simple Framework for Contrastive Learning of Visual Representations"). `vicreg` has no negatives. Its variance and
covariance terms prevent collapse (Bardes, Ponce & LeCun 2022, "VICReg").
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets import augment
from semsearch.nets.autoencoder import to_bytes
from semsearch.nets.backbone import Backbone, BackboneConfig, pool_map
from semsearch.records import Quiz

HIDDEN_UNITS, PROJECTION_DIM = 512, 128
INVARIANCE_WEIGHT, VARIANCE_WEIGHT, COVARIANCE_WEIGHT = 25.0, 25.0, 1.0  # of vicreg's terms, as published


class Contrastive(nn.Module):
    """The pretext task.

    size          height and width of views
    temperature   of simclr; None for vicreg
    min_crop      smallest crop, as a share of the image's area
    color_jitter  strength of the colour jitter; 0 for none
    """

    def __init__(
        self,
        config: BackboneConfig,
        size: tuple[int, int],
        *,
        temperature: float | None,
        min_crop: float,
        color_jitter: float,
    ) -> None:
        super().__init__()
        self.size, self.temperature, self.min_crop, self.color_jitter = size, temperature, min_crop, color_jitter
        self.project = nn.Sequential(
            nn.Linear(config.out, HIDDEN_UNITS, bias=False),
            nn.BatchNorm1d(HIDDEN_UNITS),
            nn.ReLU(),
            nn.Linear(HIDDEN_UNITS, PROJECTION_DIM),
        )

    def views(self, images: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
        """Augmented images: (n, c, h, w) to (n, c, *size)."""
        crops = augment.crops(images, draw, self.size, min_crop=self.min_crop)
        strength = self.color_jitter
        if not strength:
            return crops
        return augment.color_jittered(crops, draw, strength=strength, hue=strength / 4, grey=strength / 2)

    def projections(self, backbone: Backbone, images: torch.Tensor) -> torch.Tensor:
        """(n, 128)."""
        out: torch.Tensor = self.project(pool_map(backbone(images), 1))
        return out

    def loss(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        views = self.views(torch.cat([images, images]), draw)  # both at once: half as many GPU calls
        first, second = self.projections(backbone, views).float().chunk(2)
        nearest = nearest_rows(first.detach(), second.detach())
        with torch.autocast(first.device.type, enabled=False):  # cosines over a temperature need full precision
            if self.temperature is None:
                values = {"loss": vicreg(first, second)}
            else:
                values = {"loss": simclr(first, second, self.temperature)}
        values["accuracy"] = (nearest == torch.arange(len(nearest), device=nearest.device)).float().mean()
        return values if self.training else values | {"chance": first.new_tensor(1 / len(nearest))}

    def quiz(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """A view, the nearest of the second views of all these images, and the second view of the same image."""
        first, second = self.views(images, draw), self.views(images, draw)
        nearest = nearest_rows(self.projections(backbone, first), self.projections(backbone, second)).tolist()
        inputs, candidates = to_bytes(first), to_bytes(second)
        return [
            Quiz(
                inputs[row],
                candidates[guess],
                candidates[row],
                f"of image {guess + 1}",
                f"of image {row + 1}",
                guess == row,
            )
            for row, guess in enumerate(nearest)
        ]


def nearest_rows(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """For each row of `first` (n, d) the number of the row of `second` (n, d) with the highest cosine, (n,)."""
    return (F.normalize(first, dim=1) @ F.normalize(second, dim=1).T).argmax(1)


def simclr(first: torch.Tensor, second: torch.Tensor, temperature: float) -> torch.Tensor:
    """NT-Xent of two views' projections (n, d).

    For each view it is the cross-entropy of the other view of the same image among the 2n - 1 others, by the softmax of
    cosine / temperature.
    """
    z = F.normalize(torch.cat([first, second]), dim=1)
    similarity = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    n = len(first)
    other_view = torch.arange(2 * n, device=z.device).roll(n)
    return F.cross_entropy(similarity, other_view)


def vicreg(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """VICReg of two views' projections (n, d), n ≥ 2: the weighted sum of their mean squared difference, of how far
    each standard deviation is below 1, and of the squared covariances of different columns, over d."""
    invariance = F.mse_loss(first, second)
    variance, covariance = first.new_zeros(()), first.new_zeros(())
    for z in (first, second):
        z = z - z.mean(0)
        matrix = z.T @ z / (len(z) - 1)
        diagonal = matrix.diagonal()
        variance = variance + F.relu(1 - (diagonal + 1e-4).sqrt()).mean() / 2
        covariance = covariance + (matrix.square().sum() - diagonal.square().sum()) / z.shape[1]
    return INVARIANCE_WEIGHT * invariance + VARIANCE_WEIGHT * variance + COVARIANCE_WEIGHT * covariance

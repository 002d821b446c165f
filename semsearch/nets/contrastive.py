"""Contrast: two views of a picture belong together, those of different pictures do not.

    views       two crops of each picture, mirrored or not, each in colours of its own, some without any
    projected   the mean of each one's map goes through two layers to 128 numbers, in which views are compared

Two losses, each a function of both views' projections: `simclr` sets each view its twin to find among all others of the
step (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations"); `vicreg` has no
negatives: twins are to be near, and that not all end at one point is asked for directly, by the variance of each number
and the covariance of any two (Bardes, Ponce & LeCun 2022, "VICReg").
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets import augment
from semsearch.nets.autoencoder import bytes_of
from semsearch.nets.backbone import Backbone, Plan, pooled
from semsearch.records import Quiz

HIDDEN, PROJECTED = 512, 128
ALIKE, SPREAD, APART = 25.0, 25.0, 1.0  # weights of vicreg's three terms, as published


class Contrast(nn.Module):
    """The game. `temperature` is simclr's; at 0 the loss is vicreg."""

    def __init__(self, plan: Plan, size: tuple[int, int], temperature: float, least: float, colour: float) -> None:
        super().__init__()
        self.size, self.temperature, self.least, self.colour = size, temperature, least, colour
        self.project = nn.Sequential(
            nn.Linear(plan.out, HIDDEN, bias=False),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, PROJECTED),
        )

    def views(self, pictures: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
        """(n, c, h, w) to (n, c, *size)."""
        cut = augment.crops(pictures, draw, self.size, least=self.least)
        if not self.colour:
            return cut
        return augment.colours(cut, draw, strength=self.colour, hue=self.colour / 4, grey=self.colour / 2)

    def projected(self, backbone: Backbone, pictures: torch.Tensor) -> torch.Tensor:
        """(n, 128)."""
        out: torch.Tensor = self.project(pooled(backbone(pictures), 1))
        return out

    def loss(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        both = self.views(torch.cat([pictures, pictures]), draw)  # at once: half as many calls of a GPU
        one, other = self.projected(backbone, both).float().chunk(2)
        told = twins(one.detach(), other.detach())
        with torch.autocast(one.device.type, enabled=False):  # a cosine over a temperature wants all its digits
            found = {"loss": simclr(one, other, self.temperature) if self.temperature else vicreg(one, other)}
        found["accuracy"] = (told == torch.arange(len(told), device=told.device)).float().mean()
        return found if self.training else found | {"chance": one.new_tensor(1 / len(told))}

    def quiz(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """Which of the other views is of the same picture? Asked among those of all these pictures."""
        one, other = self.views(pictures, draw), self.views(pictures, draw)
        told = twins(self.projected(backbone, one), self.projected(backbone, other)).tolist()
        given, candidates = bytes_of(one), bytes_of(other)
        return [
            Quiz(
                given[row],
                candidates[said],
                candidates[row],
                f"of picture {said + 1}",
                f"of picture {row + 1}",
                said == row,
            )
            for row, said in enumerate(told)
        ]


def twins(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Of each of (n, d), the number of the nearest of `other` (n, d) by cosine, (n,)."""
    return (F.normalize(one, dim=1) @ F.normalize(other, dim=1).T).argmax(1)


def simclr(one: torch.Tensor, other: torch.Tensor, temperature: float) -> torch.Tensor:
    """NT-Xent of two views' projections (n, d): the cross-entropy of finding each one's twin among the 2n − 1 others by
    cosine / temperature."""
    z = F.normalize(torch.cat([one, other]), dim=1)
    alike = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    n = len(one)
    twin = torch.arange(2 * n, device=z.device).roll(n)
    return F.cross_entropy(alike, twin)


def vicreg(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Of two views' projections (n, d), n ≥ 2: their mean squared difference, how far each number's standard deviation
    is below 1, and the squares of covariances of different numbers, over d."""
    alike = F.mse_loss(one, other)
    spread, apart = one.new_zeros(()), one.new_zeros(())
    for z in (one, other):
        z = z - z.mean(0)
        covariance = z.T @ z / (len(z) - 1)
        variance = covariance.diagonal()
        spread = spread + F.relu(1 - (variance + 1e-4).sqrt()).mean() / 2
        apart = apart + (covariance.square().sum() - variance.square().sum()) / z.shape[1]
    return ALIKE * alike + SPREAD * spread + APART * apart

"""The game of colouring: from the lightness of a picture, which colour has each part of it?

An answer is a class of colours, a square of CIELAB's a and b (nets.colour), told for places of half the size of the
backbone's: a colour is shared by neighbours. Rare colours count more, since most pixels are nearly grey.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets import augment, cielab
from semsearch.nets.autoencoder import bytes_of
from semsearch.nets.backbone import Backbone, Plan
from semsearch.records import Quiz

NEAR = 5  # squares that a colour is shared among, by a Gaussian of SPREAD
SPREAD = 5.0
EVEN = 0.5  # how far the weights of squares are those of an even spread of colours
TABLE = 2  # step of the table in which the squares near a colour are looked up: less than half of SPREAD
FAR = 130  # a and b that the table reaches to, each way
# How far the weights of colours are taken out of what is shown. At 1 the mean is nearest and nearly grey, at 0 vivid:
# of CIFAR-10, after 456 steps, 85 % and 97 % of the error of the mean colour at 40 % and 88 % of the true saturation.
# Half-way it is 86 % at 59 %; the annealed mean of Zhang et al. is 97 % at 73 %.
SHOWN = 0.5


class Colouring(nn.Module):
    """Pictures (n, 3, h, w); the backbone, of one channel, sees their lightness. These constants, and the loss, are
    those of Zhang, Isola & Efros 2016, "Colorful Image Colorization", but that how often a colour is met is counted
    while it learns."""

    bins: torch.Tensor
    alike: torch.Tensor
    near: torch.Tensor
    share: torch.Tensor
    met: torch.Tensor

    def __init__(self, plan: Plan, shape: tuple[int, int], least: float) -> None:
        super().__init__()
        self.shape, self.least = shape, least
        bins = cielab.squares()
        hidden = max(16, plan.out // 4)
        self.tell = nn.Sequential(
            nn.ConvTranspose2d(plan.out, hidden, 4, stride=2, padding=1), nn.ReLU(), nn.Conv2d(hidden, len(bins), 1)
        )
        alike = torch.exp(-(torch.cdist(bins, bins) ** 2) / (2 * SPREAD**2))
        side = torch.arange(-FAR, FAR + 1, TABLE).float()
        apart, near = torch.cdist(torch.cartesian_prod(side, side), bins).topk(NEAR, largest=False)
        share = torch.softmax(-(apart**2) / (2 * SPREAD**2), dim=1)
        for name, made in (
            ("bins", bins),
            ("alike", alike / alike.sum(1, keepdim=True)),
            ("near", near),
            ("share", share),
        ):
            self.register_buffer(name, made, persistent=False)  # the same for all pictures: not kept with the model
        self.register_buffer("met", torch.zeros(len(bins)))

    def loss(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        """Crops are learned from, whole pictures judged: those with `error`, the mean squared distance in a and b of
        what it believes on the whole, beside that of the `mean` colour of what it learned from."""
        if self.training:
            pictures = augment.crops(pictures, draw, self.shape, least=self.least)
        scores, colours = self._asked(backbone, pictures)
        near, share = self._squares(colours)
        if self.training:
            self.met.index_add_(0, near.flatten(), share.flatten().to(self.met.dtype))
        unlikely = -(share * F.log_softmax(scores.float(), dim=1).gather(1, near)).sum(1)
        found = {"loss": (self.weights()[near[:, 0]] * unlikely).mean()}
        if not self.training:
            found["error"] = distance(self._believed(scores), colours).mean()
            found["mean"] = distance(self._mean(colours), colours).mean()
        return found

    def quiz(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """The picture in grey, as it was coloured, and as it is."""
        scores, colours = self._asked(backbone, pictures)
        told = self._believed(scores, SHOWN)
        off, plain = (distance(some, colours).tolist() for some in (told, self._mean(colours)))
        light = 100 * cielab.lightness(pictures)
        fine = F.interpolate(told, pictures.shape[-2:], mode="bilinear", align_corners=False)
        grey = torch.cat([light, torch.zeros_like(fine)], dim=1)
        given, said = (bytes_of(cielab.rgb(some)) for some in (grey, torch.cat([light, fine], dim=1)))
        truth = bytes_of(pictures)
        return [
            Quiz(given[at], said[at], truth[at], error=mine, baseline_error=other)
            for at, (mine, other) in enumerate(zip(off, plain, strict=True))
        ]

    def weights(self) -> torch.Tensor:
        """How much each square counts, (q,), 1 on the mean over pixels: rare colours more, by how often they, and
        colours near them, were met so far."""
        often = self.met / self.met.sum().clamp(min=1) @ self.alike
        weights = 1 / ((1 - EVEN) * often + EVEN / len(often))
        return weights / (weights * often).sum().clamp(min=1e-12) if self.met.any() else torch.ones_like(weights)

    def _asked(self, backbone: Backbone, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores (n, q, y, x) of the places of pictures, and what colour they have, (n, 2, y, x)."""
        scores: torch.Tensor = self.tell(backbone(pictures))
        return scores, F.adaptive_avg_pool2d(cielab.lab(pictures)[:, 1:], scores.shape[-2:])

    def _squares(self, colours: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The squares near colours (n, 2, y, x), nearest first, and what share each has, (n, NEAR, y, x) both."""
        a, b = ((colours + FAR) / TABLE).round().long().clamp(0, 2 * FAR // TABLE).unbind(1)
        rows = a * (2 * FAR // TABLE + 1) + b
        return self.near[rows].movedim(-1, 1), self.share[rows].movedim(-1, 1)

    def _believed(self, scores: torch.Tensor, out: float = 1.0) -> torch.Tensor:
        """The mean colour by what is believed, (n, 2, y, x), the weights of colours taken out as far as `out` says."""
        likely = torch.log_softmax(scores.float(), dim=1) - out * self.weights().log()[:, None, None]
        return torch.einsum("nqyx,qc->ncyx", torch.softmax(likely, dim=1), self.bins)

    def _mean(self, like: torch.Tensor) -> torch.Tensor:
        """The mean colour of what was met, as (1, 2, 1, 1)."""
        return (self.met @ self.bins / self.met.sum().clamp(min=1))[None, :, None, None].expand_as(like)


def distance(told: torch.Tensor, colours: torch.Tensor) -> torch.Tensor:
    """The mean squared distance in a and b of each picture's places, (n,)."""
    return ((told - colours) ** 2).sum(1).mean((1, 2))

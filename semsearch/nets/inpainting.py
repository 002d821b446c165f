"""Games whose answers are pictures: what was taken from one is to be painted back, from the backbone's map.

An answer is more or less right: how far it is off stands beside how far a mean would be, which takes no learning.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets import augment
from semsearch.nets.autoencoder import bytes_of
from semsearch.nets.backbone import CALM, Backbone, Painter, Plan
from semsearch.records import Quiz


class Inpainting(nn.Module):
    """What is in the holes? A share `hole` of a picture's blocks, of `block` pixels each way, is hidden in grey.

    The loss is the mean squared error where nothing was seen, pixels 0..1. Without holes all of the picture is to come
    back, which makes it an autoencoder.
    """

    def __init__(self, plan: Plan, shape: tuple[int, int], hole: float, block: int, least: float) -> None:
        super().__init__()
        self.hole, self.block, self.least = hole, block, least
        self.paint = Painter(plan, shape, plan.channels)

    def loss(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        """Crops are learned from, whole pictures judged: those with the `error`, beside that of the `mean` of what
        is seen around each pixel."""
        if self.training:
            pictures = augment.crops(pictures, draw, self.paint.shape, least=self.least)
        hidden = self._hidden(pictures, draw)
        asked = hidden if self.hole else torch.ones_like(hidden)
        loss = error(self._painted(backbone, pictures, hidden), pictures, asked).mean()
        if self.training:
            return {"loss": loss}
        around = surroundings(pictures, hidden, self.block)
        return {"loss": loss, "error": loss, "mean": error(around, pictures, asked).mean()}

    def quiz(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """The picture with its holes, with what was painted into them, and as it is."""
        hidden = self._hidden(pictures, draw)
        asked = hidden if self.hole else torch.ones_like(hidden)
        painted = self._painted(backbone, pictures, hidden).clamp(0, 1)
        plain = error(surroundings(pictures, hidden, self.block), pictures, asked).tolist()
        off = error(painted, pictures, asked).tolist()
        shown = (torch.where(hidden, CALM, pictures), torch.where(asked, painted, pictures), pictures)
        given, said, truth = map(bytes_of, shown)
        return [
            Quiz(given[at], said[at], truth[at], error=mine, baseline_error=other)
            for at, (mine, other) in enumerate(zip(off, plain, strict=True))
        ]

    def _painted(self, backbone: Backbone, pictures: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.paint(backbone(torch.where(hidden, CALM, pictures))) + CALM
        return out

    def _hidden(self, pictures: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
        return blocks(pictures, draw, self.hole, self.block)


def blocks(pictures: torch.Tensor, draw: torch.Generator, share: float, side: int) -> torch.Tensor:
    """Whether each pixel of pictures (n, c, h, w) is hidden, (n, 1, h, w): about `share` of blocks, on a grid whose
    place is another in each picture."""
    n, _, height, across = pictures.shape
    where = pictures.device
    rows, columns = ((length + 2 * side - 2) // side for length in (height, across))  # that a shifted grid may touch
    cells = rows * columns
    most = max(1, min(cells - 1, round(share * cells))) if share else 0
    rank = torch.rand(n, cells, generator=draw, device=where).argsort(dim=1).argsort(dim=1)
    down, along = (torch.randint(0, side, (n, 1), generator=draw, device=where) for _ in range(2))
    row = (torch.arange(height, device=where) + down) // side
    column = (torch.arange(across, device=where) + along) // side
    cell = row[:, :, None] * columns + column[:, None, :]
    return (rank.gather(1, cell.flatten(1)) < most).view(n, 1, height, across)


def surroundings(pictures: torch.Tensor, hidden: torch.Tensor, reach: int) -> torch.Tensor:
    """What pictures (n, c, h, w) would be if each hidden pixel had the mean colour of those seen up to `reach` pixels
    away each way, or of all seen where there is none so near. Where nothing is hidden, each has the picture's mean."""
    seen = (~hidden).float()
    whole = (pictures * seen).sum((2, 3), keepdim=True) / seen.sum((2, 3), keepdim=True).clamp(min=1)
    if not hidden.any():
        return whole.expand_as(pictures)
    share = _around(seen, reach)
    near = _around(pictures * seen, reach) / share.clamp(min=1e-6)
    return torch.where(share > 1e-6, near, whole)


def _around(values: torch.Tensor, reach: int) -> torch.Tensor:
    return F.avg_pool2d(values, 2 * reach + 1, stride=1, padding=reach)


def error(made: torch.Tensor, pictures: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
    """The mean squared error of each picture (n, c, h, w), pixels 0..1, where it was `asked` (n, 1, h, w): (n,)."""
    squares = ((made - pictures) ** 2).mean(1, keepdim=True) * asked
    return squares.sum((1, 2, 3)) / asked.sum((1, 2, 3)).clamp(min=1)

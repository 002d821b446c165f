"""Puzzles of patches: where two of them lie to each other, and in which order the tiles of a grid belong.

Doersch, Gupta & Efros 2015, "Unsupervised Visual Representation Learning by Context Prediction"; Noroozi & Favaro
2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
import torch

from semsearch.arrays import IntArray
from semsearch.nets import augment
from semsearch.nets.backbone import CALM, Plan
from semsearch.nets.puzzle import Puzzle

# Down and along from the first patch to the second; the first four are the lecture's.
WHERE = {
    "above": (-1, 0),
    "right": (0, 1),
    "below": (1, 0),
    "left": (0, -1),
    "above right": (-1, 1),
    "below right": (1, 1),
    "below left": (1, -1),
    "above left": (-1, -1),
}
NAMES = tuple(WHERE)


@dataclass(frozen=True)
class Cut:
    """How patches are cut: their side, the gap between two, and how far each strays from its place at most, in pixels;
    the share of patches without colour."""

    side: int
    gap: int
    jitter: int
    drop: float


class Patches(Puzzle):
    """Where does the second patch lie, seen from the first? Both are cut from anywhere in the picture."""

    def __init__(self, plan: Plan, cut: Cut, directions: int) -> None:
        super().__init__(plan, 2, directions)
        self.cut = cut
        self.register_buffer("ways", torch.tensor(list(WHERE.values())[:directions]), persistent=False)

    def ask(self, pictures: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        n, _, height, across = pictures.shape
        cut, here = self.cut, pictures.device
        right = torch.randint(len(self.ways), (n,), generator=draw, device=here)
        stray = torch.randint(-cut.jitter, cut.jitter + 1, (n, 2), generator=draw, device=here)
        way = self.ways[right] * (cut.side + cut.gap) + stray
        room = torch.tensor([height - cut.side, across - cut.side], device=here)
        low, high = (-way).clamp(min=0), room - way.clamp(min=0)  # both patches lie within the picture
        first = low + (torch.rand(n, 2, generator=draw, device=here) * (high - low + 1)).long().clamp(max=high - low)
        places = torch.stack([first, first + way], 1).flatten(0, 1)
        parts = augment.windows(pictures.repeat_interleave(2, 0), places[:, 0], places[:, 1], (cut.side, cut.side))
        return augment.drained(parts, draw, cut.drop).unflatten(0, (n, 2)), right

    def given(self, parts: torch.Tensor) -> torch.Tensor:
        """Side by side, as high as what is made of them."""
        side, blank = self.cut.side, _blank(parts, 3 * self.cut.side)
        blank[..., side : 2 * side, :side] = parts[:, 0]
        blank[..., side : 2 * side, 2 * side :] = parts[:, 1]
        return blank

    def solved(self, parts: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        """The first in the middle, the second beside it where the answer says."""
        side, blank = self.cut.side, _blank(parts, 3 * self.cut.side)
        blank[..., side : 2 * side, side : 2 * side] = parts[:, 0]
        for row, (down, along) in enumerate(self.ways[answers].tolist()):
            top, left = side * (1 + down), side * (1 + along)
            blank[row, :, top : top + side, left : left + side] = parts[row, 1]
        return blank

    def words(self, answer: int) -> str:
        return NAMES[answer]


class Jigsaw(Puzzle):
    """Which of some permutations were the tiles of a grid brought into? Tiles are cut from anywhere in their cells."""

    def __init__(self, plan: Plan, cut: Cut, grid: int, orders: int) -> None:
        super().__init__(plan, grid**2, orders)
        self.cut, self.grid = cut, grid
        self.register_buffer("orders", torch.from_numpy(far_apart(grid**2, orders)))

    def ask(self, pictures: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        n, _, height, across = pictures.shape
        here, tiles, side = pictures.device, self.grid**2, self.cut.side
        cell = torch.tensor([height // self.grid, across // self.grid], device=here)
        number = torch.arange(tiles, device=here)
        corner = torch.stack([number // self.grid, number % self.grid], 1) * cell
        stray = torch.rand(n, tiles, 2, generator=draw, device=here) * (cell - side + 1)
        places = (corner + stray.long().clamp(max=cell - side)).flatten(0, 1)
        parts = augment.windows(pictures.repeat_interleave(tiles, 0), places[:, 0], places[:, 1], (side, side))
        parts = augment.levelled(augment.drained(parts, draw, self.cut.drop)).unflatten(0, (n, tiles))
        right = torch.randint(len(self.orders), (n,), generator=draw, device=here)
        return parts[torch.arange(n, device=here)[:, None], self.orders[right]], right

    def given(self, parts: torch.Tensor) -> torch.Tensor:
        rows = [torch.cat(list(row.unbind(1)), 3) for row in parts.split(self.grid, 1)]
        return torch.cat(rows, 2)

    def solved(self, parts: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        back = self.orders[answers].argsort(1)
        return self.given(parts[torch.arange(len(parts), device=parts.device)[:, None], back])

    def words(self, answer: int) -> str:
        return " ".join(str(1 + tile) for tile in self.orders[answer].tolist())


def _blank(parts: torch.Tensor, side: int) -> torch.Tensor:
    return parts.new_full((len(parts), parts.shape[2], side, side), CALM)


@cache
def far_apart(things: int, count: int) -> IntArray:
    """(count, things) permutations, each as far from all before it, by the number of places that differ, as can be
    found: the greedy choice of Noroozi & Favaro 2016, begun with the order as it is. The same for everybody.

    ValueError for more than there are.
    """
    every = np.array(list(permutations(range(things))), np.int8)
    if count > len(every):
        raise ValueError(f"{things} things have {len(every):,} orders, not {count:,}")
    rng = np.random.default_rng(things)
    every[1:] = every[1 + rng.permutation(len(every) - 1)]  # equally far ones are chosen without a pattern
    places = np.ascontiguousarray(every.T)
    nearest = np.full(len(every), things + 1, np.int8)
    chosen = [0]
    while len(chosen) < count:
        last = every[chosen[-1]]
        nearest = np.minimum(
            nearest, sum((place != thing).view(np.int8) for place, thing in zip(places, last, strict=True))
        )
        chosen.append(int(nearest.argmax()))
    return every[chosen].astype(np.int64)

"""The pretext task of `jigsaw`: which of some permutations were the tiles of a grid brought into?

Noroozi & Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles".
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
import torch

from semsearch.arrays import IntArray
from semsearch.nets import augment
from semsearch.nets.backbone import BackboneConfig
from semsearch.nets.part_classifier import PartClassifier


class Jigsaw(PartClassifier):
    """Tiles are cut at random places in their cells; the class is the permutation.

    grid        tiles each way
    count       number of permutations
    side        of a tile, in pixels
    color_drop  share of the tiles shown in one colour channel only
    """

    def __init__(self, config: BackboneConfig, grid: int, count: int, side: int, color_drop: float) -> None:
        super().__init__(config, grid**2, count)
        self.grid, self.side, self.color_drop = grid, side, color_drop
        self.register_buffer("orders", torch.from_numpy(distant_permutations(grid**2, count)))  # stored by this name

    def sample(self, images: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        n, _, height, width = images.shape
        device, tiles, side = images.device, self.grid**2, self.side
        cell = torch.tensor([height // self.grid, width // self.grid], device=device)
        number = torch.arange(tiles, device=device)
        corner = torch.stack([number // self.grid, number % self.grid], 1) * cell
        shift = torch.rand(n, tiles, 2, generator=draw, device=device) * (cell - side + 1)
        places = (corner + shift.long().clamp(max=cell - side)).flatten(0, 1)
        parts = augment.windows(images.repeat_interleave(tiles, 0), places[:, 0], places[:, 1], (side, side))
        parts = augment.normalised(augment.color_dropped(parts, draw, self.color_drop)).unflatten(0, (n, tiles))
        target = torch.randint(len(self.orders), (n,), generator=draw, device=device)
        return parts[torch.arange(n, device=device)[:, None], self.orders[target]], target

    def input_image(self, parts: torch.Tensor) -> torch.Tensor:
        rows = [torch.cat(list(row.unbind(1)), 3) for row in parts.split(self.grid, 1)]
        return torch.cat(rows, 2)

    def solution_image(self, parts: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        inverse = self.orders[classes].argsort(1)
        return self.input_image(parts[torch.arange(len(parts), device=parts.device)[:, None], inverse])

    def class_name(self, number: int) -> str:
        return " ".join(str(1 + tile) for tile in self.orders[number].tolist())


@cache
def distant_permutations(length: int, count: int) -> IntArray:
    """(count, length) permutations, chosen greedily: each as far as possible, in Hamming distance, from all before it.

    Noroozi & Favaro 2016. The first is the identity. The choice is the same in every process. Raises ValueError for
    more than there are.
    """
    every = np.array(list(permutations(range(length))), np.int8)
    if count > len(every):
        raise ValueError(f"{length} tiles have {len(every):,} permutations, not {count:,}")
    rng = np.random.default_rng(length)
    every[1:] = every[1 + rng.permutation(len(every) - 1)]  # so that equally distant ones are chosen without a pattern
    columns = np.ascontiguousarray(every.T)
    distance = np.full(len(every), length + 1, np.int8)  # to the nearest chosen one
    chosen = [0]
    while len(chosen) < count:
        last = every[chosen[-1]]
        distance = np.minimum(
            distance, sum((column != tile).view(np.int8) for column, tile in zip(columns, last, strict=True))
        )
        chosen.append(int(distance.argmax()))
    return every[chosen].astype(np.int64)

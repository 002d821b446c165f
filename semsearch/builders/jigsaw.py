"""Jigsaw: image features from predicting how the tiles of an image were permuted (needs torch).

    input       the tiles of a grid, in one of a fixed set of permutations
    prediction  which permutation it is, by two layers that see the features of all tiles
    loss        cross-entropy

Noroozi & Favaro 2016, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles". The network learns
how the parts of objects are arranged. The permutations are chosen with a large Hamming distance. Similar permutations
are ambiguous, because two tiles of sky look alike, for example.

Shortcuts: edges that continue across tiles, the brightness and contrast of adjacent tiles, and chromatic aberration.
Countermeasures: tiles are cut at random places in their cells, so that edges do not meet (`--gap`). Each tile is
normalised to the same mean and standard deviation. A share of the tiles is shown in one colour channel only
(`--color-drop`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.options import option
from semsearch.builders.selfsupervised import MIN_SIDE, PretextOptions, Rules, SelfSupervised, Shape, check_side
from semsearch.errors import InputError
from semsearch.hookspecs import hookimpl

GRID_3_FROM = 64  # pixels of the shorter side, from which tiles of 3 × 3 are large enough
PERMUTATIONS = {2: 24, 3: 64}  # by default, by tiles each way


@dataclass(frozen=True)
class JigsawOptions(PretextOptions):
    """Options of `build jigsaw`."""

    grid: int | None = option(
        None, "tiles per side", choices=(2, 3), default_text=f"2, or 3 for images of {GRID_3_FROM} pixels or more"
    )
    permutations: int | None = option(
        None,
        "number of permutations to distinguish, at most 24 for 2 × 2 tiles",
        least=2,
        most=1000,
        default_text="24 for 2 × 2 tiles, 64 for 3 × 3",
        was=("orders",),
    )
    gap: float = option(0.2, "gap around a tile, as a share of its cell's side", least=0, below=1)
    color_drop: float = option(
        0.5,
        "share of the tiles shown in one colour channel only",
        least=0,
        most=1,
        was=("drop",),
        also=("colour_drop",),
    )


class Jigsaw(SelfSupervised):
    """Image features by solving jigsaw puzzles (needs torch)."""

    name = "jigsaw"
    question = "In which order do the tiles belong?"
    Options = JigsawOptions

    def rules(self, shape: Shape, options: JigsawOptions) -> Rules:
        """The grid, its tiles and their permutations. Raises InputError for more than 2 × 2 tiles have."""
        shorter = min(shape[:2])
        grid = options.grid or (3 if shorter >= GRID_3_FROM else 2)
        least = grid * math.ceil(MIN_SIDE / (1 - options.gap))
        check_side(self.name, shape, least, f"{grid} × {grid} tiles of {MIN_SIDE} and their gaps")
        permutations = options.permutations or PERMUTATIONS[grid]
        if permutations > math.factorial(grid**2):
            raise InputError(
                f"--permutations must be at most 24, those of 2 × 2 tiles, not {permutations}: or use --grid 3"
            )
        side = max(MIN_SIDE, int(shorter // grid * (1 - options.gap)))
        return {"grid": grid, "orders": permutations, "side": side, "drop": options.color_drop}

    def task(self, config: Any, rules: Rules) -> Any:
        """The pretext task."""
        from semsearch.nets.jigsaw import Jigsaw

        return Jigsaw(config, int(rules["grid"]), int(rules["orders"]), int(rules["side"]), rules["drop"])


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Jigsaw())

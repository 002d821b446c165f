"""Jigsaw: in which order do the tiles of a picture belong? (needs torch)

What it learns: how the parts of things lie to each other, several at once. Tiles go through the backbone one by one;
two layers see them all, and tell which of a set of orders they were brought into: orders that differ in as many places
as can be had, since near ones are often both right (a sky is a sky). Noroozi & Favaro 2016, "Unsupervised Learning of
Visual Representations by Solving Jigsaw Puzzles".

Its known shortcuts: edges that fit, how bright and how lively a tile is beside its neighbours, and chromatic
aberration. How they are blocked: a tile is cut from anywhere in its cell (`--gap`), so that no edge meets another; each
is brought to the same mean and spread; a share is seen through one of its channels alone, as grey (`--drop`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.base import option
from semsearch.builders.selfsupervised import LEAST_SIDE, PretextOptions, Rules, SelfSupervised, Shape, check_side
from semsearch.errors import InputError
from semsearch.hookspecs import hookimpl

LARGE = 64  # pixels of a side from which on tiles of three by three are large enough to show something
MOST_ORDERS = 1000


@dataclass(frozen=True)
class JigsawOptions(PretextOptions):
    """What `build jigsaw` can be told."""

    grid: int | None = option(None, "tiles each way, 2 or 3; by default 3 from 64 pixels on")
    orders: int | None = option(None, "how many orders there are to tell apart; by default 24 of 2 × 2, 64 of 3 × 3")
    gap: float = option(0.2, "how much smaller a tile is than its cell, as a share of it")
    drop: float = option(0.5, "the share of tiles without colour")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.grid not in (None, 2, 3):
            raise ValueError(f"grid is {self.grid}: choose 2 or 3")
        if self.orders is not None and not 2 <= self.orders <= MOST_ORDERS:
            raise ValueError(f"orders is {self.orders}: choose 2 to 24 with 2 × 2 tiles, to {MOST_ORDERS:,} with 3 × 3")
        if not 0 <= self.gap < 1:
            raise ValueError(f"gap is {self.gap:g}: choose 0 or more, below 1")
        if not 0 <= self.drop <= 1:
            raise ValueError(f"drop is {self.drop:g}: choose 0 to 1")


class Jigsaw(SelfSupervised):
    """The builder `jigsaw`: features of pictures from putting their tiles in order (needs torch)."""

    name = "jigsaw"
    question = "In which order do the tiles belong?"
    Options = JigsawOptions

    def rules(self, shape: Shape, options: JigsawOptions) -> Rules:
        """InputError for more orders than four tiles have."""
        shorter = min(shape[:2])
        grid = options.grid or (3 if shorter >= LARGE else 2)
        least = grid * math.ceil(LEAST_SIDE / (1 - options.gap))
        check_side(self.name, shape, least, f"{grid} × {grid} tiles of {LEAST_SIDE} and room to stray")
        orders = options.orders or (24 if grid == 2 else 64)
        if orders > math.factorial(grid**2):
            raise InputError(f"orders is {orders}: 2 × 2 tiles have 24 orders; choose that or fewer, or --grid 3")
        side = max(LEAST_SIDE, int(shorter // grid * (1 - options.gap)))
        return {"grid": grid, "orders": orders, "side": side, "drop": options.drop}

    def game(self, plan: Any, rules: Rules) -> Any:
        """The game."""
        from semsearch.nets.tiles import Cut, Jigsaw

        return Jigsaw(plan, Cut(int(rules["side"]), 0, 0, rules["drop"]), int(rules["grid"]), int(rules["orders"]))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Jigsaw())

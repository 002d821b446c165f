"""Patches: where does one patch of a picture lie, seen from another? (needs torch)

What it learns: to say that the wheel belongs below the window, one must know what cars are made of. Each patch goes
through the backbone by itself; two layers see both. Doersch, Gupta & Efros 2015, "Unsupervised Visual Representation
Learning by Context Prediction", with eight places; the lecture's variant has four: above, right, below, left.

Its known shortcuts: lines and shades that go on from one patch into the other, and chromatic aberration, since lenses
move colours apart the more the farther they are from the middle: both say where a patch was and nothing of what is on
it. How they are blocked: a gap lies between the patches (`--gap`) and each strays from its place (`--jitter`), so that
nothing goes on; patches are seen through one of their channels alone, as grey (`--drop`). `--gap 0 --jitter 0 --drop 0`
leaves all open: with it the task is solved better and less is learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.base import option
from semsearch.builders.selfsupervised import LEAST_SIDE, PretextOptions, Rules, SelfSupervised, Shape, check_side
from semsearch.hookspecs import hookimpl


@dataclass(frozen=True)
class PatchesOptions(PretextOptions):
    """What `build patches` can be told."""

    positions: int = option(4, "places that a second patch can lie at: 4, or 8 with those at the corners")
    gap: float = option(0.33, "between two patches, as a share of their side")
    jitter: float = option(0.16, "how far a patch strays at most, as a share of its side")
    drop: float = option(1.0, "the share of patches without colour")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.positions not in (4, 8):
            raise ValueError(f"positions is {self.positions}: choose 4 or 8")
        if not (0 <= self.gap <= 2 and 0 <= self.jitter <= 1):
            raise ValueError(f"gap is {self.gap:g} and jitter {self.jitter:g}: choose 0 to 2, and 0 to 1")
        if not 0 <= self.drop <= 1:
            raise ValueError(f"drop is {self.drop:g}: choose 0 to 1")


class Patches(SelfSupervised):
    """The builder `patches`: features of pictures from telling where two patches lie to each other (needs torch)."""

    name = "patches"
    question = "Where does the second patch lie, seen from the first?"
    Options = PatchesOptions

    def rules(self, shape: Shape, options: PatchesOptions) -> Rules:
        """Two patches, the gap and the straying take up the shorter side."""
        patches = 2 + options.gap + options.jitter
        check_side(self.name, shape, math.ceil(LEAST_SIDE * patches), f"two patches of {LEAST_SIDE} and the gap")
        side = int(min(shape[:2]) / patches)
        gap, jitter = round(side * options.gap), round(side * options.jitter)
        side = min(side, (min(shape[:2]) - gap - jitter) // 2)  # where both were rounded up
        told = {"drop": options.drop, "positions": options.positions}
        return {"side": side, "gap": gap, "jitter": jitter, **told}

    def game(self, plan: Any, rules: Rules) -> Any:
        """The game."""
        from semsearch.nets.tiles import Cut, Patches

        cut = Cut(int(rules["side"]), int(rules["gap"]), int(rules["jitter"]), rules["drop"])
        return Patches(plan, cut, int(rules["positions"]))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Patches())

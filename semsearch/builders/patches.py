"""Patches: image features from predicting the relative position of two patches (needs torch).

    input       two patches of an image, each embedded separately by the backbone
    prediction  where the second is relative to the first, one of 4 or 8 directions, by two layers that see both
    loss        cross-entropy

Doersch, Gupta & Efros 2015, "Unsupervised Visual Representation Learning by Context Prediction", with eight directions;
four (above, right, below, left) are the default. To predict that a wheel belongs below a window, the network must
recognise the parts of a car.

Shortcuts: lines and shades that continue from one patch to the other, and chromatic aberration, which depends on the
distance from the centre of the lens. Both reveal the position without the content. Countermeasures: a gap between the
patches (`--gap`), random shifts (`--jitter`), and patches shown in one colour channel only (`--color-drop`). With
`--gap 0 --jitter 0 --color-drop 0` there are no countermeasures. The accuracy of the task is then higher, and the
features are worse.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.options import option
from semsearch.builders.selfsupervised import MIN_SIDE, PretextOptions, Rules, SelfSupervised, Shape, check_side
from semsearch.hookspecs import hookimpl


@dataclass(frozen=True)
class PatchesOptions(PretextOptions):
    """Options of `build patches`."""

    positions: int = option(4, "relative positions to distinguish: 4, or 8 with the diagonal ones", choices=(4, 8))
    gap: float = option(0.33, "gap between the patches, as a share of their side", least=0, most=2)
    jitter: float = option(0.16, "largest random shift of a patch, as a share of its side", least=0, most=1)
    color_drop: float = option(
        1.0,
        "share of the patches shown in one colour channel only",
        least=0,
        most=1,
        was=("drop",),
        also=("colour_drop",),
    )


class Patches(SelfSupervised):
    """Image features by predicting patch positions (needs torch)."""

    name = "patches"
    question = "Where is the second patch, seen from the first?"
    Options = PatchesOptions

    def rules(self, shape: Shape, options: PatchesOptions) -> Rules:
        """The size of patches, gap and shifts in pixels: together they fill the shorter side."""
        patches = 2 + options.gap + options.jitter
        check_side(self.name, shape, math.ceil(MIN_SIDE * patches), f"two patches of {MIN_SIDE} and the gap")
        side = int(min(shape[:2]) / patches)
        gap, jitter = round(side * options.gap), round(side * options.jitter)
        side = min(side, (min(shape[:2]) - gap - jitter) // 2)  # if both were rounded up
        return {
            "side": side,
            "gap": gap,
            "jitter": jitter,
            "drop": options.color_drop,
            "positions": options.positions,
        }

    def task(self, config: Any, rules: Rules) -> Any:
        """The pretext task."""
        from semsearch.nets.patches import Patches, PatchLayout

        layout = PatchLayout(int(rules["side"]), int(rules["gap"]), int(rules["jitter"]), rules["drop"])
        return Patches(config, layout, int(rules["positions"]))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Patches())

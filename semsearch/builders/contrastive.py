"""Contrastive: which two of many crops are of the same picture? (needs torch)

What it learns: what two views of a picture share that others' views do not, whatever was cropped, mirrored and
recoloured. `simclr` sets each view its twin to find among all views of the step (Chen et al. 2020, "A Simple Framework
for Contrastive Learning of Visual Representations"). `vicreg` needs no others to differ from: twins are drawn together,
and that not all pictures end at one point is asked for directly, by variances and covariances (Bardes, Ponce & LeCun
2022, "VICReg: Variance-Invariance-Covariance Regularization"). Views are compared after two more layers, which take on
what the task alone needs; features are of before them.

Its known shortcut: colours. Crops of one picture have the same few of them, which is enough to find the twin (Chen et
al. 2020, section 3.2). How it is blocked: brightness, contrast, saturation and hue of each view are changed by chance,
and some views lose their colour (`--recolour`). That features do not tell colours apart is the price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.base import option
from semsearch.builders.selfsupervised import LEAST_SIDE, CropOptions, Rules, SelfSupervised, Shape
from semsearch.hookspecs import hookimpl


@dataclass(frozen=True)
class ContrastiveOptions(CropOptions):
    """What `build contrastive` can be told."""

    loss: str = option("simclr", "with other pictures to differ from, or without", choices=("simclr", "vicreg"))
    temperature: float = option(0.2, "of simclr: the lower it is, the more the nearest others count")
    view: float = option(0.75, "the sides of a view, as a share of a picture's: smaller ones are quicker looked at")
    crop: float = option(0.2, "the least share of a picture that a view shows")
    recolour: float = option(0.4, "how much colours change, 0 for not at all: the shortcut stays open")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.temperature <= 10:
            raise ValueError(f"temperature is {self.temperature:g}: choose above 0, up to 10")
        if not 0 < self.view <= 1:
            raise ValueError(f"view is {self.view:g}: choose above 0, up to 1")
        if not 0 <= self.recolour <= 1:
            raise ValueError(f"recolour is {self.recolour:g}: choose 0 to 1")


class Contrastive(SelfSupervised):
    """The builder `contrastive`: features that two views of a picture share (needs torch)."""

    name = "contrastive"
    question = "Which other view is of the same picture?"
    Options = ContrastiveOptions

    def rules(self, shape: Shape, options: ContrastiveOptions) -> Rules:
        """A temperature of 0 says vicreg."""
        temperature = options.temperature if options.loss == "simclr" else 0.0
        height, across = (max(LEAST_SIDE, round(options.view * side)) for side in shape[:2])
        told = {"temperature": temperature, "crop": options.crop, "recolour": options.recolour}
        return {"height": height, "across": across, **told}

    def game(self, plan: Any, rules: Rules) -> Any:
        """The game."""
        from semsearch.nets.contrastive import Contrast

        size = (int(rules["height"]), int(rules["across"]))
        return Contrast(plan, size, rules["temperature"], rules["crop"], rules["recolour"])


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Contrastive())

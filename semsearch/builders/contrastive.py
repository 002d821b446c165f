"""Contrastive learning: image features that two augmented views of an image share (needs torch).

    views       two random crops of each image, mirrored at random, with random colour changes
    simclr      NT-Xent loss: classify which view of the batch shows the same image, by cosine / temperature
    vicreg      two views have similar outputs, each output has variance, and outputs are uncorrelated

SimCLR: Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations". VICReg needs no
negatives (Bardes, Ponce & LeCun 2022, "VICReg: Variance-Invariance-Covariance Regularization"). Its variance and
covariance terms prevent collapse. The loss is computed after a projection head of two layers. The features are taken
before it.

Shortcut: crops of one image have the same colour histogram, which is enough to match them (Chen et al. 2020, section
3.2). Countermeasure: brightness, contrast, saturation and hue of each view change at random, and some views are made
grey (`--color-jitter`). As a consequence, the features do not distinguish colours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.options import option
from semsearch.builders.selfsupervised import MIN_SIDE, CropOptions, Rules, SelfSupervised, Shape
from semsearch.hookspecs import hookimpl


@dataclass(frozen=True)
class ContrastiveOptions(CropOptions):
    """Options of `build contrastive`."""

    loss: str = option("simclr", "loss: SimCLR (with negatives) or VICReg (without)", choices=("simclr", "vicreg"))
    temperature: float = option(
        0.2, "with simclr: temperature of the softmax; a lower value emphasises the nearest negatives", above=0, most=10
    )
    view_size: float = option(
        0.75, "side of a view, as a share of the image's side; smaller is faster", above=0, most=1, was=("view",)
    )
    min_crop: float = option(0.2, "smallest crop, as a share of the image's area", above=0, most=1, was=("crop",))
    color_jitter: float = option(
        0.4,
        "strength of the colour jitter; 0 turns it off, and views can be matched by colour",
        least=0,
        most=1,
        was=("recolour",),
        also=("colour_jitter",),
    )


class Contrastive(SelfSupervised):
    """Image features by SimCLR or VICReg (needs torch)."""

    name = "contrastive"
    question = "Which other view is of the same image?"
    Options = ContrastiveOptions

    def rules(self, shape: Shape, options: ContrastiveOptions) -> Rules:
        """The size of views and how they are augmented. A stored temperature of 0 stands for vicreg."""
        height, width = (max(MIN_SIDE, round(options.view_size * side)) for side in shape[:2])
        return {
            "height": height,
            "across": width,
            "temperature": options.temperature if options.loss == "simclr" else 0.0,
            "crop": options.min_crop,
            "recolour": options.color_jitter,
        }

    def task(self, config: Any, rules: Rules) -> Any:
        """The pretext task."""
        from semsearch.nets.contrastive import Contrastive

        return Contrastive(
            config,
            (int(rules["height"]), int(rules["across"])),
            temperature=rules["temperature"] or None,
            min_crop=rules["crop"],
            color_jitter=rules["recolour"],
        )


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Contrastive())

"""Inpainting: image features from predicting masked blocks (needs torch).

    input       an image in which a share of the blocks is masked with grey
    prediction  the masked pixels, by a small decoder on the backbone's feature map; it is not part of the features
    loss        mean squared error of the masked pixels, 0..1

Pathak et al. 2016, "Context Encoders: Feature Learning by Inpainting". Masking many blocks, and a loss on these alone,
is as in masked autoencoders: He et al. 2022, "Masked Autoencoders Are Scalable Vision Learners". To complete a car, the
network must recognise it from the visible part.

Shortcuts: adjacent pixels are similar, so that a small hole can be filled from its border; and holes at fixed places
can be memorised. Countermeasures: a masked block has a quarter of the image's side, and half of the image is masked.
Most masked pixels are then far from visible ones. The grid of blocks is shifted at random, over crops of random scales.
The loss ignores visible pixels, so copying them does not lower it. The baseline is the mean of the visible pixels
around each masked pixel. Its error is about that of the shortcut.

With `--mask-ratio 0` nothing is masked and the whole image is predicted. This is a plain autoencoder on the same
backbone, the baseline for the other tasks. Its feature map has as many numbers as an image, so copying is easy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.options import option
from semsearch.builders.selfsupervised import CropOptions, Rules, SelfSupervised, Shape
from semsearch.errors import InputError
from semsearch.hookspecs import hookimpl

MIN_MASK_RATIO, MAX_MASK_RATIO = 0.1, 0.9  # of an image's blocks, if any are masked


@dataclass(frozen=True)
class InpaintingOptions(CropOptions):
    """Options of `build inpainting`."""

    mask_ratio: float = option(
        0.5,
        f"share of the image that is masked, at least {MIN_MASK_RATIO}; 0 trains a plain autoencoder",
        least=0,
        most=MAX_MASK_RATIO,
        was=("hole",),
    )
    block_size: int | None = option(
        None,
        "side of a masked block",
        least=1,
        unit="pixels",
        default_text="a quarter of the shorter side",
        was=("block",),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.mask_ratio < MIN_MASK_RATIO:
            raise InputError(
                f"--mask-ratio must be between {MIN_MASK_RATIO} and {MAX_MASK_RATIO}, or 0 for a plain autoencoder,"
                f" not {self.mask_ratio:g}"
            )


class Inpainting(SelfSupervised):
    """Image features by predicting masked blocks (needs torch)."""

    name = "inpainting"
    question = "What is in the masked blocks?"
    mean = "the mean of the visible pixels around each masked one"
    Options = InpaintingOptions

    def rules(self, shape: Shape, options: InpaintingOptions) -> Rules:
        """The size of images and blocks. Raises InputError for blocks above half of the shorter side."""
        height, width, _ = shape
        largest = min(height, width) // 2
        block = options.block_size or max(2, min(height, width) // 4)
        if block > largest:
            raise InputError(
                f"--block-size must be at most {largest} for images of {height} × {width} pixels, not {block}"
            )
        return {
            "height": height,
            "across": width,
            "hole": options.mask_ratio,
            "block": block,
            "least": options.min_crop,
        }

    def task(self, config: Any, rules: Rules) -> Any:
        """The pretext task."""
        from semsearch.nets.inpainting import Inpainting

        shape = (int(rules["height"]), int(rules["across"]))
        return Inpainting(config, shape, rules["hole"], int(rules["block"]), rules["least"])


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Inpainting())

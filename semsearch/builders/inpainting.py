"""Inpainting: what is in the blocks that were hidden? (needs torch)

What it learns: to fill a hole well one must know of what it is a hole: where a wheel hides behind grey, a car must be
recognised by the rest. Pathak et al. 2016, "Context Encoders: Feature Learning by Inpainting"; that many blocks are
hidden, and that only what was hidden counts, is of masked autoencoders: He et al. 2022, "Masked Autoencoders Are
Scalable Vision Learners". A small decoder paints from the backbone's map and is not part of the features.

Its known shortcut: neighbouring pixels are alike, so that a small hole is filled by carrying on what is at its rim,
with nothing understood; and a net that always meets holes at the same places can learn those. How it is blocked: holes
are blocks of a quarter of the side, half of them at once, so that most hidden pixels have no seen one near; the grid on
which they lie is shifted by chance, over crops of different scales. What was seen need not be painted: copying earns
nothing. What is reported beside the error, the mean of what is seen around each pixel, is about as far as the shortcut
leads.

With `--hole 0` nothing is hidden and all is to be painted: a plain autoencoder on the same backbone, which is what the
other tasks are measured against. Its map holds as many numbers as a picture, so that copying it is no feat.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semsearch.builders.base import option
from semsearch.builders.selfsupervised import CropOptions, Rules, SelfSupervised, Shape
from semsearch.errors import InputError
from semsearch.hookspecs import hookimpl

LEAST_HIDDEN, MOST_HIDDEN = 0.1, 0.9  # of a picture's blocks, where there are holes


@dataclass(frozen=True)
class InpaintingOptions(CropOptions):
    """What `build inpainting` can be told."""

    hole: float = option(0.5, "the share of a picture that is hidden, 0.1 to 0.9; 0 makes it a plain autoencoder")
    block: int | None = option(None, "pixels of a hidden block's side; by default a quarter of the shorter side")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.hole and not LEAST_HIDDEN <= self.hole <= MOST_HIDDEN:
            raise ValueError(
                f"hole is {self.hole:g}: choose {LEAST_HIDDEN} to {MOST_HIDDEN}, or 0 for a plain autoencoder"
            )
        if self.block is not None and self.block < 1:
            raise ValueError(f"block is {self.block}: choose 1 pixel or more")


class Inpainting(SelfSupervised):
    """The builder `inpainting`: features of pictures from painting what was hidden of them (needs torch)."""

    name = "inpainting"
    question = "What is in the holes?"
    mean = "the mean of what is seen around each pixel"
    Options = InpaintingOptions

    def rules(self, shape: Shape, options: InpaintingOptions) -> Rules:
        """Blocks that fit in the picture twice, so that something is seen beside them."""
        height, across, _ = shape
        most = min(height, across) // 2
        block = options.block or max(2, min(height, across) // 4)
        if block > most:
            raise InputError(f"block is {block}: pictures of {height} × {across} pixels take up to {most}")
        return {"height": height, "across": across, "hole": options.hole, "block": block, "least": options.crop}

    def game(self, plan: Any, rules: Rules) -> Any:
        """The game."""
        from semsearch.nets import inpainting

        shape = (int(rules["height"]), int(rules["across"]))
        return inpainting.Inpainting(plan, shape, rules["hole"], int(rules["block"]), rules["least"])


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Inpainting())

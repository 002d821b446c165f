"""Colorization: which colours has this grey picture? (needs torch)

What it learns: grass is green, the sky blue, a fire engine red: what a thing is tells its colour. The net sees the
lightness alone and tells, for each place, one of some 260 classes of colour. Zhang, Isola & Efros 2016, "Colorful
Image Colorization". Features are of pictures as they are without colour, so that a grey picture is found by a coloured
one; but a red car and a blue one are alike to them.

Its known shortcut: most of most pictures is nearly grey, and a net that says so everywhere is seldom far off; told by
a mean, what may be red or blue becomes grey as well. How it is blocked: it tells classes, not means, and rare ones
count more (half-way to what would make all classes count alike). Brightness gives some colours away, since no screen
shows a dark yellow: that much is told by a pixel alone. Pictures are cropped at different scales and mirrored.

What is reported beside the error, in a and b of CIELAB, is that of the mean colour of all pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from semsearch.builders.selfsupervised import FEWEST, CropOptions, Rules, SelfSupervised, Shape
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.records import Images

PALE = 4  # of 255: pictures whose red, green and blue are this near each other on the mean have no colour
AT_ONCE = 1024


class Colorization(SelfSupervised):
    """The builder `colorization`: features of pictures from telling the colours of grey ones (needs torch)."""

    name = "colorization"
    question = "Which colours has this?"
    mean = "the mean colour of all pictures"
    Options = CropOptions
    sees = 1

    def rules(self, shape: Shape, options: CropOptions) -> Rules:
        """The size of crops."""
        return {"height": shape[0], "across": shape[1], "least": options.crop}

    def game(self, plan: Any, rules: Rules) -> Any:
        """The game."""
        from semsearch.nets.colorization import Colouring

        return Colouring(plan, (int(rules["height"]), int(rules["across"])), rules["least"])

    def _check(self, corpus: Images) -> None:
        super()._check(corpus)
        if corpus.shape[2] == 1:
            raise BuildError(f"The pictures are grey: {self.name} learns from colours; try rotation or contrastive")
        coloured = sum(
            int((np.ptp(some, axis=3).mean(axis=(1, 2)) > PALE).sum())
            for some in np.array_split(corpus.pixels, max(1, len(corpus) // AT_ONCE))
        )
        if coloured < FEWEST:
            raise BuildError(
                f"{coloured:,} of {len(corpus):,} pictures have colour, the others are grey in three channels:"
                f" {self.name} learns from colours; try rotation or contrastive"
            )


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Colorization())

"""Colorization: image features from predicting the colours of grey images (needs torch).

    input       the lightness of an image
    prediction  at each position one of about 260 colour classes, squares of side 10 in a and b of CIELAB
    loss        cross-entropy, with a higher weight for rare colours

Zhang, Isola & Efros 2016, "Colorful Image Colorization". Grass is green and the sky is blue. To predict a colour, the
network must recognise the object. The features are computed from the lightness only. A grey image can therefore find
coloured ones, but a red and a blue car have similar features.

Shortcut: most pixels are nearly grey, and a regression to the mean colour has a low error. Countermeasure: colours are
classified, and rare classes have a higher weight, half-way to equal weights. One shortcut remains: the lightness of a
pixel excludes some colours, because a dark yellow does not exist, for example. Images are cropped at random scales and
mirrored at random.

The reported error is in a and b of CIELAB. The baseline is the mean colour of all images.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from semsearch.builders.selfsupervised import MIN_IMAGES, CropOptions, Rules, SelfSupervised, Shape
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.records import Images

GREY_RANGE = 4  # of 0..255: an image whose channels differ less than this on average counts as grey
BATCH_IMAGES = 1024  # images checked for colour at once


class Colorization(SelfSupervised):
    """Image features by predicting colours (needs torch)."""

    name = "colorization"
    question = "Which colours does this image have?"
    mean = "the mean colour of all images"
    Options = CropOptions
    input_channels = 1

    def rules(self, shape: Shape, options: CropOptions) -> Rules:
        """The size and the smallest area of crops."""
        return {"height": shape[0], "across": shape[1], "least": options.min_crop}

    def task(self, config: Any, rules: Rules) -> Any:
        """The pretext task."""
        from semsearch.nets.colorization import Colorization

        return Colorization(config, (int(rules["height"]), int(rules["across"])), rules["least"])

    def _check(self, corpus: Images) -> None:
        super()._check(corpus)
        advice = f"{self.name} learns from colours; try rotation or contrastive"
        if corpus.shape[2] == 1:
            raise BuildError(f"The images are grey: {advice}")
        coloured = sum(
            int((np.ptp(batch, axis=3).mean(axis=(1, 2)) > GREY_RANGE).sum())
            for batch in np.array_split(corpus.pixels, max(1, len(corpus) // BATCH_IMAGES))
        )
        if coloured < MIN_IMAGES:
            raise BuildError(
                f"{coloured:,} of {len(corpus):,} images have colour, the others are grey in three channels: {advice}"
            )


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Colorization())

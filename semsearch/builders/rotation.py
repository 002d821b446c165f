"""Rotation: image features from predicting by how much an image was rotated (needs torch).

    input       an image rotated by 0°, 90°, 180° or 270°
    prediction  which of the four it is
    loss        cross-entropy

Gidaris, Singh & Komodakis 2018, "Unsupervised Representation Learning by Predicting Image Rotations". To know which way
up an object is, the network must recognise it.

Shortcuts: marks at fixed places that rotate with the image, such as a frame, a date or dark corners; and blur from
resampling. Countermeasures: rotations by multiples of 90° need no resampling. Images are cropped at random places and
scales before the rotation, and mirrored at random, so that marks are not at fixed places. The task is not suitable for
images without an upright orientation, such as textures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from semsearch.builders.selfsupervised import CropOptions, Rules, SelfSupervised, Shape
from semsearch.hookspecs import hookimpl


class Rotation(SelfSupervised):
    """Image features by predicting rotations (needs torch)."""

    name = "rotation"
    question = "By how much has this image been rotated?"
    Options = CropOptions

    def rules(self, shape: Shape, options: CropOptions) -> Rules:
        """Squares of the shorter side, so that all rotations have the same shape."""
        return {"side": min(shape[:2]), "least": options.min_crop}

    def task(self, config: Any, rules: Rules) -> Any:
        """The pretext task."""
        from semsearch.nets.rotation import Rotation

        return Rotation(config, int(rules["side"]), rules["least"])


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Rotation())

"""Rotation: how far has a picture been turned, by no, one, two or three quarters? (needs torch)

What it learns: to say which way up a thing is one must know the thing: where a bird has its feet, and that the sky is
above. Gidaris, Singh & Komodakis 2018, "Unsupervised Representation Learning by Predicting Image Rotations".

Its known shortcut: marks that turn with the picture and say nothing of what is on it: a frame, a date in the corner,
the lens's dark corners, the grid that compression leaves, and blurred pixels wherever turning resamples. How it is
blocked: turns are by quarters, which resample nothing; a picture is cropped first, at a place and a scale of its own,
and mirrored or not, so that neither edges nor grids lie where they were. What has no upright (leaves on the ground,
texture) cannot be learned from by this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from semsearch.builders.selfsupervised import CropOptions, Rules, SelfSupervised, Shape
from semsearch.hookspecs import hookimpl


class Rotation(SelfSupervised):
    """The builder `rotation`: features of pictures from telling how far each is turned (needs torch)."""

    name = "rotation"
    question = "How far has this been turned?"
    Options = CropOptions

    def rules(self, shape: Shape, options: CropOptions) -> Rules:
        """Squares of the shorter side, so that those turned by a quarter look like the others."""
        return {"side": min(shape[:2]), "least": options.crop}

    def game(self, plan: Any, rules: Rules) -> Any:
        """The game."""
        from semsearch.nets import rotation

        return rotation.Rotation(plan, int(rules["side"]), rules["least"])


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Rotation())

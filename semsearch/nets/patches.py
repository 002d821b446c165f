"""The pretext task of `patches`: where is the second patch of an image, seen from the first?

Doersch, Gupta & Efros 2015, "Unsupervised Visual Representation Learning by Context Prediction".
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from semsearch.nets import augment
from semsearch.nets.backbone import GREY_LEVEL, BackboneConfig
from semsearch.nets.part_classifier import PartClassifier

# (down, right) from the first patch to the second; the four that are not diagonal come first.
DIRECTIONS = {
    "above": (-1, 0),
    "right": (0, 1),
    "below": (1, 0),
    "left": (0, -1),
    "above right": (-1, 1),
    "below right": (1, 1),
    "below left": (1, -1),
    "above left": (-1, -1),
}
NAMES = tuple(DIRECTIONS)


@dataclass(frozen=True)
class PatchLayout:
    """How patches are cut.

    side        of a patch, in pixels
    gap         between two patches, in pixels
    jitter      largest random shift, in pixels
    color_drop  share of the patches shown in one colour channel only
    """

    side: int
    gap: int
    jitter: int
    color_drop: float


class Patches(PartClassifier):
    """Both patches are cut at random places in the image; the class is the direction from one to the other."""

    def __init__(self, config: BackboneConfig, layout: PatchLayout, directions: int) -> None:
        super().__init__(config, 2, directions)
        self.layout = layout
        vectors = torch.tensor(list(DIRECTIONS.values())[:directions])
        self.register_buffer("directions", vectors, persistent=False)

    def sample(self, images: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        n, _, height, width = images.shape
        layout, device = self.layout, images.device
        target = torch.randint(len(self.directions), (n,), generator=draw, device=device)
        shift = torch.randint(-layout.jitter, layout.jitter + 1, (n, 2), generator=draw, device=device)
        offset = self.directions[target] * (layout.side + layout.gap) + shift
        room = torch.tensor([height - layout.side, width - layout.side], device=device)
        low, high = (-offset).clamp(min=0), room - offset.clamp(min=0)  # so that both patches are inside the image
        first = low + (torch.rand(n, 2, generator=draw, device=device) * (high - low + 1)).long().clamp(max=high - low)
        places = torch.stack([first, first + offset], 1).flatten(0, 1)
        size = (layout.side, layout.side)
        parts = augment.windows(images.repeat_interleave(2, 0), places[:, 0], places[:, 1], size)
        return augment.color_dropped(parts, draw, layout.color_drop).unflatten(0, (n, 2)), target

    def input_image(self, parts: torch.Tensor) -> torch.Tensor:
        """Both patches side by side, as high as `solution_image`."""
        side, image = self.layout.side, _blank(parts, 3 * self.layout.side)
        image[..., side : 2 * side, :side] = parts[:, 0]
        image[..., side : 2 * side, 2 * side :] = parts[:, 1]
        return image

    def solution_image(self, parts: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """The first patch in the centre, the second in the direction of its class."""
        side, image = self.layout.side, _blank(parts, 3 * self.layout.side)
        image[..., side : 2 * side, side : 2 * side] = parts[:, 0]
        for row, (down, right) in enumerate(self.directions[classes].tolist()):
            top, left = side * (1 + down), side * (1 + right)
            image[row, :, top : top + side, left : left + side] = parts[row, 1]
        return image

    def class_name(self, number: int) -> str:
        return NAMES[number]


def _blank(parts: torch.Tensor, side: int) -> torch.Tensor:
    """Grey images (n, c, side, side)."""
    return parts.new_full((len(parts), parts.shape[2], side, side), GREY_LEVEL)

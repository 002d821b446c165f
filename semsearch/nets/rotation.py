"""The pretext task of `rotation`: by how much was this image rotated? (Gidaris, Singh & Komodakis 2018)"""

from __future__ import annotations

import torch

from semsearch.nets import augment
from semsearch.nets.backbone import BackboneConfig
from semsearch.nets.part_classifier import PartClassifier

ROTATIONS = ("upright", "rotated 90° left", "upside down", "rotated 90° right")


class Rotation(PartClassifier):
    """The class is the number of quarter turns to the left: these resample no pixel.

    side      of the square crops, in pixels
    min_crop  smallest crop, as a share of the image's area
    """

    def __init__(self, config: BackboneConfig, side: int, min_crop: float) -> None:
        super().__init__(config, 1, len(ROTATIONS))
        self.side, self.min_crop = side, min_crop

    def sample(self, images: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        squares = augment.crops(images, draw, (self.side, self.side), min_crop=self.min_crop)
        target = torch.randint(len(ROTATIONS), (len(images),), generator=draw, device=images.device)
        return rotated(squares, target)[:, None], target

    def input_image(self, parts: torch.Tensor) -> torch.Tensor:
        return parts[:, 0]

    def solution_image(self, parts: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        return rotated(parts[:, 0], -classes % len(ROTATIONS))

    def class_name(self, number: int) -> str:
        return ROTATIONS[number]


def rotated(squares: torch.Tensor, quarters: torch.Tensor) -> torch.Tensor:
    """Images (n, c, side, side), each rotated to the left by its own number of quarter turns (n,), 0..3."""
    out = squares
    for quarter in (1, 2, 3):
        chosen = (quarters == quarter)[:, None, None, None]
        out = torch.where(chosen, torch.rot90(squares, quarter, (2, 3)), out)
    return out

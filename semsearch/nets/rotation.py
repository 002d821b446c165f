"""A puzzle of one part: how far has this picture been turned? (Gidaris, Singh & Komodakis 2018)"""

from __future__ import annotations

import torch

from semsearch.nets import augment
from semsearch.nets.backbone import Plan
from semsearch.nets.puzzle import Puzzle

TURNS = ("upright", "turned 90° left", "upside down", "turned 90° right")


class Rotation(Puzzle):
    """How far is this picture turned? Answers are quarters to the left, so that no pixel is resampled for it."""

    def __init__(self, plan: Plan, side: int, least: float) -> None:
        super().__init__(plan, 1, len(TURNS))
        self.side, self.least = side, least

    def ask(self, pictures: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        squares = augment.crops(pictures, draw, (self.side, self.side), least=self.least)
        right = torch.randint(len(TURNS), (len(pictures),), generator=draw, device=pictures.device)
        return turned(squares, right)[:, None], right

    def given(self, parts: torch.Tensor) -> torch.Tensor:
        return parts[:, 0]

    def solved(self, parts: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        return turned(parts[:, 0], -answers % len(TURNS))

    def words(self, answer: int) -> str:
        return TURNS[answer]


def turned(squares: torch.Tensor, quarters: torch.Tensor) -> torch.Tensor:
    """Each of (n, c, side, side) turned to the left by its own number of quarters (n,), 0..3."""
    out = squares
    for quarter in (1, 2, 3):
        mine = (quarters == quarter)[:, None, None, None]
        out = torch.where(mine, torch.rot90(squares, quarter, (2, 3)), out)
    return out

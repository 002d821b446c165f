"""Puzzles: parts of a picture, and which of a few answers is right. One loss for all of them, cross-entropy.

Each part goes through the backbone; the features of all parts side by side go through two layers to a score for each
answer. A puzzle is how the parts are cut, and what they look like put together by an answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets import augment
from semsearch.nets.autoencoder import bytes_of
from semsearch.nets.backbone import Backbone, Plan
from semsearch.training import Quiz

HIDDEN = 256  # of the layer that sees all parts
TURNS = ("upright", "turned 90° left", "upside down", "turned 90° right")


class Puzzle(nn.Module, ABC):
    """A game with `answers` possible answers about `parts` parts of a picture."""

    def __init__(self, plan: Plan, parts: int, answers: int) -> None:
        super().__init__()
        self.answers = answers
        self.tell = nn.Sequential(nn.Linear(parts * plan.features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, answers))

    @abstractmethod
    def ask(self, pictures: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Parts (n, parts, c, h, w) of pictures (n, c, h, w), 0..1, and the number of each right answer (n,)."""

    @abstractmethod
    def given(self, parts: torch.Tensor) -> torch.Tensor:
        """What the net is given, as pictures (n, c, h, w)."""

    @abstractmethod
    def solved(self, parts: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        """What it looks like where these answers (n,) are right, as pictures (n, c, h, w)."""

    @abstractmethod
    def words(self, answer: int) -> str:
        """An answer in words."""

    def scores(self, backbone: Backbone, parts: torch.Tensor) -> torch.Tensor:
        """(n, answers) of (n, parts, c, h, w)."""
        out: torch.Tensor = self.tell(backbone.features(parts.flatten(0, 1)).view(len(parts), -1))
        return out

    def loss(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        parts, right = self.ask(pictures, draw)
        scores = self.scores(backbone, parts)
        accuracy = (scores.detach().argmax(1) == right).float().mean()
        return {"loss": F.cross_entropy(scores, right), "accuracy": accuracy}

    def quiz(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        parts, right = self.ask(pictures, draw)
        told = self.scores(backbone, parts).argmax(1)
        given, said, truth = map(bytes_of, (self.given(parts), self.solved(parts, told), self.solved(parts, right)))
        answers = enumerate(zip(told.tolist(), right.tolist(), strict=True))
        return [
            Quiz(given[at], said[at], truth[at], self.words(one), self.words(other), one == other)
            for at, (one, other) in answers
        ]


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

"""Puzzles: parts of a picture, and which of a few answers is right. One loss for all of them, cross-entropy.

Each part goes through the backbone; the features of all parts side by side go through two layers to a score for each
answer. A puzzle is how the parts are cut, and what they look like put together by an answer (nets/turning.py,
nets/tiles.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets.autoencoder import bytes_of
from semsearch.nets.backbone import CELLS, Backbone, Plan, pooled
from semsearch.records import Quiz

HIDDEN = 256  # of the layer that sees all parts


class Puzzle(nn.Module, ABC):
    """A game with `answers` possible answers about `parts` parts of a picture."""

    def __init__(self, plan: Plan, parts: int, answers: int) -> None:
        super().__init__()
        self.answers = answers
        self.cells = CELLS if parts == 1 else 1  # of patches, which are small, a mean over all says enough
        seen = parts * plan.out * self.cells**2
        self.tell = nn.Sequential(nn.Linear(seen, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, answers))

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
        out: torch.Tensor = self.tell(pooled(backbone(parts.flatten(0, 1)), self.cells).view(len(parts), -1))
        return out

    def loss(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        parts, right = self.ask(pictures, draw)
        scores = self.scores(backbone, parts)
        found = {"loss": F.cross_entropy(scores, right)}
        found["accuracy"] = (scores.detach().argmax(1) == right).float().mean()
        return found if self.training else found | {"chance": scores.new_tensor(1 / self.answers)}

    def quiz(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        parts, right = self.ask(pictures, draw)
        told = self.scores(backbone, parts).argmax(1)
        given, said, truth = map(bytes_of, (self.given(parts), self.solved(parts, told), self.solved(parts, right)))
        answers = enumerate(zip(told.tolist(), right.tolist(), strict=True))
        return [
            Quiz(given[at], said[at], truth[at], self.words(one), self.words(other), one == other)
            for at, (one, other) in answers
        ]

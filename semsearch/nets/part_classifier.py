"""Pretext tasks that classify parts of an image: rotation, patches and jigsaw. The loss is cross-entropy.

Each part goes through the backbone; the concatenated features of all parts go through two layers to one score per
class. A task defines how parts are cut, and how a class is shown as an image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import nn

from semsearch.nets.autoencoder import to_bytes
from semsearch.nets.backbone import POOL_CELLS, Backbone, BackboneConfig, pool_map
from semsearch.records import Quiz

HIDDEN_UNITS = 256  # of the layer that sees all parts


class PartClassifier(nn.Module, ABC):
    """A pretext task with `classes` classes on `parts` parts of an image."""

    def __init__(self, config: BackboneConfig, parts: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.cells = POOL_CELLS if parts == 1 else 1  # several parts are small: one mean for each is enough
        inputs = parts * config.out * self.cells**2
        # `tell` is the name in stored models
        self.tell = nn.Sequential(nn.Linear(inputs, HIDDEN_UNITS), nn.ReLU(), nn.Linear(HIDDEN_UNITS, classes))

    @abstractmethod
    def sample(self, images: torch.Tensor, draw: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Random parts (n, parts, c, h, w) of images (n, c, h, w), 0..1, and their classes (n,)."""

    @abstractmethod
    def input_image(self, parts: torch.Tensor) -> torch.Tensor:
        """The input of the network, shown as images (n, c, h, w)."""

    @abstractmethod
    def solution_image(self, parts: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """The parts put together as these classes (n,) say, as images (n, c, h, w)."""

    @abstractmethod
    def class_name(self, number: int) -> str:
        """A class in words."""

    def scores(self, backbone: Backbone, parts: torch.Tensor) -> torch.Tensor:
        """(n, classes) of parts (n, parts, c, h, w)."""
        out: torch.Tensor = self.tell(pool_map(backbone(parts.flatten(0, 1)), self.cells).view(len(parts), -1))
        return out

    def loss(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        parts, target = self.sample(images, draw)
        scores = self.scores(backbone, parts)
        values = {"loss": F.cross_entropy(scores, target)}
        values["accuracy"] = (scores.detach().argmax(1) == target).float().mean()
        return values if self.training else values | {"chance": scores.new_tensor(1 / self.classes)}

    def quiz(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        parts, target = self.sample(images, draw)
        predicted = self.scores(backbone, parts).argmax(1)
        shown = (self.input_image(parts), self.solution_image(parts, predicted), self.solution_image(parts, target))
        inputs, outputs, targets = map(to_bytes, shown)
        answers = zip(predicted.tolist(), target.tolist(), strict=True)
        return [
            Quiz(
                inputs[row],
                outputs[row],
                targets[row],
                self.class_name(guess),
                self.class_name(truth),
                guess == truth,
            )
            for row, (guess, truth) in enumerate(answers)
        ]

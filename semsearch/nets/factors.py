"""What the trainings of `glove` and `sgns` share: word and context vectors, by gradient from counts.

A step takes a batch of words with all their contexts. Adagrad (Duchi, Hazan & Singer 2011; the optimiser of GloVe)
gives rare words large steps and frequent words small ones. Its accumulator starts at INITIAL_ACCUMULATOR, so that the
first step is not too large. The learning rate decays linearly to a twentieth.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from semsearch.arrays import FloatArray
from semsearch.nets.checkpoint import Stateful
from semsearch.nets.device import seeded
from semsearch.nets.pair_products import Block, Pairs
from semsearch.nets.task import Step, Turn

INITIAL_ACCUMULATOR = 5e-4  # Adagrad's first sum of squared gradients; the mean gradient of a word is about 0.1
FINAL_LR = 0.05  # share of the learning rate that is left at the end


@dataclass(frozen=True)
class FactorPlan:
    """How factors are trained.

    dim         dimension of the vectors
    epochs      passes over all pairs
    lr          Adagrad's initial learning rate
    batch_size  words per step
    seed        of initial vectors, batches and negative samples
    """

    dim: int
    epochs: int
    lr: float
    batch_size: int
    seed: int


class FactorTask(ABC):
    """The Task: word and context vectors and one optimiser; words are shuffled each epoch.

    pairs   the co-occurrence counts (v, v)
    sides   initial word and context vectors, (v, dim) each; None for random ones
    """

    def __init__(self, pairs: Pairs, plan: FactorPlan, sides: tuple[FloatArray, FloatArray] | None) -> None:
        self.pairs, self.plan = pairs, plan
        self.epochs, self.steps = plan.epochs, math.ceil(pairs.width / plan.batch_size)
        self.place = pairs.counts.device
        initial = _random(pairs.width, plan) if sides is None else [torch.from_numpy(side.copy()) for side in sides]
        self.left, self.right = (torch.nn.Parameter(side.to(self.place)) for side in initial)
        self.optimiser = torch.optim.Adagrad(
            self.parameters(), lr=plan.lr, initial_accumulator_value=INITIAL_ACCUMULATOR
        )

    def parameters(self) -> list[torch.nn.Parameter]:
        """All that the optimiser updates."""
        return [self.left, self.right]

    def parts(self) -> Mapping[str, Stateful]:
        return {"factors": torch.nn.ParameterList(self.parameters()), "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        order = np.random.default_rng((self.plan.seed, epoch)).permutation(self.pairs.width)
        yield from torch.from_numpy(order).to(self.place).split(self.plan.batch_size)

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.lr * max(FINAL_LR, 1 - step.progress)
        yield Turn(self.optimiser, self.loss(self.pairs.block(batch), step))

    @abstractmethod
    def loss(self, block: Block, step: Step) -> torch.Tensor:
        """The loss of a block of rows, a scalar, normalised by the amount of data in it."""

    def sides(self) -> tuple[FloatArray, FloatArray]:
        """Word and context vectors, (v, dim) float32 each."""
        return self.left.detach().cpu().numpy(), self.right.detach().cpu().numpy()


def _random(width: int, plan: FactorPlan) -> torch.Tensor:
    """word2vec's initial vectors for both sides, (2, width, dim): uniform in ± 1 / (2 dim)."""
    with seeded(plan.seed):
        return (torch.rand(2, width, plan.dim) - 0.5) / plan.dim

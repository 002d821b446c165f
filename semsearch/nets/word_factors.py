"""GloVe and word2vec as trainings on counts: who appears near whom is counted once, and the counts are factored.

    glove    Σ f(n_ij) (w_i·c_j + b_i + d_j - ln n_ij)²                        over the pairs that were counted
    sgns     Σ n_ij ln σ(w_i·c_j - ln k) + k n_i E_j ln σ(ln k - w_i·c_j)      over those, and contexts drawn by chance

Pennington, Socher & Manning, "GloVe" (EMNLP 2014), equations 8 and 9. Mikolov et al., "Distributed Representations of
Words and Phrases" (NIPS 2013), equation 4, summed over the text as in Levy & Goldberg (NIPS 2014), equation 5:
word2vec walks through the text and meets each term of this sum as often as n_ij says; here all of them are added at
once. The ln k is word2vec's own shift, held in a dimension of its own that does not move, so that w_i·c_j is after
PMI_ij itself.

A step takes some words with all their contexts. Adagrad (Duchi, Hazan & Singer 2011; GloVe's own choice) gives rare
words long strides and frequent ones short ones; it starts from CALM, so that what was seen once does not leap.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from semsearch.arrays import FloatArray
from semsearch.nets.checkpoint import Part
from semsearch.nets.device import seeded
from semsearch.nets.pair_products import Block, Pairs
from semsearch.nets.task import Step, Turn

CALM = 5e-4  # Adagrad's first sum of squares, where the mean gradient of a word is about 0.1
DRAWN = 4096  # contexts drawn for a step; with fewer words than that all of them are taken


@dataclass(frozen=True)
class How:
    """What both trainings can be told. `rows` words a step; `rate` is Adagrad's first, falling to a twentieth of it."""

    dim: int
    epochs: int
    rate: float
    rows: int
    seed: int


class _Factors(ABC):
    """What both have in common: vectors of words and of contexts, one optimiser, words in another order each epoch."""

    def __init__(self, pairs: Pairs, how: How, start: tuple[FloatArray, FloatArray] | None) -> None:
        self.pairs, self.how = pairs, how
        self.epochs, self.steps = how.epochs, math.ceil(pairs.width / how.rows)
        self.place = pairs.counts.device
        sides = _small(pairs.width, how) if start is None else [torch.from_numpy(side.copy()) for side in start]
        self.left, self.right = (torch.nn.Parameter(side.to(self.place)) for side in sides)
        self.optimiser = torch.optim.Adagrad(self.trained(), lr=how.rate, initial_accumulator_value=CALM)

    def trained(self) -> list[torch.nn.Parameter]:
        """All that the optimiser moves."""
        return [self.left, self.right]

    def parts(self) -> Mapping[str, Part]:
        return {"factors": torch.nn.ParameterList(self.trained()), "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        order = np.random.default_rng((self.how.seed, epoch)).permutation(self.pairs.width)
        yield from torch.from_numpy(order).to(self.place).split(self.how.rows)

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.how.rate * max(0.05, 1 - step.progress)
        yield Turn(self.optimiser, self.loss(self.pairs.block(batch), step))

    @abstractmethod
    def loss(self, block: Block, step: Step) -> torch.Tensor:
        """What the block's share of the sum is, over how much there is to count in it."""

    def sides(self) -> tuple[FloatArray, FloatArray]:
        """The vectors of words and of contexts, (v, k) float32 each."""
        return self.left.detach().cpu().numpy(), self.right.detach().cpu().numpy()


def _small(width: int, how: How) -> torch.Tensor:
    """word2vec's own start, for both sides: even chance within half a k-th."""
    with seeded(how.seed):
        return (torch.rand(2, width, how.dim) - 0.5) / how.dim


class Glove(_Factors):
    """Pairs seen `enough` times or more weigh 1, others (n / enough)^power; what a word is near to anyway is its
    bias."""

    def __init__(
        self,
        pairs: Pairs,
        how: How,
        start: tuple[FloatArray, FloatArray] | None,
        totals: FloatArray,
        *,
        enough: float,
        power: float,
    ) -> None:
        log = np.log(np.maximum(totals, 1e-9)) - 0.5 * np.log(totals.sum())  # what chance alone would give
        self.biases = [
            torch.nn.Parameter(torch.from_numpy(log[:, None].astype(np.float32)).to(pairs.counts.device)) for _ in "wc"
        ]
        self.enough, self.power = enough, power
        super().__init__(pairs, how, start)

    def trained(self) -> list[torch.nn.Parameter]:
        return [*super().trained(), *self.biases]

    def loss(self, block: Block, step: Step) -> torch.Tensor:
        products = block.products(F.embedding(block.rows, self.left, sparse=True), self.right)
        of_words = F.embedding(block.rows, self.biases[0], sparse=True)[:, 0]
        error = products + block.spread(of_words) + self.biases[1][:, 0][block.columns] - block.counts.log()
        weights = (block.counts / self.enough).clamp(max=1) ** self.power
        return 0.5 * (weights * error**2).sum() / len(block.rows)


class Sgns(_Factors):
    """`negatives` is k; contexts are drawn as often as their totals to the power `smoothing` say."""

    def __init__(
        self,
        pairs: Pairs,
        how: How,
        start: tuple[FloatArray, FloatArray] | None,
        totals: FloatArray,
        *,
        negatives: float,
        smoothing: float,
    ) -> None:
        super().__init__(pairs, how, start)
        self.negatives, self.shift = negatives, math.log(negatives)
        self.totals = torch.from_numpy((totals / totals.mean()).astype(np.float32)).to(self.place)
        self.unit = float(totals.mean())
        chance = self.totals.double() ** smoothing
        self.chance = (chance / chance.sum()).float()

    def loss(self, block: Block, step: Step) -> torch.Tensor:
        own = F.embedding(block.rows, self.left, sparse=True)
        near = -(block.counts * F.logsigmoid(block.products(own, self.right) - self.shift)).sum() / self.unit
        if len(self.chance) <= DRAWN:
            apart = F.softplus(own @ self.right.T - self.shift) @ self.chance
        else:
            drawn = torch.multinomial(self.chance, DRAWN, replacement=True, generator=step.draw)
            apart = F.softplus(own @ self.right[drawn].T - self.shift).mean(dim=1)
        return near + self.negatives * (self.totals[block.rows] * apart).sum()

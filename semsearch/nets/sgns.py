"""Skip-gram with negative sampling (word2vec) as a training on co-occurrence counts.

    loss    -Σ n_ij ln σ(w_i·c_j - ln k) - k Σ n_i E_j ln σ(ln k - w_i·c_j)

Mikolov et al., "Distributed Representations of Words and Phrases" (NIPS 2013), equation 4, summed over the text as in
Levy & Goldberg (NIPS 2014), equation 5: word2vec meets each term of the sum n_ij times, here it is added once, with
that weight. E_j is over contexts drawn from the negative-sampling distribution. The shift ln k is explicit and fixed,
so that w_i·c_j approximates PMI_ij itself.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from semsearch.arrays import FloatArray
from semsearch.nets.factors import FactorPlan, FactorTask
from semsearch.nets.pair_products import Block, Pairs
from semsearch.nets.task import Step

MAX_SAMPLED = 4096  # negative contexts per step; a smaller vocabulary is used whole, by its exact expectation


class Sgns(FactorTask):
    """The Task of `sgns`.

    totals       (v,) row sums of the counts
    negative     k, the number of negative samples per pair
    ns_exponent  of the totals in the negative-sampling distribution
    """

    def __init__(
        self,
        pairs: Pairs,
        plan: FactorPlan,
        sides: tuple[FloatArray, FloatArray] | None,
        totals: FloatArray,
        *,
        negative: float,
        ns_exponent: float,
    ) -> None:
        super().__init__(pairs, plan, sides)
        self.negative, self.shift = negative, math.log(negative)
        self.totals = torch.from_numpy((totals / totals.mean()).astype(np.float32)).to(self.place)
        self.unit = float(totals.mean())
        weights = self.totals.double() ** ns_exponent
        self.distribution = (weights / weights.sum()).float()

    def loss(self, block: Block, step: Step) -> torch.Tensor:
        vectors = F.embedding(block.rows, self.left, sparse=True)
        positive = -(block.counts * F.logsigmoid(block.products(vectors, self.right) - self.shift)).sum() / self.unit
        if len(self.distribution) <= MAX_SAMPLED:
            negative = F.softplus(vectors @ self.right.T - self.shift) @ self.distribution
        else:
            sampled = torch.multinomial(self.distribution, MAX_SAMPLED, replacement=True, generator=step.draw)
            negative = F.softplus(vectors @ self.right[sampled].T - self.shift).mean(dim=1)
        return positive + self.negative * (self.totals[block.rows] * negative).sum()

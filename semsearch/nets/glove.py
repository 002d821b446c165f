"""GloVe as a training on co-occurrence counts.

    loss    ½ Σ f(n_ij) (w_i·c_j + b_i + d_j - ln n_ij)²,  f(n) = min(1, n / x_max)^alpha

Pennington, Socher & Manning, "GloVe" (EMNLP 2014), equations 8 and 9. The sum runs over the pairs with a count.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from semsearch.arrays import FloatArray
from semsearch.nets.factors import FactorPlan, FactorTask
from semsearch.nets.pair_products import Block, Pairs
from semsearch.nets.task import Step


class Glove(FactorTask):
    """The Task of `glove`.

    totals  (v,) row sums of the counts: initial biases are what independence would predict
    x_max   count from which a pair has weight 1
    alpha   exponent of the weight of rarer pairs
    """

    def __init__(
        self,
        pairs: Pairs,
        plan: FactorPlan,
        sides: tuple[FloatArray, FloatArray] | None,
        totals: FloatArray,
        *,
        x_max: float,
        alpha: float,
    ) -> None:
        log = np.log(np.maximum(totals, 1e-9)) - 0.5 * np.log(totals.sum())
        self.biases = [
            torch.nn.Parameter(torch.from_numpy(log[:, None].astype(np.float32)).to(pairs.counts.device))
            for _ in ("words", "contexts")
        ]
        self.x_max, self.alpha = x_max, alpha
        super().__init__(pairs, plan, sides)

    def parameters(self) -> list[torch.nn.Parameter]:
        return [*super().parameters(), *self.biases]

    def loss(self, block: Block, step: Step) -> torch.Tensor:
        products = block.products(F.embedding(block.rows, self.left, sparse=True), self.right)
        word_biases = F.embedding(block.rows, self.biases[0], sparse=True)[:, 0]
        error = products + block.spread(word_biases) + self.biases[1][:, 0][block.columns] - block.counts.log()
        weights = (block.counts / self.x_max).clamp(max=1) ** self.alpha
        return 0.5 * (weights * error**2).sum() / len(block.rows)

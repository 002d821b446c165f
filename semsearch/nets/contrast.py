"""Term vectors learned by contrast between two parts of the same document.

    vectors     d = Σ_t x_t e^(w_t) E_t at unit length, for the weights x of a part's terms
    loss        -ln softmax(q_i·d_j / temperature)_i=j over the batch, in both directions

The vectors E (v, k) and the log weights w (v,) of terms are learned; E starts from given vectors and w from 0. The loss
is InfoNCE (van den Oord, Li & Vinyals 2018) with the other pairs of the batch as negatives. Pairs of the same group are
no negatives.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from semsearch.arrays import FloatArray, IntArray
from semsearch.nets.checkpoint import Stateful
from semsearch.nets.device import place
from semsearch.nets.task import Step, Turn
from semsearch.records import Device

MAX_HELD_OUT = 1000  # pairs that the loss is measured on after each epoch


class Sparse(Protocol):
    """A sparse matrix in CSR form; `data` is float32."""

    shape: tuple[int, int]
    indptr: npt.NDArray[Any]
    indices: npt.NDArray[Any]
    data: npt.NDArray[np.float32]


class Pairs(Protocol):
    """m pairs of parts, whose terms have weights (maths.text_pairs); pairs of the same group are no negatives."""

    @property
    def groups(self) -> IntArray: ...

    def __len__(self) -> int: ...

    def draw(self, rows: IntArray, rng: np.random.Generator) -> tuple[Any, Any]: ...


@dataclass(frozen=True)
class ContrastPlan:
    """How term vectors are trained; `lr` is Adam's learning rate, relative to the mean size of a number in them."""

    epochs: int
    batch_size: int
    lr: float
    temperature: float
    seed: int


Evaluate = Callable[[FloatArray], Mapping[str, float]]


class Contrast:
    """The Task of `contrast`.

    train, held_out  the numbers of the pairs that are trained on, and of those that are not
    initial          (v, k) term vectors to start from
    evaluate         of term vectors (v, k): `held_out`, smaller is better, and other figures for the curves
    """

    def __init__(
        self,
        pairs: Pairs,
        parts: tuple[IntArray, IntArray],
        initial: FloatArray,
        plan: ContrastPlan,
        evaluate: Evaluate,
        device: Device,
    ) -> None:
        self.pairs, self.plan, self.evaluate, self.place = pairs, plan, evaluate, place(device)
        self.train, self.held_out = parts[0], parts[1][:MAX_HELD_OUT]
        self.vectors = torch.nn.Parameter(torch.from_numpy(initial.copy()).to(self.place))
        self.log_weights = torch.nn.Parameter(torch.zeros(len(initial), 1, device=self.place))
        size = math.sqrt(float(np.vdot(initial, initial)) / initial.size)
        self.optimiser = torch.optim.SparseAdam(
            [{"params": [self.vectors], "lr": plan.lr * size}, {"params": [self.log_weights], "lr": plan.lr}]
        )
        self.epochs, self.steps = plan.epochs, math.ceil(len(self.train) / plan.batch_size)

    def parts(self) -> Mapping[str, Stateful]:
        return {"terms": torch.nn.ParameterList([self.vectors, self.log_weights]), "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[IntArray]:
        """Batches of nearly equal size: the negatives of a pair are the rest of its batch."""
        rng = np.random.default_rng((self.plan.seed, 2, epoch))
        yield from np.array_split(self.train[rng.permutation(len(self.train))], self.steps)

    def losses(self, batch: IntArray, step: Step) -> Iterator[Turn]:
        rng = np.random.default_rng((self.plan.seed, 3, step.number))
        loss, correct = self._loss(batch, rng)
        step.note(accuracy=correct)
        yield Turn(self.optimiser, loss)

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """What `evaluate` says of the vectors, and the loss on the held-out pairs."""
        measured = dict(self.evaluate(self.result()))
        if len(self.held_out) > 1:
            loss, correct = self._loss(self.held_out, np.random.default_rng((self.plan.seed, 4)))
            measured |= {"held_out_pairs": float(loss), "held_out_accuracy": float(correct)}
            measured |= {"chance": 1 / len(self.held_out)}
        return measured

    def _loss(self, rows: IntArray, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss, and the share of pairs whose other part is the nearest of all."""
        left, right = self.pairs.draw(rows, rng)
        present = np.unique(np.concatenate([left.indices, right.indices]))
        chosen = torch.from_numpy(present.astype(np.int64)).to(self.place)
        weights = F.embedding(chosen, self.log_weights, sparse=True).exp()
        terms = F.embedding(chosen, self.vectors, sparse=True) * weights
        one, other = (F.normalize(_on(side, present, self.place) @ terms) for side in (left, right))
        groups = torch.from_numpy(self.pairs.groups[rows]).to(self.place)
        same = (groups[:, None] == groups[None]).any(dim=2)
        scores = (one @ other.T / self.plan.temperature).masked_fill(
            same & ~torch.eye(len(rows), dtype=torch.bool, device=self.place), -math.inf
        )
        target = torch.arange(len(rows), device=self.place)
        loss = (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2
        return loss, (scores.argmax(dim=1) == target).float().mean()

    @torch.no_grad()
    def result(self) -> FloatArray:
        """(v, k) float32 the term vectors with their weights."""
        return (self.vectors * self.log_weights.exp()).cpu().numpy()


def _on(side: Sparse, present: npt.NDArray[Any], where: torch.device) -> torch.Tensor:
    """The columns `present` of a sparse matrix, as a tensor (rows, len(present))."""
    columns = np.searchsorted(present, side.indices)
    rows = np.repeat(np.arange(side.shape[0]), np.diff(side.indptr))
    indices = torch.from_numpy(np.stack([rows, columns]).astype(np.int64))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*invariant.*")
        return torch.sparse_coo_tensor(
            indices, torch.from_numpy(side.data), (side.shape[0], len(present)), is_coalesced=True
        ).to(where)

"""Scalar products of the counted pairs, a block of rows at a time, with their gradients.

A block is a few hundred words with all their contexts: a sparse matrix in CSR form. The products of its pairs are a
sampled dense-dense product, and their gradients two sparse-dense ones. None of these holds a vector per pair, which
makes a plain gather-and-multiply memory-bound, and some twenty times slower on a CPU.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from semsearch.nets.device import place
from semsearch.records import Device


class Counts(Protocol):
    """A sparse matrix in CSR form; `data` is float32."""

    indptr: npt.NDArray[Any]
    indices: npt.NDArray[Any]
    data: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """Some rows of the counts.

    rows           (b,) their numbers
    begins         (b + 1,) where the pairs of each row begin
    columns        (p,) the column of each pair
    counts         (p,) float32
    order          (p,) sorts the pairs by column
    column_begins  (v + 1,) where the pairs of each column begin in that order
    """

    rows: torch.Tensor
    begins: torch.Tensor
    columns: torch.Tensor
    counts: torch.Tensor
    order: torch.Tensor
    column_begins: torch.Tensor

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Values of rows (b,), repeated for each of their pairs: (p,)."""
        return torch.repeat_interleave(values, self.begins.diff(), output_size=len(self.columns))

    def products(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """The scalar product of each pair (p,), from vectors of the rows (b, k) and of all columns (v, k)."""
        values: torch.Tensor = _Products.apply(left, right, self)
        return values


class Pairs:
    """The counts of all pairs, (v, v) in CSR form, on a device."""

    def __init__(self, counts: Counts, device: Device) -> None:
        _accept_csr()
        where = place(device)
        self.width = len(counts.indptr) - 1
        self.begins = torch.from_numpy(counts.indptr.astype(np.int64)).to(where)
        self.columns = torch.from_numpy(counts.indices).to(where)
        self.counts = torch.from_numpy(counts.data).to(where)

    def block(self, rows: torch.Tensor) -> Block:
        """The pairs of these rows (b,), in this order."""
        starts = self.begins[rows]
        lengths = self.begins[rows + 1] - starts
        begins = F.pad(lengths.cumsum(0), (1, 0))
        total = int(begins[-1])
        shift = torch.repeat_interleave(starts - begins[:-1], lengths, output_size=total)
        at = shift + torch.arange(total, device=rows.device)
        columns = self.columns[at].long()
        order = torch.argsort(columns, stable=True)
        column_begins = F.pad(torch.bincount(columns, minlength=self.width).cumsum(0), (1, 0))
        return Block(rows, begins, columns, self.counts[at], order, column_begins)


@cache
def _accept_csr() -> None:
    """Silences torch's warnings, once per process, that CSR is in beta and sparse tensors are unchecked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.sparse_csr_tensor([0, 0], [], [], size=(1, 1))
        torch.sparse_coo_tensor(torch.zeros((2, 1), dtype=torch.int64), torch.zeros(1), (1, 1))


class _Products(torch.autograd.Function):
    """The products of a block's pairs. Gradients are sums over rows and over columns, by embedding_bag."""

    @staticmethod
    def forward(ctx: Any, left: torch.Tensor, right: torch.Tensor, block: Block) -> torch.Tensor:
        ctx.save_for_backward(left, right)
        ctx.block = block
        pattern = torch.sparse_csr_tensor(
            block.begins,
            block.columns,
            torch.zeros_like(block.counts),
            size=(len(block.rows), len(right)),
            check_invariants=False,
        )
        return torch.sparse.sampled_addmm(pattern, left, right.T, beta=0.0).values()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        left, right = ctx.saved_tensors
        block: Block = ctx.block
        rows = block.spread(torch.arange(len(block.rows), device=left.device))
        of_left = _sums(right, block.columns, block.begins, gradient)
        of_right = _sums(left, rows[block.order], block.column_begins, gradient[block.order])
        return of_left, of_right, None


def _sums(vectors: torch.Tensor, chosen: torch.Tensor, begins: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted sums of chosen rows of `vectors`, one for each segment between two `begins`."""
    return F.embedding_bag(
        chosen, vectors, begins, mode="sum", per_sample_weights=weights.contiguous(), include_last_offset=True
    )

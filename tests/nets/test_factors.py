"""GloVe and skip-gram on counts: losses and gradients against plain double loops, and what they find."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from semsearch.nets import sgns
from semsearch.nets.factors import FactorPlan
from semsearch.nets.glove import Glove
from semsearch.nets.loop import TrainOptions, train
from semsearch.nets.pair_products import Pairs
from semsearch.nets.sgns import Sgns
from semsearch.nets.task import Step
from semsearch.records import silent
from tests.nets.training import CPU

N, DIM, K = 23, 5, 4.0


@pytest.fixture
def counts() -> sp.csr_matrix:
    """Symmetric, with an empty row and a row that holds a third of all."""
    rng = np.random.default_rng(3)
    found = sp.random(N, N, 0.3, "csr", np.float32, rng, lambda n: rng.integers(1, 9, n))
    found = (found + found.T).tolil()
    found[0, :] = found[:, 0] = 7
    found[5, :] = found[:, 5] = 0
    made = found.tocsr().astype(np.float32)
    made.eliminate_zeros()
    made.sort_indices()
    return made


def step() -> Step:
    return Step(0, 0.0, torch.Generator().manual_seed(1))


def sides() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    return tuple(rng.normal(size=(N, DIM)).astype(np.float32) for _ in "wc")


def totals(counts: sp.csr_matrix) -> np.ndarray:
    return np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)


def test_products_and_their_gradients_are_those_of_the_dense_matrix(counts: sp.csr_matrix) -> None:
    rows = torch.tensor([4, 5, 0, 17])  # one of them empty
    block = Pairs(counts, CPU).block(rows)
    left, right = (torch.from_numpy(side).requires_grad_() for side in sides())
    weights = torch.rand(len(block.columns))
    found = block.products(left[rows], right)
    (found * weights).sum().backward()
    got = left.grad.clone(), right.grad.clone()
    left.grad = right.grad = None
    dense = left[rows] @ right.T
    at = block.spread(torch.arange(4)), block.columns
    assert torch.allclose(found, dense[at], atol=1e-5)
    (dense[at] * weights).sum().backward()
    assert torch.allclose(got[0], left.grad, atol=1e-5) and torch.allclose(got[1], right.grad, atol=1e-5)
    assert block.counts.tolist() == np.asarray(counts[rows.numpy()].data).tolist()


def test_the_loss_of_sgns_is_its_formula_summed_over_all_pairs(counts: sp.csr_matrix) -> None:
    task = Sgns(
        Pairs(counts, CPU), FactorPlan(DIM, 1, 0.1, 7, 0), sides(), totals(counts), negative=K, ns_exponent=0.75
    )
    W, C = sides()
    n, t = counts.toarray(), totals(counts)
    chance = t**0.75 / (t**0.75).sum()
    expected = 0.0
    for i in range(N):
        for j in range(N):
            x = float(W[i] @ C[j]) - np.log(K)
            expected += n[i, j] * np.log1p(np.exp(-x)) + K * t[i] * chance[j] * np.log1p(np.exp(x))
    found = sum(task.loss(task.pairs.block(rows), step()).item() for rows in task.batches(0))
    assert found == pytest.approx(expected / t.mean(), rel=1e-5)  # sums of float32


def test_sampled_contexts_give_the_same_loss_on_average(counts: sp.csr_matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    """What every vocabulary above MAX_SAMPLED words uses."""
    task = Sgns(
        Pairs(counts, CPU), FactorPlan(DIM, 1, 0.1, N, 0), sides(), totals(counts), negative=K, ns_exponent=0.75
    )
    block = task.pairs.block(torch.arange(N))
    exact = task.loss(block, step()).item()
    monkeypatch.setattr(sgns, "MAX_SAMPLED", 8)
    drawn = [task.loss(block, Step(0, 0.0, torch.Generator().manual_seed(n))).item() for n in range(400)]
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert np.mean(drawn) == pytest.approx(exact, abs=4 * error)  # four standard errors
    assert error < 0.05 * exact


def test_the_loss_of_glove_is_its_formula_summed_over_met_pairs(counts: sp.csr_matrix) -> None:
    task = Glove(Pairs(counts, CPU), FactorPlan(DIM, 1, 0.1, N, 0), sides(), totals(counts), x_max=6, alpha=0.75)
    W, C = sides()
    b, d = (bias.detach().numpy()[:, 0] for bias in task.biases)
    n = counts.tocoo()
    expected = sum(
        0.5 * min(1.0, count / 6) ** 0.75 * (W[i] @ C[j] + b[i] + d[j] - np.log(count)) ** 2
        for i, j, count in zip(n.row, n.col, n.data, strict=True)
    )
    found = sum(task.loss(task.pairs.block(rows), step()).item() for rows in task.batches(0))
    assert found == pytest.approx(expected / N, rel=1e-4)  # one batch of all N words


@pytest.fixture
def groups() -> sp.csr_matrix:
    """40 words in 4 groups: those of one group meet each other six times as often as others."""
    rng = np.random.default_rng(5)
    group = np.arange(40) % 4
    rate = np.where(group[:, None] == group[None, :], 60.0, 10.0) * np.sqrt(np.outer(*[rng.uniform(0.5, 2, 40)] * 2))
    half = np.triu(rng.poisson(rate))
    return sp.csr_matrix((half + half.T).astype(np.float32))


def test_the_products_of_sgns_track_pmi(groups: sp.csr_matrix) -> None:
    """Levy & Goldberg 2014: word2vec factors PMI - ln k; its shift stands apart here, so that products are PMI's."""
    t = totals(groups)
    plan = FactorPlan(40, 400, 0.3, 10, 0)  # as many dimensions as words: room enough
    task = Sgns(Pairs(groups, CPU), plan, None, t, negative=3.0, ns_exponent=1.0)
    train(task, TrainOptions(seed=0), device=CPU, report=silent)
    left, right = task.sides()
    pmi = np.log(np.maximum(groups.toarray(), 0.5) * t.sum() / np.outer(t, t))
    met = groups.toarray() > 0
    found = left @ right.T
    assert np.corrcoef(found[met], pmi[met])[0, 1] > 0.98
    assert np.abs(found[met] - pmi[met]).mean() < 0.1  # not only in proportion: the very numbers


@pytest.mark.parametrize("kind", ["glove", "sgns"])
def test_words_of_one_group_end_near_each_other(groups: sp.csr_matrix, kind: str) -> None:
    plan, t = FactorPlan(4, 150, 0.2, 10, 0), totals(groups)
    pairs = Pairs(groups, CPU)
    task = (
        Glove(pairs, plan, None, t, x_max=10, alpha=0.75)
        if kind == "glove"
        else Sgns(pairs, plan, None, t, negative=5.0, ns_exponent=0.75)
    )
    train(task, TrainOptions(seed=0), device=CPU, report=silent)
    both = sum(task.sides())
    unit = both / np.linalg.norm(both, axis=1, keepdims=True)
    near = np.argsort(-(unit @ unit.T), axis=1)[:, 1:10]
    assert (near % 4 == np.arange(40)[:, None] % 4).mean() > 0.95

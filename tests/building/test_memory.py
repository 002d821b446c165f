"""A build that needs more memory than it may take says so before it starts, and names what helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from semsearch.builders.deepwalk import DeepWalk, DeepWalkOptions, Node2vec, Node2vecOptions
from semsearch.building import memory
from semsearch.errors import BuildError, InputError
from semsearch.records import Device, Graph, silent
from tests.planted import communities, purity

Run = Callable[..., Result]


def graph(n: int, m: int) -> Graph:
    rng = np.random.default_rng(0)
    ends = rng.integers(0, n, (2, m))
    return Graph([str(key) for key in range(n)], ends[0], ends[1], np.ones(m))


@pytest.mark.parametrize(
    ("text", "size"),
    [("4G", 4 * 10**9), ("1.5 GB", 1_500_000_000), ("500m", 500 * 10**6), (" 2TB ", 2 * 10**12)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert memory.parse_size(text) == size


@pytest.mark.parametrize("text", ["4", "", "0G", "-1G", "4X", "lots", "G", "1e3G", "٤G" * 50])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="--memory must be a size with its unit"):
        memory.parse_size(text)


def test_free_memory_is_known_and_no_more_than_the_own_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_machine_free", lambda: iter([9 * 10**9]))
    monkeypatch.setattr(memory, "_group_free", lambda: iter([5 * 10**9]))
    monkeypatch.setattr(memory, "_limit_free", lambda: iter([7 * 10**9]))
    assert memory.free_bytes() == 5 * 10**9
    monkeypatch.setattr(memory, "_group_free", lambda: iter([-1]))
    assert memory.free_bytes() == 0


def test_the_need_grows_with_walks_and_pairs_and_is_bounded_for_a_large_graph() -> None:
    large = graph(200_000, 10)
    builder = DeepWalk()
    need = builder.memory_need(large, DeepWalkOptions()).bytes
    assert 1e9 < need < 4e9
    assert builder.memory_need(large, DeepWalkOptions(num_walks=40)).bytes > 2 * need
    assert builder.memory_need(large, DeepWalkOptions(pairs_per_node=2000)).bytes > 2 * need
    assert builder.memory_need(large, DeepWalkOptions(algorithm="skipgram")).bytes > 10 * need
    assert builder.memory_need(graph(30, 10), DeepWalkOptions()).bytes < 10e6


def test_half_of_the_free_memory_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 2 * 10**9)
    with (
        pytest.raises(BuildError, match=r"half of the free memory is 1\.0 GB: use a lower --num-walks"),
        memory.bounded(DeepWalk(), graph(200_000, 10), DeepWalkOptions(), None),
    ):
        pytest.fail("started")
    with memory.bounded(DeepWalk(), graph(200_000, 10), DeepWalkOptions(), "9G"):
        pass
    monkeypatch.setattr(memory, "free_bytes", lambda: None)  # unknown: nothing is refused
    with memory.bounded(DeepWalk(), graph(200_000, 10), DeepWalkOptions(), None):
        pass


def test_running_out_of_memory_names_what_helps() -> None:
    with (
        pytest.raises(BuildError, match="Out of memory, nothing was written: use a lower --num-walks"),
        memory.bounded(Node2vec(), graph(30, 10), Node2vecOptions(), "9G"),
    ):
        raise MemoryError


def test_a_refused_build_leaves_the_file_as_it_was(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("".join(f"{at},{(at * 7 + 1) % 300}\n" for at in range(300)))
    assert run("ingest", "edges", path, "g", tmp_path / "e.csv").exit_code == 0
    done = run("build", "deepwalk", path, "g", "--memory", "100M")
    assert done.exit_code == 1 and len(done.stderr.splitlines()) == 1
    assert "deepwalk would need about" in done.stderr and "--memory is 100 MB" in done.stderr
    assert "`build prone`" in done.stderr and "--dim" not in done.stderr
    assert "articles" not in run("collections", path).stdout and "g_deepwalk" not in run("collections", path).stdout
    done = run("build", "deepwalk", path, "g", "--memory", "much")
    assert done.exit_code == 1 and "--memory must be a size" in done.stderr
    assert run("build", "deepwalk", path, "g", "--memory", "2G").exit_code == 0


def test_other_builders_say_that_they_cannot_estimate(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("a,b\nb,c\nc,d\n")
    assert run("ingest", "edges", path, "g", tmp_path / "e.csv").exit_code == 0
    done = run("build", "prone", path, "g", "--memory", "4G")
    assert done.exit_code == 1 and "prone cannot estimate its memory: leave out --memory" in done.stderr


@pytest.mark.parametrize("kept", [4, 20, None])
def test_communities_are_found_in_few_pairs_per_node(kept: int | None) -> None:
    A, of = communities(np.random.default_rng(5))
    upper = np.nonzero(np.triu(A.toarray()))
    corpus = Graph([str(key) for key in range(A.shape[0])], upper[0], upper[1], np.ones(len(upper[0])))
    options = DeepWalkOptions(dim=16, pairs_per_node=kept)
    fitted = DeepWalk().fit(corpus, options, rng=np.random.default_rng(0), device=Device("cpu", ""), report=silent)
    assert purity(fitted.embeddings[0].vectors, of) > 0.85
    assert fitted.metrics["pairs"] <= 2 * A.shape[0] * (kept or A.shape[0])
    assert fitted.metrics["counted_pairs"] >= fitted.metrics["pairs"] / 2

"""The retrieval benchmark on a planted set: two topics, found by the real commands and by the peers."""

import importlib.util
from pathlib import Path

import pytest
import retrieval
import sets

SEA = (
    "ships sail the ocean",
    "sailors steer ships",
    "the ocean has waves",
    "waves rock ships and sailors",
    "sail on waves",
)
BREAD = (
    "bakers knead dough",
    "dough becomes bread",
    "the oven bakes bread",
    "bakers heat the oven",
    "knead bread dough",
)


@pytest.fixture
def two_topics() -> sets.TestSet:
    """Ten documents; each query's relevant documents are those of its topic, most of which share no word with it."""
    documents = tuple(sets.Document(f"d{number}", "", text) for number, text in enumerate(SEA + BREAD))
    judgements = {"sea": {f"d{n}": 1 for n in range(5)}, "bread": {f"d{n}": 1 for n in range(5, 10)}}
    queries = {"sea": "ocean sailors", "bread": "oven dough", "unjudged": "something else"}
    return sets.TestSet("topics", documents, queries, judgements)


@pytest.mark.usefixtures("in_this_process")
def test_the_real_commands_find_planted_topics(two_topics: sets.TestSet, tmp_path: Path) -> None:
    dim, seconds, modes = retrieval.measure_ours(two_topics, tmp_path / "topics")
    assert 1 <= dim <= 10
    assert set(seconds) == {"ingest", "build"}
    # No dimension is cut from ten documents, so meaning is found for the words that are met; half the topic at least.
    assert all(metrics["queries"] == 2 for metrics in modes.values())
    assert modes["vector"]["map"] > 0.8
    assert modes["hybrid"]["map"] > 0.8


def test_the_peers_find_planted_topics(two_topics: sets.TestSet) -> None:
    pytest.importorskip("sklearn")
    import peers

    assert peers.tfidf(two_topics)["map"] > 0.8
    if importlib.util.find_spec("bm25s"):
        assert peers.bm25(two_topics)["map"] > 0.8
    # Two dimensions are the two topics, and rank them perfectly.
    assert peers.fixed_lsa(two_topics, (2, 500)) == {2: pytest.approx(1.0)}


def measured(vector: float, p11: float, fixed: dict[int, float], name: str = "cran") -> retrieval.Measured:
    modes = {mode: {"map": vector, "p11": p11, "ndcg_at_10": 0.5} for mode in retrieval.MODES}
    peers = {"tf-idf": {"map": 0.3, "p11": 0.32, "ndcg_at_10": 0.4}}
    return retrieval.Measured(name, 1400, 225, 140, {"ingest": 1.0, "build": 1.0}, modes, peers, fixed)


@pytest.mark.parametrize(
    ("row", "missed"),
    [
        pytest.param(measured(0.36, 0.38, {100: 0.38, 200: 0.35}), 0, id="all reached"),
        pytest.param(measured(0.34, 0.38, {100: 0.35}), 1, id="MAP too low"),
        pytest.param(measured(0.36, 0.37, {100: 0.35}), 1, id="precision too low"),
        pytest.param(measured(0.36, 0.38, {100: 0.4}), 1, id="another dim much better"),
        pytest.param(measured(0.01, 0.01, {100: 0.03}, "adi"), 0, id="a set without figures of its own"),
    ],
)
def test_figures(row: retrieval.Measured, missed: int) -> None:
    assert len(row.missed()) == missed
    assert ("fail" in retrieval.table([row])) == bool(missed)


def test_the_tables_show_each_set(two_topics: sets.TestSet) -> None:
    rows = [measured(0.36, 0.38, {100: 0.38, 200: 0.35}), measured(0.5, 0.5, {81: 0.45}, "adi")]
    assert "0.360 / 0.380" in retrieval.table(rows)
    assert "-0.020" in retrieval.table(rows)
    assert "k = 81" in retrieval.fixed_table(rows)

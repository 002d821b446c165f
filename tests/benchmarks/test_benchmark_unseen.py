"""The table of the hybrid ranking against its better part, on a planted set."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import sets
import unseen

from semsearch.maths.ranking import EQUAL_WEIGHT, NEXT, ORDER


def planted() -> sets.TestSet:
    subjects = ("bread oven flour yeast", "rocket orbit moon engine", "river salmon boat net")
    documents = tuple(
        sets.Document(f"{subject}-{number}", "", f"{words} number {number} {words.split()[number % 4]}")
        for subject, words in enumerate(subjects)
        for number in range(8)
    )
    queries = {str(subject): words.split()[0] for subject, words in enumerate(subjects)}
    judged = {str(subject): {f"{subject}-{number}": 1 for number in range(8)} for subject in range(3)}
    return sets.TestSet("planted", documents, queries, judged)


def test_a_set_without_doubt_is_ranked_perfectly_by_every_mode(tmp_path: Path) -> None:
    found = unseen.measure(planted(), tmp_path)
    assert (found.documents, found.queries, found.found_nothing) == (24, 3, 0)
    for mode in unseen.MODES:
        assert found.modes[mode] == pytest.approx({"p11": 1, "mrr": 1, "ndcg_at_10": 1})
    assert found.difference == pytest.approx(0) and not found.missed()
    assert "planted" in unseen.table([found])


def test_the_interval_is_of_the_difference_to_the_better_part() -> None:
    rng = np.random.default_rng(1)
    text = rng.random(400)
    scores = {"vector": text - 0.5, "text": text, "hybrid": text + 0.1 + rng.normal(0, 0.02, 400)}
    low, high = unseen.bootstrap(scores, rng)
    assert low < 0.1 < high and high - low == pytest.approx(2 * 1.96 * 0.02 / 20, rel=0.15)


def test_a_ranking_is_judged_by_its_first_relevant_document() -> None:
    p11, reciprocal, ndcg, nothing = unseen.judge(["a", "b", "c"], {"b"})
    assert (p11, reciprocal, nothing) == (0.5, 0.5, 0.0)
    assert ndcg == pytest.approx(1 / np.log2(3))
    assert unseen.judge([], {"b"}) == (0, 0, 0, 1)


def test_sets_of_ir_more_are_read_as_beir_lays_them_out(tmp_path: Path) -> None:
    folder = tmp_path / "ir-more" / "xquad-de"
    folder.mkdir(parents=True)
    files = {
        "corpus.jsonl.gz": json.dumps({"_id": "7", "title": "T", "text": "Straße"}) + "\n",
        "queries.jsonl.gz": json.dumps({"_id": "q", "text": "Wo?"}) + "\n",
        "qrels.tsv.gz": "query-id\tcorpus-id\tscore\nq\t7\t8\nq\t8\t0\n",
    }
    for name, text in files.items():
        (folder / name).write_bytes(gzip.compress(text.encode()))
    found = sets.MORE["xquad-de"](tmp_path)
    assert found.documents == (sets.Document("7", "T", "Straße"),)
    assert (found.queries, found.relevant()) == ({"q": "Wo?"}, {"q": {"7"}})


def test_constants_tried_are_those_of_the_ranking(tmp_path: Path) -> None:
    found = unseen.measure(planted(), tmp_path, constants=True)
    default = unseen.CONSTANTS.index((ORDER, EQUAL_WEIGHT, NEXT))
    assert found.by_constants[default] == pytest.approx(found.modes["hybrid"]["p11"])


def test_a_set_has_no_say_in_its_own_constants() -> None:
    """Two sets are best with the first constants, the third alone with the last: it is judged by the first."""

    def row(name: str, best: int) -> unseen.Measured:
        values = np.full(len(unseen.CONSTANTS), 0.4)
        values[best] = 0.6
        modes = {mode: {"p11": 0.5} for mode in unseen.MODES}
        return unseen.Measured(
            name, 10, 10, 2, None, modes, "text", 0.0, (0.0, 0.0), 0.5, {}, 0.0, 0.0, tuple(values.tolist())
        )

    first, second, third = unseen.leave_one_out([row("a", 0), row("b", 0), row("c", len(unseen.CONSTANTS) - 1)])
    assert third == {
        "set": "c",
        "order": "1",
        "weight": "0.4",
        "next": "0",
        "hybrid": "0.400",
        "difference": "-0.100",
        "target": "fail",
    }
    assert unseen.leave_one_out([row("a", 0), row("b", 0)])[0]["difference"] == "+0.100"

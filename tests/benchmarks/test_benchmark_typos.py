"""The table of typo tolerance, on a planted set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sets
import typos

from semsearch.maths.edits import edits


def test_a_slip_is_one_edit() -> None:
    rng = np.random.default_rng(0)
    slips = [typos.slip("astronaut", rng) for _ in range(50)]
    assert {edits("astronaut", each) for each in slips} == {0, 1} and {each[0] for each in slips} == {"a"}


def test_misspelled_queries_rank_as_the_right_ones_again(tmp_path: Path) -> None:
    subjects = ("bread oven flour yeast", "rocket orbit engine launch", "river salmon netting")
    documents = tuple(
        sets.Document(f"{subject}-{number}", "", f"{words} number {number} {words.split()[number % 3]}")
        for subject, words in enumerate(subjects)
        for number in range(8)
    )
    queries = {str(subject): words.split()[0] for subject, words in enumerate(subjects)}
    judged = {str(subject): {f"{subject}-{number}": 1 for number in range(8)} for subject in range(3)}
    found = typos.measure(sets.TestSet("planted", documents, queries, judged), tmp_path)
    assert (found.queries, found.right, found.right_corrected, found.corrected) == (3, 1, 1, 1)
    assert found.misspelled < 1 and found.restored == 1 and found.changed == 0

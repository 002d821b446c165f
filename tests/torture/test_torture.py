"""A short form of `make torture`: crashes and kills of a few verbs. The long form is `python -m tests.torture`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import semsearch
from tests.torture import corpus, crashes, damage, fuzz, kills, machine, writers
from tests.torture.crashes import Files, Write

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="record.c needs a C compiler")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database to torture; each test works on a copy."""
    return corpus.make(tmp_path_factory.mktemp("torture"), copies=4)


@needs_compiler
@pytest.mark.parametrize("verb", [0, 7], ids=["update", "drop"])
def test_every_crash_leaves_the_old_or_the_new_state(database: Path, tmp_path: Path, verb: int) -> None:
    copy = Path(shutil.copy(database, tmp_path / "crash.db"))
    arguments = [str(copy) if each == str(database) else each for each in corpus.verbs(database)[verb]]
    outcome = crashes.crash(tmp_path, copy, arguments, seed=7, count=30)
    assert outcome.faults == () and outcome.states == 30
    assert outcome.old > 0 and outcome.new > 0


def test_kill_leaves_the_old_or_the_new_state(database: Path, tmp_path: Path) -> None:
    outcome = kills.kill(tmp_path, database, corpus.verbs(database)[0], seed=7, count=2)
    assert outcome.faults == () and outcome.states == 2


@pytest.mark.parametrize("verb", [0, 1, 7], ids=["update", "build", "drop"])
def test_a_second_writer_loses_nothing(database: Path, tmp_path: Path, verb: int) -> None:
    outcome = writers.interfere(tmp_path, database, corpus.verbs(database)[verb], seed=7, count=12)
    assert outcome.faults == () and outcome.states == 12
    assert outcome.new > 0, "no second writer could write"


def test_random_verbs_agree_with_a_model_of_the_file() -> None:
    machine.play(examples=4, steps=8)


def test_a_model_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harness itself: a drop that removes nothing differs from the model."""
    monkeypatch.setattr(semsearch.Database, "drop", lambda self, name: [])
    with pytest.raises(AssertionError):
        machine.play(examples=30, steps=10, shrink=False)


def test_random_requests_are_answered(tmp_path: Path) -> None:
    outcome = fuzz.ask(corpus.with_every_kind(tmp_path), seed=7, count=150)
    assert outcome.faults == () and outcome.new > 20


def test_damage_is_told(database: Path, tmp_path: Path) -> None:
    outcome = damage.break_one(tmp_path, database, seed=7, count=4)
    assert outcome.faults == () and outcome.states == 4


def test_a_lost_write_and_a_torn_one_differ_from_a_kept_one() -> None:
    """The harness itself: what is synced stays in every state, what is not may be lost or torn."""
    data = bytes(range(256)) * 8
    writes = [Write("w", "f", 0, data), Write("s", "f", 0, b""), Write("w", "f", 0, data[::-1])]
    found = {
        bytes(state.content["f"])
        for state in crashes.states({"f": b""}, writes, seed=1, count=300)
        if len(state.content["f"]) == len(data)
    }
    assert data in found and data[::-1] in found and len(found) > 3
    files = Files({"f": b"abc"})
    files.apply(Write("t", "f", 1, b""))
    files.apply(Write("w", "f", 3, b"z"))
    assert bytes(files.content["f"]) == b"a\0\0z"

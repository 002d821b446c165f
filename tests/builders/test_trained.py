"""glove and sgns from end to end: built by the command, killed in the middle and gone on with, and what they refuse."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from click.testing import Result

pytest.importorskip("torch")

from semsearch import registry
from semsearch.builders.base import make_options, needs_of
from semsearch.builders.gradient_words import rescale_spectrum
from semsearch.records import Device, Graph, silent
from semsearch.storage import collections, connect
from tests.planted import communities, purity

# Keeps a checkpoint every twentieth of a second, so that a kill finds one.
OFTEN = (
    "import semsearch.nets.loop as loop; loop.CHECKPOINT_SECONDS = 0.05; from semsearch.cli.main import main; main()"
)
Run = Callable[..., Result]
TRACES = ("models", "run_steps", "run_pictures")


@pytest.fixture
def animals(path: str, tmp_path: Path, run: Run) -> str:
    """Sentences about animals and about tools: `cat` and `dog` never meet, but keep the same company."""
    rng = np.random.default_rng(0)
    company = {"cat dog": "fur paw tail food sleeps runs", "saw hammer": "steel wood nail bench cuts grips"}
    lines = ["text"]
    for kind in rng.choice(list(company), 400):
        lines.append(" ".join([rng.choice(kind.split()), *rng.choice(company[kind].split(), 4)]))
    (tmp_path / "animals.csv").write_text("\n".join(lines))
    assert run("ingest", "documents", path, "animals", tmp_path / "animals.csv", "--text", "text").exit_code == 0
    return path


def stored(path: str, name: str) -> dict[str, bytes]:
    with connect.reading(path) as db:
        rows = db.execute(f'select id, embedding from "{name}"').fetchall()
    assert len(rows) == 16  # words of two companies, with their four names
    return {key: bytes(embedding) for key, embedding in rows}


def test_a_power_of_the_spectrum_keeps_directions_and_evens_their_strength() -> None:
    rng = np.random.default_rng(0)
    U, Q = np.linalg.qr(rng.normal(size=(50, 4)))[0], np.linalg.qr(rng.normal(size=(4, 4)))[0]
    vectors = ((U * [16, 9, 4, 1]) @ Q.T).astype(np.float32)
    assert np.allclose(rescale_spectrum(vectors, 0.5), (U * [4, 3, 2, 1]) @ Q.T, atol=1e-4)
    assert rescale_spectrum(vectors, 1) is vectors
    flat = np.c_[vectors, np.zeros(50, np.float32)]  # a direction without strength stays without
    assert np.abs(rescale_spectrum(flat, 0.5)[:, 4]).max() < 1e-3


def curve_of(path: str, name: str) -> list[tuple[int, dict[str, float]]]:
    with connect.reading(path) as db:
        return collections.read_curve(db, collections.get_collection(db, name).run)


@pytest.mark.parametrize("name", ["deepwalk", "node2vec"])
def test_skip_gram_over_walks_finds_planted_communities(name: str) -> None:
    """A walk is a sentence: what reads words in company reads nodes too. The last node has no edge, and no vector."""
    A, of = communities(np.random.default_rng(2))
    edges = sp.triu(A, 1).tocoo()
    n = A.shape[0] + 1
    corpus = Graph([str(row) for row in range(n)], edges.row, edges.col, edges.data.astype(np.float64))
    builder = registry.load().builder(name)
    options = make_options(builder, {"algorithm": "skipgram", "dim": 8, "num_walks": 4, "walk_length": 20, "window": 5})
    assert needs_of(builder, options) == ("torch",) and needs_of(builder, make_options(builder, {})) == ()
    fitted = builder.fit(corpus, options, rng=np.random.default_rng(0), device=Device(), report=silent)
    vectors = fitted.embeddings[0].vectors
    assert purity(vectors[:-1], of) > 0.95 and not vectors[-1].any()
    assert fitted.metrics["steps"] == 5  # of training: one batch of all nodes in each of five epochs


@pytest.mark.parametrize("builder", ["glove", "sgns"])
@pytest.mark.parametrize("start", ["svd", "random"])
def test_a_word_is_near_its_company_and_those_that_keep_the_same(
    animals: str, run: Run, builder: str, start: str
) -> None:
    done = run(
        "build",
        builder,
        animals,
        "animals",
        "--dim",
        6,
        "--init",
        start,
        "--epochs",
        60,
        "--batch-size",
        4,
        "--power",
        1,
    )
    assert done.exit_code == 0, done.stderr
    assert "Running on the CPU: " in done.stderr
    near = json.loads(run("similar", animals, f"animals_{builder}", "cat", "-k", 7, "--json").stdout)
    company = {"dog", *["fur", "paw", "tail", "food", "sleeps", "runs"]}
    assert len({hit["id"] for hit in near} & company) >= 6  # of seven; by chance it would be three or four
    text = json.loads(run("search", animals, f"animals_{builder}", "fur and paw", "-k", 6, "--json").stdout)
    assert not {hit["id"] for hit in text} & {"steel", "wood", "nail", "bench", "cuts", "grips", "saw", "hammer"}


def test_the_curve_of_a_training_is_kept_by_step(animals: str, run: Run) -> None:
    run("build", "sgns", animals, "animals", "--epochs", 10, "--batch-size", 4, "--init", "random", "--lr", 0.5)
    with connect.reading(animals) as db:
        found = collections.get_collection(db, "animals_sgns")
        curve = collections.read_curve(db, found.run)
        metrics = collections.run_metrics(db, found.run)
    losses = [point["loss"] for _, point in curve]
    assert len(losses) == metrics["steps"] == 10 * 4  # 16 words, 4 a step
    assert np.mean(losses[-10:]) < np.mean(losses[:10])


def command(path: str, *more: str) -> list[str]:
    return f"build sgns {path} animals --epochs 300 --batch-size 4 --dim 6 --min-count 2".split() + list(more)


def test_killed_in_the_middle_it_goes_on_to_the_same_bytes(animals: str, tmp_path: Path, run: Run) -> None:
    kept = Path(f"{animals}.semsearch/animals_sgns.ckpt")
    killed = [sys.executable, "-c", OFTEN, *command(animals)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(killed, env=environment, stderr=subprocess.PIPE) as training:
        for _ in range(1200):
            if kept.exists() or training.poll() is not None:
                break
            time.sleep(0.05)
        assert training.poll() is None, "the training ended before a checkpoint was kept"
        training.send_signal(signal.SIGKILL)
    assert kept.exists()
    assert "No collection" in run("similar", animals, "animals_sgns", "cat").stderr  # nothing half made

    again = run(*command(animals, "--resume"))
    assert again.exit_code == 0, again.stderr
    assert "Resumed from step " in again.stderr
    assert not kept.parent.exists()
    resumed, curve = stored(animals, "animals_sgns"), curve_of(animals, "animals_sgns")

    whole = run(*command(animals))
    assert whole.exit_code == 0, whole.stderr
    assert stored(animals, "animals_sgns") == resumed
    assert curve_of(animals, "animals_sgns") == curve


def test_another_training_is_not_gone_on_with(animals: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from semsearch.nets import loop

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop._Training, "_judge", _interrupt)
    arguments = ("build", "sgns", animals, "animals", "--dim", 6, "--min-count", 2)
    stopped = run(*arguments, "--epochs", 50)
    assert stopped.exit_code == 1 and "--resume continues from the last checkpoint" in stopped.stderr
    monkeypatch.undo()
    other = run(*arguments, "--epochs", 60, "--resume")
    assert other.exit_code == 1
    assert "has --epochs 50, this build has --epochs 60" in other.stderr
    assert run(*arguments, "--epochs", 50, "--resume").exit_code == 0


def test_what_a_training_left_goes_with_its_collection(animals: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures and curves may show what the rows hold: nobody could say any more whose they are."""
    from semsearch.nets import loop

    asked = ("build", "sgns", animals, "animals", "--dim", 6, "--min-count", 2, "--epochs", 20)
    assert run(*asked).exit_code == 0
    with monkeypatch.context() as patched:
        patched.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
        patched.setattr(loop._Training, "_judge", _interrupt)
        assert run(*asked).exit_code == 1
    assert Path(f"{animals}.semsearch/animals_sgns.ckpt").exists()
    assert run("drop", animals, "animals_sgns").exit_code == 0
    assert not Path(f"{animals}.semsearch").exists()
    with connect.reading(animals) as db:
        left = [db.execute(f"select count(*) from _semsearch_{table}").fetchone()[0] for table in TRACES]
    assert left == [0, 0, 0]


def test_a_checkpoint_that_cannot_be_written_stops_no_training(
    animals: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from semsearch.nets import loop

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    Path(f"{animals}.semsearch").write_text("a file where the folder should be")
    done = run("build", "sgns", animals, "animals", "--dim", 6, "--min-count", 2)
    assert done.exit_code == 0
    assert "No checkpoint was saved: " in done.stderr and "Traceback" not in done.stderr


def test_a_damaged_checkpoint_is_one_line(animals: str, run: Run) -> None:
    Path(f"{animals}.semsearch").mkdir()
    Path(f"{animals}.semsearch/animals_sgns.ckpt").write_bytes(b"no zip")
    done = run("build", "sgns", animals, "animals", "--dim", 6, "--resume")
    assert done.exit_code == 1 and "is not a checkpoint" in done.stderr and "--resume" in done.stderr


def _interrupt(training: Any) -> None:
    raise KeyboardInterrupt


def test_bad_options_and_missing_things_are_told_in_one_line(animals: str, run: Run) -> None:
    asked = {
        ("--epochs", "0"): "--epochs must be at least 1, not 0",
        ("--lr", "0"): "--lr must be above 0 and at most 10, not 0",
        ("--negative", "0"): "--negative must be at least 1, not 0",
        ("--ns-exponent", "2"): "--ns-exponent must be above 0 and at most 1, not 2",
    }
    for options, told in asked.items():
        done = run("build", "sgns", animals, "animals", *options)
        assert done.exit_code == 1 and told in done.stderr and done.stderr.count("\n") == 1
    lsa = run("build", "lsa", animals, "animals", "--resume")
    assert lsa.exit_code == 1 and "cannot be resumed" in lsa.stderr


def test_only_builders_that_can_use_them_offer_device_and_resume(animals: str, run: Run) -> None:
    for builder, device, resume in (("sgns", True, True), ("lsa", True, False), ("wordmean", False, False)):
        text = run("build", builder, "--help").stdout
        assert ("--device" in text, "--resume" in text) == (device, resume), builder
    done = run("build", "wordmean", animals, "animals", "--device", "cpu")
    assert done.exit_code == 1 and done.stderr == "Error: wordmean runs on the CPU only: leave out --device\n"
    done = run("build", "wordmean", animals, "animals", "--resume")
    assert done.stderr == "Error: wordmean cannot be resumed, because it has no training: leave out --resume\n"


def test_a_missing_checkpoint_is_said_only_if_one_was_asked_for(animals: str, run: Run) -> None:
    options = ("build", "sgns", animals, "animals", "--dim", 4, "--epochs", 1)
    assert "No checkpoint" not in run(*options).stderr
    assert "No checkpoint found: the training started from the beginning" in run(*options, "--resume").stderr


def test_a_gpu_is_woken_for_many_pictures_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from semsearch.nets import device

    sizes = (1, device.MIN_GPU_IMAGES - 1, device.MIN_GPU_IMAGES)
    for there_is_one, wanted in ((True, ["cpu", "cpu", "cuda"]), (False, ["cpu"] * 3)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there_is_one=there_is_one: there_is_one)
        assert [device.encoding_device(pictures).name for pictures in sizes] == wanted


def test_a_gpu_that_is_not_there_is_said(animals: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from semsearch.building import devices

    monkeypatch.setattr(devices, "_missing", lambda: "no NVIDIA GPU was found")
    done = run("build", "sgns", animals, "animals", "--device", "cuda")
    assert done.exit_code == 1
    assert done.stderr == "Error: --device cuda is not possible: no NVIDIA GPU was found. Use --device cpu\n"
    lsa = run("build", "lsa", animals, "animals", "--device", "cuda")
    assert lsa.exit_code == 1 and lsa.stderr == done.stderr
    run("build", "pmi", animals, "animals")
    mean = run("build", "wordmean", animals, "animals", "--words", "animals_pmi", "--device", "cuda")
    assert mean.exit_code == 1 and "wordmean runs on the CPU only" in mean.stderr


def test_without_torch_the_extra_is_named(animals: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from semsearch.building import build as engine

    monkeypatch.setattr(engine, "find_spec", lambda package: None)
    done = run("build", "glove", animals, "animals")
    assert done.exit_code == 1 and "glove needs torch: pip install 'datasette-semsearch[torch]'" in done.stderr

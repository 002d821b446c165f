"""The demo, on the documentation of the Python that runs the test."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from semsearch.cli import demo as command
from semsearch.cli.main import assemble
from semsearch.search.query import search, similar
from semsearch.search.word_contexts import contexts
from semsearch.storage.collections import get_collection, get_run, open_collection
from semsearch.storage.connect import reading
from tests.helpers import built_once

EXPECTED = {
    "compress a file": ("gzip", "bz2", "lzma", "zlib"),
    "send an email message": ("smtplib", "email"),
    "random sample from a list": ("random",),
}


class Printed(NamedTuple):
    """What the command left and printed."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Printed]:
    """The demo database, built once, and what the command printed; its trainings are a fifth of the real ones."""

    def build(folder: Path) -> None:
        path = str(folder / "demo.db")
        with pytest.MonkeyPatch.context() as patched:
            patched.setitem(command.IMAGE_BUILDERS, "autoencoder", {"dim": command.LATENT_DIM, "epochs": 40})
            patched.setitem(command.IMAGE_BUILDERS, "gan", {"steps": 200, "batch": 64})
            result = CliRunner().invoke(assemble(), ["demo", path])
        printed = Printed(result.exit_code, result.stdout, result.stderr)
        (folder / "printed.json").write_text(json.dumps(printed))

    folder = built_once(tmp_path_factory, "demo", build)
    return str(folder / "demo.db"), Printed(*json.loads((folder / "printed.json").read_text()))


def test_it_says_what_it_made_and_how_to_go_on(demo: tuple[str, Printed]) -> None:
    path, result = demo
    assert result.exit_code == 0, result.stderr
    assert f"semsearch serve {path}" in result.stderr and result.stderr.count("Next:") == 0
    assert all(f'"{question}"' in result.stdout for question in EXPECTED)
    assert "1  writer  (3CosMul" in result.stdout  # read is to write as reader is to
    assert Path(path).stat().st_size < 100e6


@pytest.mark.parametrize("question", EXPECTED)
def test_questions_find_their_module(demo: tuple[str, Printed], question: str) -> None:
    with reading(demo[0]) as db:
        hits = search(db, open_collection(db, "docs_lsa"), question, k=5).hits
    modules = {str(hit.row["module"]).split(".")[0] for hit in hits}
    assert modules & set(EXPECTED[question]), modules


def test_every_kind_of_document_is_there(demo: tuple[str, Printed], run: Callable[..., Result]) -> None:
    with reading(demo[0]) as db:
        counts = dict(db.execute("select kind, count(*) from docs group by kind").fetchall())
    assert sum(counts.values()) > 5000 and set(counts) == {"module", "class", "function"}


def test_words_of_the_documentation_keep_their_company(demo: tuple[str, Printed]) -> None:
    with reading(demo[0]) as db:
        near = {hit.id for hit in similar(db, open_collection(db, "docs_pmi"), ["socket"], k=10).hits}
        beside = {context.word for context in contexts(db, get_collection(db, "docs_pmi"), "socket", 20)}
    assert near & {"sock", "dgram", "getaddrinfo", "connection"} and beside & {"family", "sock", "af", "socket"}


def test_modules_are_near_those_they_work_with(demo: tuple[str, Printed]) -> None:
    path, result = demo
    assert "modules and" in result.stderr and "similar" in result.stdout
    told = re.search(r"^vectors +(0\.\d+)", result.stdout, re.MULTILINE)
    assert told and float(told[1]) > 0.8  # who imports whom tells the package
    with reading(path) as db:
        near = {hit.id for hit in similar(db, open_collection(db, "modules_netmf"), ["http.client"], k=15).hits}
        known = db.execute("select count(*) from modules m join docs d on d.module = m.id").fetchone()[0]
    assert any(name.startswith(("http", "urllib", "email", "socket", "ssl", "xmlrpc")) for name in near)
    assert known > 1000  # documents of modules that are nodes


def test_digits_are_near_their_own_kind(demo: tuple[str, Printed]) -> None:
    with reading(demo[0]) as db:
        told = dict(db.execute("select id, label from digits").fetchall())
        asked = range(1, 1797, 60)
        right = [
            told[int(similar(db, open_collection(db, "digits_pca"), [str(one)], k=1).hits[0].id)] == told[one]
            for one in asked
        ]
    assert len(told) == 1797 and sum(right) / len(right) > 0.9


def test_an_autoencoder_of_the_digits_loses_less_than_as_many_components(demo: tuple[str, Printed]) -> None:
    path, result = demo
    if find_spec("torch") is None:
        assert "No autoencoder and no GAN of them, since torch is not installed" in result.stderr
        return
    with reading(path) as db:
        mse = [get_collection(db, name).run for name in ("digits_autoencoder", "digits_pca")]
        ours, peer = (get_run(db, run).metrics["mse"] for run in mse)
    assert ours < 0.5 * peer  # measured: 0.38 after 40 epochs, a fifth after all
    assert "semsearch evaluate images" in result.stdout


def test_a_gan_of_the_digits_makes_all_of_them(demo: tuple[str, Printed]) -> None:
    pytest.importorskip("torch")
    with reading(demo[0]) as db:
        metrics = get_run(db, get_collection(db, "digits_gan").run).metrics
    assert metrics["modes"] == 10 and metrics["diversity"] > 0.7  # measured: 0.98

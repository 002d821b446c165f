"""What a command imports: `--help` nothing that computes, a search of text no sparse matrices and no learning."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
import semsearch_migrations
from click.testing import Result
from semsearch_migrations.migrations import migrations

from semsearch.builders.term_vectors import encode_texts
from semsearch.cli.main import assemble
from semsearch.cli.verbs import VERBS
from semsearch.search.models import state_of
from semsearch.storage import collections, connect

Run = Callable[..., Result]
HEAVY = ("scipy.special", "scipy.sparse", "sklearn", "sqlite_utils", "torch", "datasette", "numba")
SAYS_MODULES = (
    "import atexit, sys; from semsearch.__main__ import main;"
    f" atexit.register(lambda: sys.stderr.write(str([name for name in {HEAVY + ('numpy',)} if name in sys.modules])));"
    " sys.argv = ['semsearch', *sys.argv[1:]]; main()"
)


@pytest.fixture
def texts(path: str, tmp_path: Path, run: Run) -> str:
    """A file with twelve texts of two topics."""
    topics = ("the moon is full over the earth and the river", "tea and music in a house by the harbour of stone")
    rows = [" ".join(np.random.default_rng(at).permutation(topics[at % 2].split())) for at in range(12)]
    (tmp_path / "texts.csv").write_text("text\n" + "\n".join(rows))
    assert run("ingest", "documents", path, "texts", tmp_path / "texts.csv", "--text", "text").exit_code == 0
    return path


def imported(*arguments: str) -> tuple[int, str]:
    """The exit code of a command, and which of the slow modules it imported."""
    done = subprocess.run([sys.executable, "-c", SAYS_MODULES, *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_imports_nothing_that_computes(arguments: list[str]) -> None:
    assert imported(*arguments) == (0, "[]")


@pytest.mark.parametrize("more", [[], ["--json"], ["--mode", "vector"], ["--where", "id > 1"]])
def test_a_search_imports_what_it_needs(more: list[str], run: Run, texts: str) -> None:
    assert run("build", "lsa", texts, "texts", "--dim", 4, "--min-df", 1).exit_code == 0
    assert imported("search", texts, "texts_lsa", "moon", *more) == (0, "['numpy']")


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_is_complete_when_it_is_loaded_alone(name: str) -> None:
    code = (
        "import sys, click; from semsearch.cli.main import cli;"
        " verb = cli.get_command(click.Context(cli), sys.argv[1]);"
        " print(sorted(getattr(verb, 'commands', {})) if sys.argv[1] != 'build' else [])"
    )
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True)
    verb = assemble().commands[name]
    subcommands = sorted(verb.commands) if isinstance(verb, click.Group) and name != "build" else []
    assert done.stdout.strip() == str(subcommands)


def test_the_names_of_migrations_are_known_without_them() -> None:
    assert tuple(step.name for step in migrations._migrations) == semsearch_migrations.NAMES
    assert (migrations.name, migrations.migrations_table) == (semsearch_migrations.SET, semsearch_migrations.TABLE)


def test_one_text_is_encoded_as_many_are(run: Run, texts: str, tmp_path: Path) -> None:
    assert run("build", "lsa", texts, "texts", "--dim", 4, "--min-df", 1).exit_code == 0
    with connect.reading(texts) as db:
        state = state_of(db, collections.get_collection(db, "texts_lsa"))
        for text in ("moon moon earth", "Ärger über the MOON", "", "unheard-of", "the"):
            one, many = encode_texts(state, [text]), encode_texts(state, [text, "moon"])[:1]
            assert one.dtype == np.float32 and np.allclose(one, many, atol=1e-6)  # float32 sums of a few words

"""Plugins as installed packages: the example really installed, one that fails to import, one with a taken name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from setuptools import find_namespace_packages

from tests.install import checkout
from tests.planted import TOPICS

ROOT = Path(__file__).parents[2]


def semsearch(target: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, in a process that sees what is installed in `target` besides."""
    paths = [str(target), *filter(None, [os.environ.get("PYTHONPATH")]), str(ROOT), str(ROOT / "migrations")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "semsearch", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip installed the example plugin into."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(
        ROOT / "plugins" / "semsearch-charngram", folder / "source"
    )  # building leaves things there
    how = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *how, "--target", folder / "target", source]
    subprocess.run(list(map(str, command)), check=True)
    return folder / "target"


def test_the_example_builds_and_knows_misspelled_words(installed: Path, tmp_path: Path) -> None:
    assert "charngram" in semsearch(installed, "builders").stdout
    rows = [{"title": title, "body": f"{body} astronautical bakery"} for title, body in TOPICS] * 3
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    db = tmp_path / "a.db"
    for command in (
        ("ingest", "documents", db, "articles", tmp_path / "a.jsonl"),
        ("build", "pmi", db, "articles", "--min-count", "1", "--dim", "12", "--window", "0"),
        ("build", "charngram", db, "articles", "--words", "articles_pmi", "--min-words", "1"),
    ):
        done = semsearch(installed, *command)
        assert done.returncode == 0, done.stderr
    for verb, asked in (("similar", "astronautss"), ("search", "astronautss!")):
        hits = json.loads(semsearch(installed, verb, db, "articles_charngram", asked, "-k", "1", "--json").stdout)
        assert hits[0]["id"] == "astronauts"
    gone = semsearch(installed, "similar", db, "articles_pmi", "astronautss")
    assert gone.returncode == 1 and "articles_pmi has no word 'astronautss'" in gone.stderr
    without = semsearch(tmp_path, "similar", db, "articles_charngram", "astronautss")
    assert without.returncode == 1 and "has no word 'astronautss'" in without.stderr


def distribution(target: Path, name: str, module: str, code: str) -> None:
    """Lay out an installed package by hand: one module, and the entry point that names it."""
    facts = target / f"{name.replace('-', '_')}-2.5.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.5\n")
    (facts / "entry_points.txt").write_text(f"[semsearch]\nit = {module}\n")
    (target / f"{module}.py").write_text(code)


TWICE = """
from semsearch import hookimpl
class Lsa:
    name = "lsa"
@hookimpl
def register_builders(register):
    register(Lsa())
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nothing_by_this_name", "the plugin broken-one 2.5 cannot be loaded: No module named 'nothing_by_this"),
        (TWICE, "the plugin broken-one 2.5 registers 'lsa', which semsearch already has: uninstall one of them"),
    ],
    ids=["fails to import", "takes a taken name"],
)
def test_a_faulty_plugin_is_named(tmp_path: Path, code: str, said: str) -> None:
    distribution(tmp_path, "broken-one", "broken_one", code)
    done = semsearch(tmp_path, "builders")
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_the_wheel_of_semsearch_leaves_the_example_out() -> None:
    assert "semsearch-charngram" in find_namespace_packages(str(ROOT / "plugins"), include=["semsearch*"])
    left = find_namespace_packages(str(ROOT / "plugins"), include=["semsearch*"], exclude=["semsearch-*"])
    assert "semsearch_datasette" in left and not any("charngram" in name for name in left)
    assert 'exclude = ["semsearch-*"]' in (ROOT / "pyproject.toml").read_text()


def test_a_folder_named_semsearch_hides_no_package(tmp_path: Path) -> None:
    """As for someone who starts Python in the folder above a clone."""
    (tmp_path / "above" / "semsearch").mkdir(parents=True)
    (tmp_path / "site").mkdir()
    checkout.write(tmp_path / "site")
    code = f"import site; site.addsitedir({str(tmp_path / 'site')!r}); import semsearch; print(semsearch.open.__name__)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "above",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "open\n", done.stderr

"""The house keeps its shape: sizes, SQL in one place, public names, what an import pulls in, docs that match."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import semsearch
from semsearch.cli.main import assemble

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "semsearch").rglob("*.py")) + sorted((ROOT / "plugins" / "semsearch_datasette").rglob("*.py"))
SQL = ("select ", "insert into ", "delete from ", "create table ", "create virtual ", "drop table ", "update ")


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_files_and_functions_are_short_enough_to_read(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 50, f"{node.name} has {lines} lines"


def docstrings(tree: ast.AST) -> set[int]:
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, owners) and ast.get_docstring(node)]
    return {id(node.body[0].value) for node in nodes}


def test_sql_stands_in_storage_alone() -> None:
    for path in SOURCES:
        if "storage" in path.parts or path.name == "permissions.py":
            continue
        tree = ast.parse(path.read_text())
        ours = docstrings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in ours:
                assert not node.value.lower().lstrip().startswith(SQL), f"{path.name}: {node.value[:60]}"


def test_every_public_function_and_class_says_what_it_is() -> None:
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                hook = any("hookimpl" in ast.unparse(decorator) for decorator in node.decorator_list)
                assert hook or ast.get_docstring(node), f"{path.name}: {node.name}"


def test_public_names_are_pinned() -> None:
    records = {"Documents", "Embeddings", "Fitted", "Hit", "SemsearchError", "State"}
    assert set(semsearch.__all__) == records | {"Database", "open", "hookimpl", "hookspec"}
    assert all(getattr(semsearch, name) for name in semsearch.__all__)


def test_importing_semsearch_is_light() -> None:
    heavy = ("torch", "scipy", "numba", "sklearn", "datasette", "pysqlite3", "sqlite3", "sqlite_utils")
    code = f"import semsearch, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_rich_is_nowhere_near_datasette() -> None:
    """Where rich is installed Datasette prints the local variables of every error, cookies included."""
    done = subprocess.run([sys.executable, "-c", "import rich"], capture_output=True, text=True, check=False)
    assert "No module named 'rich'" in done.stderr


def test_the_command_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_has_help() -> None:
    for name, command in assemble().commands.items():
        assert command.help, name

"""The house keeps its shape: sizes, SQL in one place, public names, what an import pulls in, docs that match."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import semsearch
from semsearch.cli.main import assemble, cli
from semsearch.cli.verbs import VERBS

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "semsearch").rglob("*.py")) + sorted((ROOT / "plugins" / "semsearch_datasette").rglob("*.py"))
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
SQL = ("select ", "insert into ", "delete from ", "create table ", "create virtual ", "drop table ", "update ")


LONGEST_FILE = 400  # lines; 300 is the aim
LONGEST_FUNCTION = 50  # lines of code
SHADOWED = 15  # names that hide an import of their module: it may fall, and must not rise


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=[str(path.relative_to(ROOT)) for path in SOURCES])
def test_files_and_functions_are_short_enough_to_read(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    for function in functions(ast.parse(text)):
        assert code_lines(function) <= LONGEST_FUNCTION, f"{function.name} has {code_lines(function)} lines"


def test_most_functions_are_a_few_lines() -> None:
    lengths = sorted(code_lines(function) for path in SOURCES for function in functions(ast.parse(path.read_text())))
    assert lengths[len(lengths) // 2] <= 6
    assert lengths[len(lengths) * 9 // 10] <= 18


def names_hiding_imports(tree: ast.Module) -> set[tuple[str, int]]:
    """Names, with their lines, that a module imports and also gives to a function, class, parameter or variable."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {(name.asname or name.name).partition(".")[0] for node in imports for name in node.names}
    inside = [node for owner in functions(tree) for node in ast.walk(owner) if node is not owner]
    given = {(node.arg, node.lineno) for node in inside if isinstance(node, ast.arg)}
    variables = [node for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    given |= {(node.id, node.lineno) for node in variables}
    given |= {(node.name, node.lineno) for node in tree.body if isinstance(node, DEFINITIONS)}
    return {(name, line) for name, line in given if name in imported}


def test_no_name_hides_an_import() -> None:
    hiding = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in SOURCES
        for name, line in sorted(names_hiding_imports(ast.parse(path.read_text())))
    ]
    assert len(hiding) <= SHADOWED, "\n".join(hiding)


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
            if isinstance(node, DEFINITIONS) and not node.name.startswith("_"):
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


def required(name: str) -> set[str]:
    """The distributions that installing one brings: its requirements and theirs, without extras."""
    found, waiting = set(), [name]
    while waiting:
        distribution = canonicalize_name(waiting.pop())
        if distribution in found:
            continue
        found.add(distribution)
        with suppress(PackageNotFoundError):  # one of another platform
            needs = [Requirement(text) for text in requires(distribution) or ()]
            waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


def test_rich_is_nowhere_near_datasette() -> None:
    """Where rich is installed Datasette prints the local variables of every error, cookies included."""
    brought = required("datasette-semsearch")
    assert {"datasette", "click", "numpy"} <= brought and "rich" not in brought


def test_the_command_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_has_help() -> None:
    for name, command in assemble().commands.items():
        assert command.help, name


def test_extras_are_of_the_distribution_by_its_name() -> None:
    """PyPI has another project called semsearch's name without dashes, so pip must not be told to install that."""
    texts = [*SOURCES, *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    wrong = [path.name for path in texts if re.search(r"(?<![\w-])semsearch\[[a-z{]", path.read_text())]
    assert wrong == []


def test_every_verb_is_in_the_table_that_help_reads() -> None:
    """A verb that `cli/verbs.py` does not name is not found, because no module is imported for it."""
    for path in (ROOT / "semsearch" / "cli").glob("*.py"):
        module = import_module(f"semsearch.cli.{path.stem}")
        if hasattr(module, "add_to"):
            assert any(path.stem in verb.modules for verb in VERBS.values()), f"add {path.stem} to cli/verbs.py"
            module.add_to(cli)
    own = {name: verb for name, verb in cli.commands.items() if verb.callback.__module__.startswith("semsearch.cli.")}
    assert {name: verb.short_help for name, verb in own.items()} == {name: verb.help for name, verb in VERBS.items()}

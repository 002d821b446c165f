"""Documentation and imports of the installed Python's standard library: real data that every machine has."""

from __future__ import annotations

import ast
import os
import re
import sysconfig
import tokenize
import warnings
from collections.abc import Container, Iterator
from pathlib import Path

from semsearch.records import Item

_SKIPPED_FOLDERS = frozenset(
    ["site-packages", "dist-packages", "__pycache__", "test", "tests", "idle_test", "lib-dynload"]
)
_KINDS = {ast.ClassDef: "class", ast.FunctionDef: "function", ast.AsyncFunctionDef: "function"}


def documentation() -> Iterator[Item]:
    """One item for each module, class and function with a docstring, methods included.

    Key and title are the qualified name, `body` is the docstring, `module` and `kind` say where and what it is. Sources
    are parsed, never imported. Tests, installed packages and files that do not parse are left out. The first definition
    of a name counts.
    """
    root = Path(sysconfig.get_paths()["stdlib"])
    seen: set[str] = set()
    for path in _sources(root):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        tree = _parsed(path)
        for name, kind, body in _documented(tree, module) if tree else ():
            if name not in seen:
                seen.add(name)
                columns = {"title": name, "body": body, "module": module, "kind": kind}
                yield Item(name, columns, f"{name} in {path}")


def modules() -> tuple[list[Item], list[Item]]:
    """Every module as a node with the first sentence of its docstring, and every import between modules as an edge.

    Sources are read as by `documentation`; imports count wherever they are in a file. `from a import b` is an import of
    a.b if that is a module, else of a. Items have the form of those from the readers of nodes and edges.
    """
    root = Path(sysconfig.get_paths()["stdlib"])
    trees: dict[str, tuple[ast.Module, bool]] = {}
    for path in _sources(root):
        parts = path.relative_to(root).with_suffix("").parts
        tree = _parsed(path)
        if tree is not None:
            trees.setdefault(".".join(parts).removesuffix(".__init__"), (tree, parts[-1] == "__init__"))
    nodes, edges = [], []
    for name, (tree, is_package) in trees.items():
        summary = _first_sentence(ast.get_docstring(tree) or "")
        nodes.append(Item(None, {"id": name, "summary": summary or None, "package": name.split(".")[0]}, name))
        for other in _imported(tree, name if is_package else name.rpartition(".")[0], trees):
            if other != name:
                edges.append(Item(None, {"source": name, "target": other, "weight": 1.0}, f"an import in {name}"))
    return nodes, edges


def _first_sentence(text: str) -> str:
    """The first sentence of a text's first paragraph, on one line."""
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    sentence = re.match(r".*?[.!?](?= [A-Z]|$)", paragraph)
    return sentence[0] if sentence else paragraph


def _imported(tree: ast.Module, package: str, known: Container[str]) -> Iterator[str]:
    """The known modules that a module in `package` imports, once per import statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted = [(alias.name, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            up = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*up, node.module] if node.module else up)
            wanted = [(f"{base}.{alias.name}", base) for alias in node.names]
        else:
            continue
        yield from dict.fromkeys(
            name if name in known else base for name, base in wanted if name in known or base in known
        )


def _sources(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED_FOLDERS and name.isidentifier())
        for name in sorted(names):
            if name.endswith(".py") and not name.startswith("test_"):
                yield Path(folder, name)


def _parsed(path: Path) -> ast.Module | None:
    """The syntax tree; None for a file that does not parse, such as one written for another version."""
    try:
        with tokenize.open(path) as file:
            text = file.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old modules have invalid escapes
            return ast.parse(text)
    except (SyntaxError, ValueError, OSError):
        return None


def _documented(tree: ast.Module, module: str) -> Iterator[tuple[str, str, str]]:
    """(qualified name, kind, docstring) of the module and what it defines, in the order of the source."""
    body = ast.get_docstring(tree)
    if body:
        yield module, "module", body
    yield from _defined(tree, module)


def _defined(parent: ast.AST, prefix: str) -> Iterator[tuple[str, str, str]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            name = f"{prefix}.{node.name}"
            body = ast.get_docstring(node)
            if body:
                yield name, _KINDS[type(node)], body
            if isinstance(node, ast.ClassDef):
                yield from _defined(node, name)
        elif isinstance(node, (ast.If, ast.Try, ast.With, ast.ExceptHandler)):  # platform-dependent definitions
            yield from _defined(node, prefix)

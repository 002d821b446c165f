"""The documentation of the installed Python's standard library, as documents: real text found on any machine."""

from __future__ import annotations

import ast
import os
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from semsearch.records import Item

_OTHERS = frozenset(["site-packages", "dist-packages", "__pycache__", "test", "tests", "idle_test", "lib-dynload"])
_KINDS = {ast.ClassDef: "class", ast.FunctionDef: "function", ast.AsyncFunctionDef: "function"}


def documentation() -> Iterator[Item]:
    """One item for each module, class and function with a docstring, methods included.

    Key and title are the qualified name, `body` the docstring, `module` and `kind` say where and what it is. Sources
    are parsed, never imported; tests and installed packages are left out, and so are files that do not parse. Of two
    things with one name, the first counts.
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


def _sources(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _OTHERS and name.isidentifier())
        for name in sorted(names):
            if name.endswith(".py") and not name.startswith("test_"):
                yield Path(folder, name)


def _parsed(path: Path) -> ast.Module | None:
    """The syntax tree; None for a file kept for another version, or broken on purpose."""
    try:
        with tokenize.open(path) as file:
            text = file.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in old modules are no concern of ours
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
        elif isinstance(
            node, (ast.If, ast.Try, ast.With, ast.ExceptHandler)
        ):  # definitions that depend on the platform
            yield from _defined(node, prefix)

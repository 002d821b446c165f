"""A tool as a function of the name of a collection and its arguments, as the frameworks of the three doors want it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from semsearch.tools.toolbox import LIST_TEXT, TOOLS

LIST = "list_collections"
COLLECTION = """
collection: the name of a collection, as list_collections gives it; DATABASE/NAME where two databases have one of that
name."""
NAMES = (LIST, *TOOLS)


def described(name: str, call: Callable[..., Any], first: tuple[inspect.Parameter, ...] = ()) -> Callable[..., Any]:
    """`call` with the name, the docstring and the parameters of a tool, after those that the framework adds.

    It is called with keywords. Annotations are types, not texts, so that a JSON schema can be made of them.
    """
    if name == LIST:
        own = [_parameter("cursor", str, "")]
        text = LIST_TEXT
    else:
        _, *arguments = inspect.signature(TOOLS[name], eval_str=True).parameters.values()
        own = [_parameter("collection", str), *(each.replace(kind=each.KEYWORD_ONLY) for each in arguments)]
        text = f"{inspect.getdoc(TOOLS[name])}{COLLECTION}"
    parameters = (*first, *own)
    call.__dict__["__signature__"] = inspect.Signature(parameters, return_annotation=str)
    call.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": str}
    call.__name__ = call.__qualname__ = name
    call.__doc__ = text
    return call


def _parameter(name: str, type: type, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=type, default=default)

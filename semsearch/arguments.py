"""Check the arguments of the Python API against its type hints, so that a wrong one is one clear error."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Protocol, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from semsearch.errors import InputError, SemsearchError

Method = TypeVar("Method", bound=Callable[..., Any])
# What a library raises for values of a type or a form that it does not expect.
UNEXPECTED = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, OSError, Warning)
_NAMES: dict[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    bytes: "bytes",
    NoneType: "None",
    Sequence: "a list",
    Iterable: "rows or other items",
    Mapping: "a dict",
    os.PathLike: "a path",
    np.ndarray: "an array",
}
_MOST_SHOWN = 60  # characters of a value in a message


def checked(method: Method) -> Method:
    """The method, which raises InputError for arguments of another type than its hints say, and for others that end in
    an error of another library."""

    @wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        _check(method, arguments, named)
        try:
            return method(*arguments, **named)
        except SemsearchError:
            raise
        except UNEXPECTED as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"{method.__name__} cannot use these arguments: {reason};"
                f" help(semsearch.Database.{method.__name__}) describes them"
            ) from error

    return cast(Method, call)


def _check(method: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]) -> None:
    signature, hints = _described(method)
    try:
        bound = signature.bind(*arguments, **named)
    except TypeError as error:
        raise InputError(f"{method.__name__}: {error}; it takes {_listed(signature)}") from error
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if name == "self" or name not in hints or kind is inspect.Parameter.VAR_KEYWORD:
            continue
        for each in value if kind is inspect.Parameter.VAR_POSITIONAL else (value,):
            if not fits(each, hints[name]):
                raise InputError(f"{method.__name__}: {_wrong(name, each, hints[name])}")


def check_types(options: type, given: Mapping[str, Any]) -> None:
    """Raises InputError for a value that is not of the type of its field in a dataclass of options."""
    hints = _hints(options)
    for name, value in given.items():
        if name in hints and not fits(value, hints[name]):
            raise InputError(_wrong(name, value, hints[name]))


def _wrong(name: str, value: Any, hint: Any) -> str:
    shown = repr(value)
    cut = shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
    return f"{name} is {cut} ({type(value).__name__}): give {described(hint)}"


@cache
def _hints(options: type) -> dict[str, Any]:
    """The types of the fields; none for a plugin's class whose hints cannot be looked up."""
    try:
        return get_type_hints(options)
    except (NameError, TypeError):
        return {}


@cache
def _described(method: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    return inspect.signature(method), get_type_hints(method)


def _listed(signature: inspect.Signature) -> str:
    return ", ".join(name for name in signature.parameters if name != "self") or "no arguments"


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that a hint describes. Items of a list are looked at, those of rows are not."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in inner)
    if origin is Literal:
        return value in inner if isinstance(value, str) else False
    if origin is Sequence:
        is_list = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)
        return is_list and _all_fit(value, inner)
    if origin in (Mapping, dict):
        return isinstance(value, Mapping)
    if origin is tuple:
        return isinstance(value, tuple)
    if hint is int:
        return isinstance(value, Integral)
    if hint is float:
        return isinstance(value, Real)
    kind = origin or hint
    # Callables, protocols and what is not a class are known when they are used.
    known = isinstance(kind, type) and kind is not Callable and not _is_protocol(kind)
    return isinstance(value, kind) if known else True


def _is_protocol(kind: type) -> bool:
    return kind in (Protocol, Callable) or bool(getattr(kind, "_is_protocol", False))


def _all_fit(values: Any, inner: Sequence[Any]) -> bool:
    return not inner or isinstance(values, np.ndarray) or all(fits(value, inner[0]) for value in values)


def described(hint: Any) -> str:
    """What a hint asks for, in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(described(each) for each in inner))
    if origin is Literal:
        return "one of " + ", ".join(map(str, inner))
    kind = origin or hint
    if kind is Sequence and inner and inner[0] in _NAMES:
        return f"a list of {_NAMES[inner[0]].removeprefix('a ')}s"
    return _NAMES.get(kind, getattr(kind, "__name__", str(kind)))

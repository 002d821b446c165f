"""What a builder is, and how its options are declared.

Capabilities are found by protocol: a builder that has `encode` can embed items it has not seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError
from semsearch.records import Corpus, Device, Fitted, Kind, Report, State


@runtime_checkable
class Builder(Protocol):
    """A registered algorithm that learns embeddings. It keeps nothing between calls and never reseeds a global rng."""

    name: str
    reads: Kind
    Options: type

    def fit(
        self, corpus: Corpus, options: Any, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted: ...


@runtime_checkable
class Encodes(Protocol):
    """A builder that can embed items not seen by fit: (n_items, dim) float32, a zero row where nothing is known."""

    def encode(self, state: State, corpus: Corpus) -> FloatArray: ...


def option(default: Any, help: str, *, choices: tuple[str, ...] = ()) -> Any:
    """A field of an Options dataclass: its default, one line of help, and the allowed words if it is a choice."""
    return dataclasses.field(default=default, metadata={"help": help, "choices": choices})


def make_options(builder: Builder, given: Mapping[str, Any]) -> Any:
    """The builder's frozen options from what was given, defaults elsewhere; InputError for an unknown name or word."""
    known = {field.name: field for field in dataclasses.fields(builder.Options)}
    for name, value in given.items():
        if name not in known:
            raise InputError(f"{builder.name} has no option {name!r}: it has {', '.join(known)}")
        choices = known[name].metadata.get("choices", ())
        if choices and value not in choices:
            raise InputError(f"{name} is {value!r}: choose one of {', '.join(choices)}")
    try:
        return builder.Options(**given)
    except ValueError as error:
        raise InputError(f"{builder.name}: {error}") from error

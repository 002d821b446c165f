"""What a training, beside saying how far it is, shows and keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from semsearch.arrays import ByteArray
from semsearch.records import Report


@dataclass(frozen=True)
class Quiz:
    """One question that a self-supervised net was asked about a picture: what it was given, what it made of that, and
    what is true, each a picture (height, width, channels) uint8 and, where the answer has a name, `told` and `fact`.

    `right` is None where an answer is more or less right; `error` is then how far it is off, and `plain` how far an
    answer that took no learning is, such as a mean.
    """

    given: ByteArray
    said: ByteArray
    truth: ByteArray
    told: str = ""
    fact: str = ""
    right: bool | None = None
    error: float | None = None
    plain: float | None = None

    @property
    def good(self) -> bool:
        """Whether the answer is right, or nearer than one that took no learning."""
        return bool(self.right) if self.error is None else self.error < (self.plain or 0.0)


@dataclass(frozen=True)
class Checkpoint:
    """A training in the middle: `facts` of plain values (JSON), and `arrays` by name."""

    facts: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]


@runtime_checkable
class Journal(Report, Protocol):
    """A Report that also takes pictures (height, width, channels) of a training as it goes on, and keeps where it is.

    `kept` is the checkpoint of an earlier training that is to be gone on with, None where there is none; `keep` says
    whether it could.
    """

    def pictures(self, step: int, pixels: ByteArray) -> None: ...

    def keep(self, checkpoint: Checkpoint) -> bool: ...

    def kept(self) -> Checkpoint | None: ...

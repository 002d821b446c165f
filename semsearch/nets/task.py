"""What can be trained: a Task, and the protocols between it and the training loop.

A Task yields batches and, for each, pairs of an optimiser and its loss, one after another: an autoencoder yields one, a
GAN two, the second computed after the first optimiser has stepped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch

from semsearch.arrays import ByteArray
from semsearch.nets.checkpoint import Stateful


class Turn(NamedTuple):
    """One step of one optimiser: it minimises `loss`, a scalar, which is called `name` in the curves."""

    optimiser: torch.optim.Optimizer
    loss: torch.Tensor
    name: str = "loss"


@dataclass
class Step:
    """What a task knows about the current step.

    number    from 0
    progress  of the training, 0..1: schedules depend on it
    draw      the random generator of this step
    notes     scalars for the curves, besides the losses
    """

    number: int
    progress: float
    draw: torch.Generator
    notes: dict[str, torch.Tensor] = field(default_factory=dict)

    def note(self, **values: torch.Tensor) -> None:
        """Adds scalars for the curves."""
        self.notes |= values


class Task(Protocol):
    """Something to train. Its parts are on their device before the loop starts."""

    epochs: int
    steps: int  # of one epoch

    def parts(self) -> Mapping[str, Stateful]:
        """Modules and optimisers by name: everything that training changes. Checkpoints have these names."""
        ...

    def batches(self, epoch: int) -> Iterable[Any]:
        """The batches of an epoch, the same on every call."""
        ...

    def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
        """Each optimiser's loss, lazily; code after the last `yield` runs after the last optimiser's step."""
        ...


@runtime_checkable
class Judges(Protocol):
    """A task that is evaluated after each epoch. `held_out`, smaller is better, decides on early stopping."""

    def judge(self) -> Mapping[str, float]: ...


@runtime_checkable
class Watches(Protocol):
    """A task that can fail while its losses look normal, as a GAN can. It is checked after each epoch.

    `well` says whether nothing is wrong: the state is then kept. `trouble` returns an error text that stops the
    training, with what to try, or None.
    """

    def well(self) -> bool: ...

    def trouble(self, progress: float) -> str | None: ...


@runtime_checkable
class Shows(Protocol):
    """A task with a preview: fixed items as one image, (height, width, channels) uint8."""

    def picture(self) -> ByteArray: ...

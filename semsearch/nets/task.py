"""What can be trained: a Task, and what it and the loop say to each other.

A Task yields batches and, for each, pairs of an optimiser and the loss it is to lower, one after another: an
autoencoder yields one, a GAN two, the second computed after the first has stepped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch

from semsearch.arrays import ByteArray
from semsearch.nets.checkpoint import Part


class Turn(NamedTuple):
    """One turn of one optimiser: it is to lower `loss`, a scalar, called `name` in the curves."""

    optimiser: torch.optim.Optimizer
    loss: torch.Tensor
    name: str = "loss"


@dataclass
class Step:
    """What a task may know of the step it is in: its number from 0, how far the training is (0..1: what schedules
    depend on), and a source of chance that is this step's own.
    """

    number: int
    progress: float
    draw: torch.Generator
    notes: dict[str, torch.Tensor] = field(default_factory=dict)

    def note(self, **values: torch.Tensor) -> None:
        """Scalars worth a curve, beside the losses."""
        self.notes |= values


class Task(Protocol):
    """Something to train. Its parts are on their device when the loop gets it."""

    epochs: int
    steps: int  # of one epoch

    def parts(self) -> Mapping[str, Part]:
        """Modules and optimisers by name: all that changes while it trains."""
        ...

    def batches(self, epoch: int) -> Iterable[Any]:
        """The batches of an epoch, the same whenever asked for the same one."""
        ...

    def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
        """Lazily, each optimiser's loss; what follows the last `yield` runs after its step."""
        ...


@runtime_checkable
class Judges(Protocol):
    """A task that can say after an epoch how good it is. `held_out`, smaller is better, decides when to stop early."""

    def judge(self) -> Mapping[str, float]: ...


@runtime_checkable
class Watches(Protocol):
    """A task that can go wrong while its losses look well. After each epoch it says whether all looks well, and what is
    the trouble and what to try, None where there is none: the training ends with that, and keeps the state of the last
    epoch that ended well.
    """

    def well(self) -> bool: ...

    def trouble(self, progress: float) -> str | None: ...


@runtime_checkable
class Shows(Protocol):
    """A task that can be looked at: fixed items as one picture, (height, width, channels) uint8, as it goes on."""

    def picture(self) -> ByteArray: ...

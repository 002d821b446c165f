"""A training's place and state as plain arrays and facts, and back: what a checkpoint holds. Nothing is pickled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from semsearch.errors import BuildError
from semsearch.records import Checkpoint


class Part(Protocol):
    """What has a state of its own: a module, an optimiser."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Any) -> Any: ...


class Held:
    """A state that belongs to no module, as a part of a checkpoint."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = state


def pack(parts: Mapping[str, Part], facts: Mapping[str, Any]) -> Checkpoint:
    """The state of every part, with `facts` of plain values, as a checkpoint."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    states = {name: _plain(part.state_dict(), arrays) for name, part in parts.items()}
    return Checkpoint({"states": states, **facts}, arrays)


def unpack(checkpoint: Checkpoint, parts: Mapping[str, Part]) -> Mapping[str, Any]:
    """Put the states back into parts of the same shapes; the facts that were packed with them.

    Raises BuildError for a checkpoint of another net, as another version may have made.
    """
    try:
        for name, part in parts.items():
            part.load_state_dict(_live(checkpoint.facts["states"][name], checkpoint.arrays))
    except (KeyError, RuntimeError, ValueError) as error:
        raise BuildError(
            "The training to go on with was of another make, perhaps of another semsearch: leave out --resume"
        ) from error
    return checkpoint.facts


def _plain(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    """JSON in which tensors are named and a dict is a list of pairs, since an optimiser's keys are numbers."""
    if isinstance(value, torch.Tensor):
        name = f"tensor_{len(arrays)}"
        arrays[name] = value.detach().cpu().numpy().copy()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"pairs": [[key, _plain(inner, arrays)] for key, inner in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(inner, arrays) for inner in value]
    return value


def _live(value: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, Mapping):
        if "tensor" in value:
            return torch.from_numpy(np.array(arrays[value["tensor"]]))
        return {key: _live(inner, arrays) for key, inner in value["pairs"]}
    if isinstance(value, list):
        return [_live(inner, arrays) for inner in value]
    return value

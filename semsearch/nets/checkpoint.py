"""The state of a training as plain arrays and facts, and back: what a checkpoint holds. Nothing is pickled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from semsearch.errors import BuildError
from semsearch.records import Checkpoint


class Stateful(Protocol):
    """Anything with a state: a module, an optimiser."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Any) -> Any: ...


class PlainState:
    """A state that belongs to no module, as a part of a checkpoint."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = state


def pack(parts: Mapping[str, Stateful], facts: Mapping[str, Any]) -> Checkpoint:
    """The states of all parts, with `facts` of plain values, as a checkpoint."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    states = {name: _plain(part.state_dict(), arrays) for name, part in parts.items()}
    return Checkpoint({"states": states, **facts}, arrays)


def unpack(checkpoint: Checkpoint, parts: Mapping[str, Stateful]) -> Mapping[str, Any]:
    """Loads the states into parts of the same shapes; returns the facts that were packed with them.

    Raises BuildError for a checkpoint of another network, as another version may have written.
    """
    try:
        for name, part in parts.items():
            part.load_state_dict(_restored(checkpoint.facts["states"][name], checkpoint.arrays))
    except (KeyError, RuntimeError, ValueError) as error:
        raise BuildError(
            "The checkpoint does not fit this version's network: leave out --resume to start again"
        ) from error
    return checkpoint.facts


def _plain(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    """JSON in which tensors are names in `arrays`, and dicts are lists of pairs, because keys may be numbers."""
    if isinstance(value, torch.Tensor):
        name = f"tensor_{len(arrays)}"
        arrays[name] = value.detach().cpu().numpy().copy()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"pairs": [[key, _plain(inner, arrays)] for key, inner in value.items()]}
    if isinstance(value, list | tuple):
        return [_plain(inner, arrays) for inner in value]
    return value


def _restored(value: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if isinstance(value, Mapping):
        if "tensor" in value:
            return torch.from_numpy(np.array(arrays[value["tensor"]]))
        return {key: _restored(inner, arrays) for key, inner in value["pairs"]}
    if isinstance(value, list):
        return [_restored(inner, arrays) for inner in value]
    return value

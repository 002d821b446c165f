"""Between numpy and torch: where tensors live, how chance is passed on, and how states become arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from semsearch.records import Device

Arrays = Mapping[str, npt.NDArray[Any]]


def place(device: Device) -> torch.device:
    """torch's own name of a device."""
    return torch.device(device.name)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's global chance follows `seed`, as layers draw their first weights; outside it is as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def to_arrays(module: torch.nn.Module) -> dict[str, npt.NDArray[Any]]:
    """A module's weights and buffers by name, float32 as they are."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def from_arrays(module: torch.nn.Module, arrays: Arrays) -> None:
    """The inverse. KeyError or RuntimeError of torch where names or shapes are another module's."""
    module.load_state_dict({name: torch.from_numpy(np.array(arrays[name])) for name in module.state_dict()})

"""Between numpy and torch: where tensors live, how chance is passed on, and how states become arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from semsearch.errors import CapabilityError
from semsearch.records import Device

FEW = 1_000  # pictures that the CPU has gone through before a GPU is awake
SMALL = 1 << 17  # numbers of a batch; 128 grey pictures of 28 × 28 are fewer
Arrays = Mapping[str, npt.NDArray[Any]]


def place(device: Device) -> torch.device:
    """torch's own name of a device."""
    return torch.device(device.name)


def encoding_device(pictures: int) -> Device:
    """Where so many pictures go through a net that has learned: on a GPU, if there is one and they are not few."""
    if pictures < FEW or not torch.cuda.is_available():
        return Device("cpu", "a few pictures are no work, or there is no GPU")
    return Device("cuda", "there is one")


@contextmanager
def exactly(device: Device) -> Iterator[None]:
    """Inside, convolutions on a GPU keep all digits of float32, so that pictures are embedded alike wherever that is.

    They are TF32 by torch's default, three digits.
    """
    before = torch.backends.cudnn.allow_tf32
    if device.name == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    try:
        with memory_told():
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's global chance follows `seed`, as layers draw their first weights; outside it is as it was."""
    with torch.random.fork_rng(devices=[]):  # weights are drawn on the CPU; no GPU is woken for it
        torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def threads_for(batch: int, numbers: int) -> Iterator[None]:
    """Inside, a batch of so many things of so many numbers each has the threads of the CPU that it is worth.

    torch's threads wait for each other spinning. Where something else runs as well, a step of a small net then takes
    many times as long with two threads as with one: 28 times, for digits of 8 × 8 pixels.
    """
    before = torch.get_num_threads()
    if batch * numbers <= SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def memory_told() -> Iterator[None]:
    """Inside, a GPU without enough memory is one line for people, CapabilityError, with what to do."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise CapabilityError(
            "The GPU has too little memory: try smaller steps (--rows, --batch), a lower --dim, or --device cpu"
        ) from error


def to_arrays(module: torch.nn.Module) -> dict[str, npt.NDArray[Any]]:
    """A module's weights and buffers by name, float32 as they are."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def from_arrays(module: torch.nn.Module, arrays: Arrays) -> None:
    """The inverse. KeyError or RuntimeError of torch where names or shapes are another module's."""
    module.load_state_dict({name: torch.from_numpy(np.array(arrays[name])) for name in module.state_dict()})

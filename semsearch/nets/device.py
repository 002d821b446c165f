"""Between numpy and torch: devices, seeds, threads, and states as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from semsearch.errors import CapabilityError
from semsearch.records import Device

MIN_GPU_IMAGES = 1_000  # with fewer the CPU is done before the GPU is initialised
SINGLE_THREAD_NUMBERS = 1 << 17  # numbers in a batch, up to which one thread is faster; 128 grey images of 28 × 28
Arrays = Mapping[str, npt.NDArray[Any]]


def place(device: Device) -> torch.device:
    """The torch device of a Device."""
    return torch.device(device.name)


def encoding_device(images: int) -> Device:
    """The device on which this many images are encoded or decoded: a GPU, if there is one and they are not few."""
    if images < MIN_GPU_IMAGES or not torch.cuda.is_available():
        return Device("cpu", "few images, or no GPU")
    return Device("cuda", "there is a GPU")


@contextmanager
def exactly(device: Device) -> Iterator[None]:
    """Inside, convolutions on a GPU are full float32, so that embeddings are the same on every device.

    torch's default is TF32, with three digits.
    """
    before = torch.backends.cudnn.allow_tf32
    if device.name == "cuda":
        torch.backends.cudnn.allow_tf32 = False
    try:
        with out_of_memory_explained():
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's global generator follows `seed`, for the initial weights of layers; afterwards it is restored."""
    with torch.random.fork_rng(devices=[]):  # weights are drawn on the CPU: the GPU is not initialised for this
        torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def threads_for(batch: int, numbers: int) -> Iterator[None]:
    """Inside, small batches run in one thread: `batch` items of `numbers` numbers each.

    torch's threads wait for each other by spinning. If another process runs, a step of a small network then takes many
    times as long with two threads as with one: 28 times, for digits of 8 × 8 pixels.
    """
    before = torch.get_num_threads()
    if batch * numbers <= SINGLE_THREAD_NUMBERS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def out_of_memory_explained() -> Iterator[None]:
    """Inside, running out of GPU memory raises CapabilityError, with what to do."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise CapabilityError("The GPU is out of memory: use a smaller batch, fewer dimensions, or the CPU") from error


def to_arrays(module: torch.nn.Module) -> dict[str, npt.NDArray[Any]]:
    """A module's weights and buffers by name."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in module.state_dict().items()}


def from_arrays(module: torch.nn.Module, arrays: Arrays) -> None:
    """The inverse. Raises KeyError or torch's RuntimeError for names or shapes of another module."""
    module.load_state_dict({name: torch.from_numpy(np.array(arrays[name])) for name in module.state_dict()})

"""A trained GAN as plain arrays and back, and what is asked of one: pictures of codes, features of pictures."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from semsearch.arrays import ByteArray, FloatArray
from semsearch.nets.autoencoder import AT_ONCE, bytes_of, floats
from semsearch.nets.device import Arrays, from_arrays, place, seeded, to_arrays
from semsearch.nets.gan.networks import Discriminator, Generator
from semsearch.records import Device


@dataclass(frozen=True)
class Sizes:
    """What both nets are built from: the pictures' height, width and channels, the code's length, channels at half the
    pictures' size, and how many classes the generator is told, 0 for none."""

    height: int
    across: int
    channels: int
    dim: int
    width: int
    classes: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.height, self.across, self.channels


class Pair(nn.Module):
    """A generator and a discriminator of the same pictures."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.generator = Generator(sizes.shape, sizes.dim, sizes.width, sizes.classes)
        self.discriminator = Discriminator(sizes.shape, sizes.width, sizes.classes)


def new_pair(sizes: Sizes, seed: int, where: torch.device) -> Pair:
    """One that has learned nothing, its weights drawn by the seed."""
    with seeded(seed):
        pair = Pair(sizes)
    return pair.to(where).to(memory_format=torch.channels_last)


def state_of(pair: Pair) -> dict[str, npt.NDArray[Any]]:
    """Weights by name under `net.`, and what the nets are built from."""
    facts = {f"is.{name}": np.array(value) for name, value in asdict(pair.sizes).items()}
    return facts | {f"net.{name}": array for name, array in to_arrays(pair).items()}


def pair_of(arrays: Arrays) -> Pair:
    """The inverse of `state_of`."""
    sizes = Sizes(**{name[3:]: int(array) for name, array in arrays.items() if name.startswith("is.")})
    pair = new_pair(sizes, 0, torch.device("cpu"))
    from_arrays(pair, {name[4:]: array for name, array in arrays.items() if name.startswith("net.")})
    return pair.eval()


@torch.no_grad()
def generate(generator: Generator, codes: FloatArray) -> ByteArray:
    """(n, h, w, c) uint8 pictures of (n, dim + classes) codes."""
    where = next(generator.parameters()).device
    blocks = np.array_split(codes, max(1, math.ceil(len(codes) / AT_ONCE)))
    return np.concatenate([shown(generator(torch.from_numpy(np.array(some, np.float32)).to(where))) for some in blocks])


@torch.no_grad()
def features(discriminator: Discriminator, pictures: ByteArray, device: Device) -> FloatArray:
    """(n, d) float32 of (n, h, w, c) uint8 pictures: what the discriminator makes its score of, at unit length."""
    where = place(device)
    found = [
        discriminator.features(seen(torch.from_numpy(np.array(some)).permute(0, 3, 1, 2).to(where))).cpu().numpy()
        for some in np.array_split(pictures, max(1, math.ceil(len(pictures) / AT_ONCE)))
    ]
    made = np.concatenate(found).astype(np.float32)
    lengths: FloatArray = np.linalg.norm(made, axis=1, keepdims=True)
    return np.asarray(made / np.maximum(lengths, 1e-12), np.float32)


def seen(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 to -1..1, as both nets count."""
    return floats(pictures) * 2 - 1


def shown(pictures: torch.Tensor) -> ByteArray:
    """The inverse, (n, h, w, c)."""
    return bytes_of(pictures / 2 + 0.5)

"""A trained GAN as plain arrays and back, and its two uses: images of codes, and features of images."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from semsearch.arrays import ByteArray, FloatArray
from semsearch.nets.autoencoder import INFERENCE_BATCH, to_bytes, to_float
from semsearch.nets.device import Arrays, from_arrays, place, seeded, to_arrays
from semsearch.nets.gan.networks import Discriminator, Generator
from semsearch.records import Device


@dataclass(frozen=True)
class GanConfig:
    """What both networks are built from. Stored models have these names.

    height, across, channels  the shape of images
    dim                       latent dimension
    width                     channels of the first convolution
    classes                   number of classes of a conditional GAN, else 0
    """

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


class GanNetworks(nn.Module):
    """A generator and a discriminator."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config.shape, config.dim, config.width, config.classes)
        self.discriminator = Discriminator(config.shape, config.width, config.classes)


def new_networks(config: GanConfig, seed: int, where: torch.device) -> GanNetworks:
    """Networks with random weights."""
    with seeded(seed):
        networks = GanNetworks(config)
    return networks.to(where).to(memory_format=torch.channels_last)


def state_of(networks: GanNetworks) -> dict[str, npt.NDArray[Any]]:
    """Weights by name under `net.`, and the config under `is.`."""
    facts = {f"is.{name}": np.array(value) for name, value in asdict(networks.config).items()}
    return facts | {f"net.{name}": array for name, array in to_arrays(networks).items()}


def networks_of(arrays: Arrays) -> GanNetworks:
    """The inverse of `state_of`."""
    config = GanConfig(**{name[3:]: int(array) for name, array in arrays.items() if name.startswith("is.")})
    networks = new_networks(config, 0, torch.device("cpu"))
    from_arrays(networks, {name[4:]: array for name, array in arrays.items() if name.startswith("net.")})
    return networks.eval()


@torch.no_grad()
def generate(generator: Generator, codes: FloatArray) -> ByteArray:
    """Images (n, h, w, c) uint8 of codes (n, dim + classes)."""
    where = next(generator.parameters()).device
    blocks = np.array_split(codes, max(1, math.ceil(len(codes) / INFERENCE_BATCH)))
    return np.concatenate(
        [to_image_bytes(generator(torch.from_numpy(np.array(block, np.float32)).to(where))) for block in blocks]
    )


@torch.no_grad()
def features(discriminator: Discriminator, images: ByteArray, device: Device) -> FloatArray:
    """Features (n, d) float32, at unit length, of images (n, h, w, c) uint8: the input of the discriminator's score."""
    where = place(device)
    blocks = [
        discriminator.features(to_network(torch.from_numpy(np.array(batch)).permute(0, 3, 1, 2).to(where)))
        .cpu()
        .numpy()
        for batch in np.array_split(images, max(1, math.ceil(len(images) / INFERENCE_BATCH)))
    ]
    vectors = np.concatenate(blocks).astype(np.float32)
    lengths: FloatArray = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def to_network(images: torch.Tensor) -> torch.Tensor:
    """uint8 to -1..1, the range of both networks."""
    return to_float(images) * 2 - 1


def to_image_bytes(images: torch.Tensor) -> ByteArray:
    """(n, c, h, w) about -1..1 to (n, h, w, c) uint8."""
    return to_bytes(images / 2 + 0.5)

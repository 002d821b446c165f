"""A DCGAN as in its paper and in PyTorch's example, reduced to 28 or 32 pixels: the peer of `build gan`.

Radford, Metz & Chintala 2016: strided convolutions, batch normalisation in both nets, ReLU and leaky ReLU, weights from
N(0, 0.02), the non-saturating loss, Adam with learning rate 0.0002 and β1 = 0.5, batches of 128, latent dimension 100.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import budget
import numpy as np
import torch
from torch import nn

BATCH, CODE, WIDTH = 128, 100, 64
AT_ONCE = 500


@dataclass(frozen=True)
class Dcgan:
    """A trained generator, and how many steps it took."""

    generator: Any
    steps: int

    def sample(self, n: int, seed: int) -> np.ndarray:
        """(n, height, width, channels) uint8; batch normalisation as learned."""
        draw = torch.Generator().manual_seed(seed)
        codes = torch.randn(n, CODE, 1, 1, generator=draw)
        self.generator.eval()
        with torch.no_grad():
            made = torch.cat([self.generator(some) for some in codes.split(AT_ONCE)])
        return ((made + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()


def train(pixels: np.ndarray, seconds: float, seed: int, device: str = "cpu") -> Dcgan:
    """Train for so many seconds on (n, side, side, channels) uint8; a side is four times a whole number."""
    torch.manual_seed(seed)
    _, side, _, channels = pixels.shape
    generator, discriminator = _generator(side // 4, channels), _discriminator(side // 4, channels)
    for net in (generator, discriminator):
        net.apply(_begin).to(device)
    turns = [torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (generator, discriminator)]
    rng, told = np.random.default_rng(seed), nn.BCEWithLogitsLoss()
    real_is, made_is = torch.ones(BATCH, device=device), torch.zeros(BATCH, device=device)
    seen = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).to(device)
    end, steps = budget.now() + seconds, 0
    while budget.now() < end:
        rows = torch.from_numpy(rng.integers(len(pixels), size=BATCH)).to(device)
        real = seen[rows].float() / 127.5 - 1
        made = generator(torch.randn(BATCH, CODE, 1, 1, device=device))
        loss = told(discriminator(real).flatten(), real_is) + told(discriminator(made.detach()).flatten(), made_is)
        turns[1].zero_grad()
        loss.backward()
        turns[1].step()
        turns[0].zero_grad()
        told(discriminator(made).flatten(), real_is).backward()
        turns[0].step()
        steps += 1
    assert math.isfinite(float(loss.detach()))
    return Dcgan(generator.cpu(), steps)


def _generator(smallest: int, channels: int) -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(CODE, 2 * WIDTH, smallest, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, channels, 4, 2, 1, bias=False),
        nn.Tanh(),
    )


def _discriminator(smallest: int, channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, WIDTH, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 1, smallest, bias=False),
    )


def _begin(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)

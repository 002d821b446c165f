"""Autoencoders: a picture through a narrow code and back, so that the code must hold what the picture is about.

    z = encoder(x)        x' = decoder(z)        loss = mean (x' - x)² over pixels, 0..1

`noise` and `mask` spoil what the encoder sees and not what the decoder must give back (Vincent et al. 2008,
"Extracting and Composing Robust Features with Denoising Autoencoders"; Pathak et al. 2016, "Context Encoders").
`variational` draws the code from a Gaussian and holds it near N(0, I) (Kingma & Welling 2014). Without bends
(`linear`) the best that can be had is what PCA finds at once (Baldi & Hornik 1989).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from semsearch.arrays import FloatArray
from semsearch.nets.checkpoint import Part
from semsearch.nets.device import Arrays, exactly, from_arrays, place, seeded, to_arrays
from semsearch.nets.layers import Decoder, Encoder, Flat
from semsearch.nets.task import Step, Turn
from semsearch.records import Device

Bytes = npt.NDArray[np.uint8]
AT_ONCE = 1024  # pictures through a net when nothing is learned
HOLE = 128  # what a hole is filled with, of 0..255: grey, which is next to 0 to the nets
SHOWN = 8
WARM = 0.05  # of the training, in which the rate rises


@dataclass(frozen=True)
class Net:
    """What a net is built from: the pictures' height, width and channels, the code's length, channels at full size."""

    height: int
    across: int
    channels: int
    dim: int
    width: int
    linear: bool
    variational: bool


@dataclass(frozen=True)
class Lessons:
    """How it is taught. `noise` is the standard deviation of what is added to pixels (0..1), `mask` the side of a
    square hole
        as a share of the picture's, `beta` the weight of being near N(0, I), per pixel."""

    epochs: int
    batch: int
    rate: float
    noise: float
    mask: float
    beta: float
    seed: int


class Both(nn.Module):
    """The encoder and the decoder of one net."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        shape = (net.height, net.across, net.channels)
        out = net.dim * (2 if net.variational else 1)
        self.net = net
        self.encoder = Flat(shape, out, back=False) if net.linear else Encoder(shape, out, net.width)
        self.decoder = Flat(shape, net.dim, back=True) if net.linear else Decoder(shape, net.dim, net.width)

    def read(self, pictures: torch.Tensor) -> torch.Tensor:
        """What the encoder says of pictures (n, c, h, w): codes (n, dim), or Gaussians (n, 2 dim).

        Grey is 0 to the nets, in and out: what all pictures share would slow the learning of how they differ.
        """
        out: torch.Tensor = self.encoder(pictures - 0.5)
        return out

    def codes(self, pictures: torch.Tensor) -> torch.Tensor:
        """(n, dim) codes; of a variational net the middle of each Gaussian."""
        return self.read(pictures)[:, : self.net.dim]

    def pictures(self, codes: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w), about 0..1, of (n, dim) codes."""
        out: torch.Tensor = self.decoder(codes)
        return out + 0.5


class Autoencode:
    """The Task: one optimiser, one loss. `pictures` (n, h, w, c) uint8; the last of `held` are not learned from."""

    def __init__(self, pictures: Bytes, net: Net, lessons: Lessons, device: Device) -> None:
        self.net, self.lessons, self.place = net, lessons, place(device)
        order = np.random.default_rng((lessons.seed, 1)).permutation(len(pictures))
        held = min(2048, len(pictures) // 10)
        self.seen = on_device(pictures, self.place)
        self.held, self.taught = (torch.from_numpy(some).to(self.place) for some in (order[:held], order[held:]))
        with seeded(lessons.seed):
            self.both = Both(net).to(self.place)
        if self.place.type == "cpu" or not net.linear:
            self.both = self.both.to(memory_format=torch.channels_last)
        on_gpu = self.place.type == "cuda"  # there it is one kernel instead of hundreds
        self.optimiser = torch.optim.Adam(self.both.parameters(), lr=lessons.rate, fused=on_gpu)
        self.epochs = lessons.epochs
        self.steps = math.ceil(len(self.taught) / lessons.batch)

    def parts(self) -> Mapping[str, Part]:
        return {"both": self.both, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        rng = np.random.default_rng((self.lessons.seed, 2, epoch))
        order = torch.from_numpy(rng.permutation(len(self.taught))).to(self.place)
        for some in order.split(self.lessons.batch):
            yield self.taught[some]

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.lessons.rate * pace(step.progress)
        whole = floats(chosen(self.seen, batch))
        out = self.both.read(spoiled(whole, self.lessons, step.draw))
        codes, extra = self._drawn(out, step) if self.net.variational else (out, None)
        mse = ((self.both.pictures(codes) - whole) ** 2).mean()
        if extra is not None:  # else it is the loss itself
            step.note(mse=mse)
        yield Turn(self.optimiser, mse if extra is None else mse + self.lessons.beta * extra)

    def _drawn(self, out: torch.Tensor, step: Step) -> tuple[torch.Tensor, torch.Tensor]:
        """A code from each Gaussian, and how far these are from N(0, I) together, in nats a pixel."""
        middle, spread = out.chunk(2, dim=1)
        noise = torch.randn(middle.shape, generator=step.draw, device=middle.device)
        apart = 0.5 * (middle**2 + spread.exp() - spread - 1).sum(dim=1).mean()
        pixels = self.net.height * self.net.across * self.net.channels
        return middle + noise * (0.5 * spread).exp(), apart / pixels

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """The error on pictures that were not learned from, whole ones."""
        if not len(self.held):
            return {}
        parts = [
            ((self.both.pictures(self.both.codes(some)) - some) ** 2).mean(dim=(1, 2, 3))
            for some in (floats(chosen(self.seen, rows)) for rows in self.held.split(AT_ONCE))
        ]
        return {"held_out": float(torch.cat(parts).mean())}

    @torch.no_grad()
    def picture(self) -> Bytes:
        """Some held-out pictures above what is made of them."""
        some = floats(chosen(self.seen, (self.held if len(self.held) else self.taught)[:SHOWN]))
        rows = [bytes_of(some), bytes_of(self.both.pictures(self.both.codes(some)))]
        return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)


def pace(progress: float) -> float:
    """Rises at first, then falls along half a cosine, which ends in a calm."""
    if progress < WARM:
        return max(0.02, progress / WARM)
    return max(0.002, 0.5 * (1 + math.cos(math.pi * (progress - WARM) / (1 - WARM))))


def spoiled(whole: torch.Tensor, lessons: Lessons, draw: torch.Generator) -> torch.Tensor:
    """Pictures with noise added and a square hole, grey, in each, at a place of its own."""
    out = whole
    if lessons.noise:
        out = out + lessons.noise * torch.randn(whole.shape, generator=draw, device=whole.device)
    if lessons.mask:
        n, _, height, across = whole.shape
        side = max(1, round(lessons.mask * min(height, across)))
        top, left = (
            torch.randint(0, length - side + 1, (n, 1, 1), generator=draw, device=whole.device)
            for length in (height, across)
        )
        down = torch.arange(height, device=whole.device)[None, :, None] - top
        along = torch.arange(across, device=whole.device)[None, None, :] - left
        hole = (down >= 0) & (down < side) & (along >= 0) & (along < side)
        out = torch.where(hole[:, None], torch.full((), HOLE / 255, device=whole.device), out)
    return out


def on_device(pictures: Bytes, where: torch.device) -> torch.Tensor:
    """(n, c, h, w) uint8, channels last in memory; on the GPU if they fit in half of what is free, else pinned here."""
    tensor = torch.from_numpy(np.require(pictures, requirements=["C", "W"])).permute(0, 3, 1, 2)
    if where.type == "cpu":
        return tensor
    free, _ = torch.cuda.mem_get_info(where)
    return tensor.to(where) if tensor.numel() < free // 2 else tensor.pin_memory()


def chosen(seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Some of the pictures, where the rows' numbers are: those that did not fit on the GPU are sent there."""
    return seen[rows.to(seen.device)].to(rows.device, non_blocking=True)


def floats(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 to 0..1."""
    return pictures.float().div_(255)


def bytes_of(pictures: torch.Tensor) -> Bytes:
    """(n, c, h, w) about 0..1 to (n, h, w, c) uint8."""
    whole = pictures.float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(whole.permute(0, 2, 3, 1).cpu().numpy())


def state_of(both: Both) -> dict[str, npt.NDArray[Any]]:
    """Weights by name under `net.`, and what the net is built from."""
    facts = {f"is.{name}": np.array(int(value)) for name, value in asdict(both.net).items()}
    return facts | {f"net.{name}": array for name, array in to_arrays(both).items()}


def net_of(arrays: Arrays) -> Both:
    """The inverse of `state_of`."""
    facts: dict[str, Any] = {name[3:]: int(array) for name, array in arrays.items() if name.startswith("is.")}
    with seeded(0):
        both = Both(Net(**facts | {name: bool(facts[name]) for name in ("linear", "variational")}))
    from_arrays(both, {name[4:]: array for name, array in arrays.items() if name.startswith("net.")})
    return both.eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def encode(both: Both, pictures: Bytes, device: Device) -> FloatArray:
    """(n, dim) float32 codes of (n, h, w, c) uint8 pictures."""
    where = place(device)
    both = both.to(where)
    with exactly(device):
        found = [
            both.codes(floats(torch.from_numpy(np.array(some)).permute(0, 3, 1, 2).to(where))).cpu().numpy()
            for some in np.array_split(pictures, max(1, math.ceil(len(pictures) / AT_ONCE)))
        ]
    return np.concatenate(found).astype(np.float32)


@torch.no_grad()
def decode(both: Both, codes: FloatArray, device: Device) -> Bytes:
    """(n, h, w, c) uint8 pictures of (n, dim) codes."""
    where = place(device)
    both = both.to(where)
    with exactly(device):
        found = [
            bytes_of(both.pictures(torch.from_numpy(np.ascontiguousarray(some, np.float32)).to(where)))
            for some in np.array_split(codes, max(1, math.ceil(len(codes) / AT_ONCE)))
        ]
    return np.concatenate(found)

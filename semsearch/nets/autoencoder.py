"""Autoencoders: an encoder to a short latent code, and a decoder back to the image.

    z = encoder(x)        x' = decoder(z)        loss = mean (x' - x)² over pixels, 0..1

`noise` and `mask` corrupt the encoder's input, not the target (Vincent et al. 2008, "Extracting and Composing Robust
Features with Denoising Autoencoders"; Pathak et al. 2016, "Context Encoders"). `variational` draws the code from a
Gaussian, and adds its KL divergence from N(0, I) to the loss (Kingma & Welling 2014). With `linear` layers the optimum
is PCA (Baldi & Hornik 1989).
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
from semsearch.nets.checkpoint import Stateful
from semsearch.nets.device import Arrays, exactly, from_arrays, place, seeded, to_arrays
from semsearch.nets.layers import Decoder, Encoder, Linear
from semsearch.nets.task import Step, Turn
from semsearch.records import Device

Bytes = npt.NDArray[np.uint8]
INFERENCE_BATCH = 1024  # images through a network at once, without gradients
MASK_VALUE = 128  # pixel value inside a mask, 0..255: grey, which is next to 0 for the networks
MAX_HELD_OUT = 2048  # images; else a tenth of them
PREVIEW_IMAGES = 8
WARMUP = 0.05  # share of the training in which the learning rate rises
MIN_WARMUP_LR, FINAL_LR = 0.02, 0.002  # shares of the learning rate, at the start and at the end


@dataclass(frozen=True)
class AutoencoderConfig:
    """What the networks are built from. Stored models have these names.

    height, across, channels  the shape of images
    dim                       latent dimension
    width                     channels of the first convolution
    linear, variational       kinds of autoencoder
    """

    height: int
    across: int
    channels: int
    dim: int
    width: int
    linear: bool
    variational: bool


@dataclass(frozen=True)
class AutoencoderPlan:
    """How an autoencoder is trained.

    batch_size  images per step
    lr          Adam's learning rate, after warm-up
    noise       standard deviation of the noise added to inputs, pixels 0..1; 0 for none
    mask        side of the masked square, as a share of the image's; 0 for none
    kl_weight   weight of the KL divergence from N(0, I), per pixel, if variational
    """

    epochs: int
    batch_size: int
    lr: float
    noise: float
    mask: float
    kl_weight: float
    seed: int


class AutoencoderNet(nn.Module):
    """An encoder and a decoder."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        shape = (config.height, config.across, config.channels)
        outputs = config.dim * (2 if config.variational else 1)
        self.config = config
        self.encoder = (
            Linear(shape, outputs, to_image=False) if config.linear else Encoder(shape, outputs, config.width)
        )
        self.decoder = (
            Linear(shape, config.dim, to_image=True) if config.linear else Decoder(shape, config.dim, config.width)
        )

    def encoder_output(self, images: torch.Tensor) -> torch.Tensor:
        """Codes (n, dim) of images (n, c, h, w), 0..1; if variational (n, 2 dim), means and log variances.

        Grey is 0 for the networks, in input and output: a constant offset would slow the training.
        """
        out: torch.Tensor = self.encoder(images - 0.5)
        return out

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        """(n, dim) codes; if variational the means of the Gaussians."""
        return self.encoder_output(images)[:, : self.config.dim]

    def decode(self, codes: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w), about 0..1, of codes (n, dim)."""
        out: torch.Tensor = self.decoder(codes)
        return out + 0.5


class AutoencoderTask:
    """The Task: one optimiser and one loss. `images` (n, h, w, c) uint8, of which a tenth is held out."""

    def __init__(self, images: Bytes, config: AutoencoderConfig, plan: AutoencoderPlan, device: Device) -> None:
        self.config, self.plan, self.place = config, plan, place(device)
        order = np.random.default_rng((plan.seed, 1)).permutation(len(images))
        n_held_out = min(MAX_HELD_OUT, len(images) // 10)
        self.images = images_to_device(images, self.place)
        self.held_out, self.train = (
            torch.from_numpy(rows).to(self.place) for rows in (order[:n_held_out], order[n_held_out:])
        )
        with seeded(plan.seed):
            self.model = AutoencoderNet(config).to(self.place)
        if self.place.type == "cpu" or not config.linear:
            self.model = self.model.to(memory_format=torch.channels_last)
        on_gpu = self.place.type == "cuda"  # fused: one kernel instead of hundreds
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=plan.lr, fused=on_gpu)
        self.epochs = plan.epochs
        self.steps = math.ceil(len(self.train) / plan.batch_size)

    def parts(self) -> Mapping[str, Stateful]:
        return {"both": self.model, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        rng = np.random.default_rng((self.plan.seed, 2, epoch))
        order = torch.from_numpy(rng.permutation(len(self.train))).to(self.place)
        for rows in order.split(self.plan.batch_size):
            yield self.train[rows]

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.lr * warmup_cosine(step.progress)
        target = to_float(take_rows(self.images, batch))
        out = self.model.encoder_output(corrupted(target, self.plan, step.draw))
        codes, kl = self._sampled(out, step) if self.config.variational else (out, None)
        mse = ((self.model.decode(codes) - target) ** 2).mean()
        if kl is not None:  # else the loss is the mse
            step.note(mse=mse)
        yield Turn(self.optimiser, mse if kl is None else mse + self.plan.kl_weight * kl)

    def _sampled(self, out: torch.Tensor, step: Step) -> tuple[torch.Tensor, torch.Tensor]:
        """A code from each Gaussian (n, dim), and their mean KL divergence from N(0, I), in nats per pixel."""
        mean, log_variance = out.chunk(2, dim=1)
        noise = torch.randn(mean.shape, generator=step.draw, device=mean.device)
        kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(dim=1).mean()
        pixels = self.config.height * self.config.across * self.config.channels
        return mean + noise * (0.5 * log_variance).exp(), kl / pixels

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """The mean squared error of held-out images, uncorrupted."""
        if not len(self.held_out):
            return {}
        errors = [
            ((self.model.decode(self.model.encode(images)) - images) ** 2).mean(dim=(1, 2, 3))
            for images in (to_float(take_rows(self.images, rows)) for rows in self.held_out.split(INFERENCE_BATCH))
        ]
        return {"held_out": float(torch.cat(errors).mean())}

    @torch.no_grad()
    def picture(self) -> Bytes:
        """Held-out images above their reconstructions."""
        rows = (self.held_out if len(self.held_out) else self.train)[:PREVIEW_IMAGES]
        images = to_float(take_rows(self.images, rows))
        strips = [to_bytes(images), to_bytes(self.model.decode(self.model.encode(images)))]
        return np.concatenate([np.concatenate(list(strip), axis=1) for strip in strips], axis=0)


def warmup_cosine(progress: float) -> float:
    """The learning rate as a share of its maximum: linear warm-up, then half a cosine. `progress` is 0..1."""
    if progress < WARMUP:
        return max(MIN_WARMUP_LR, progress / WARMUP)
    return max(FINAL_LR, 0.5 * (1 + math.cos(math.pi * (progress - WARMUP) / (1 - WARMUP))))


def corrupted(images: torch.Tensor, plan: AutoencoderPlan, draw: torch.Generator) -> torch.Tensor:
    """Images (n, c, h, w) with noise added and with a grey square at a random place, as the plan says."""
    out = images
    if plan.noise:
        out = out + plan.noise * torch.randn(images.shape, generator=draw, device=images.device)
    if plan.mask:
        n, _, height, width = images.shape
        side = max(1, round(plan.mask * min(height, width)))
        top, left = (
            torch.randint(0, length - side + 1, (n, 1, 1), generator=draw, device=images.device)
            for length in (height, width)
        )
        down = torch.arange(height, device=images.device)[None, :, None] - top
        right = torch.arange(width, device=images.device)[None, None, :] - left
        masked = (down >= 0) & (down < side) & (right >= 0) & (right < side)
        out = torch.where(masked[:, None], torch.full((), MASK_VALUE / 255, device=images.device), out)
    return out


def images_to_device(images: Bytes, where: torch.device) -> torch.Tensor:
    """(n, c, h, w) uint8, channels last; on the GPU if they fit in half of its free memory, else pinned in memory."""
    tensor = torch.from_numpy(np.require(images, requirements=["C", "W"])).permute(0, 3, 1, 2)
    if where.type == "cpu":
        return tensor
    free, _ = torch.cuda.mem_get_info(where)
    return tensor.to(where) if tensor.numel() < free // 2 else tensor.pin_memory()


def take_rows(images: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Some rows of `images_to_device`, on the device of `rows`."""
    return images[rows.to(images.device)].to(rows.device, non_blocking=True)


def to_float(images: torch.Tensor) -> torch.Tensor:
    """uint8 to 0..1."""
    return images.float().div_(255)


def to_bytes(images: torch.Tensor) -> Bytes:
    """(n, c, h, w) about 0..1 to (n, h, w, c) uint8."""
    whole = images.float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(whole.permute(0, 2, 3, 1).cpu().numpy())


def state_of(model: AutoencoderNet) -> dict[str, npt.NDArray[Any]]:
    """Weights by name under `net.`, and the config under `is.`."""
    facts = {f"is.{name}": np.array(int(value)) for name, value in asdict(model.config).items()}
    return facts | {f"net.{name}": array for name, array in to_arrays(model).items()}


def model_of(arrays: Arrays) -> AutoencoderNet:
    """The inverse of `state_of`."""
    facts: dict[str, Any] = {name[3:]: int(array) for name, array in arrays.items() if name.startswith("is.")}
    with seeded(0):
        model = AutoencoderNet(
            AutoencoderConfig(**facts | {name: bool(facts[name]) for name in ("linear", "variational")})
        )
    from_arrays(model, {name[4:]: array for name, array in arrays.items() if name.startswith("net.")})
    return model.eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def encode(model: AutoencoderNet, images: Bytes, device: Device) -> FloatArray:
    """Codes (n, dim) float32 of images (n, h, w, c) uint8."""
    where = place(device)
    model = model.to(where)
    with exactly(device):
        codes = [
            model.encode(to_float(torch.from_numpy(np.array(batch)).permute(0, 3, 1, 2).to(where))).cpu().numpy()
            for batch in np.array_split(images, max(1, math.ceil(len(images) / INFERENCE_BATCH)))
        ]
    return np.concatenate(codes).astype(np.float32)


@torch.no_grad()
def decode(model: AutoencoderNet, codes: FloatArray, device: Device) -> Bytes:
    """Images (n, h, w, c) uint8 of codes (n, dim)."""
    where = place(device)
    model = model.to(where)
    with exactly(device):
        images = [
            to_bytes(model.decode(torch.from_numpy(np.ascontiguousarray(batch, np.float32)).to(where)))
            for batch in np.array_split(codes, max(1, math.ceil(len(codes) / INFERENCE_BATCH)))
        ]
    return np.concatenate(images)

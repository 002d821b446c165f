"""What all self-supervised trainings share: a backbone learns a pretext task, whose labels come from the images.

    task        makes inputs and targets from images, and computes the loss: by how much was this image rotated?
    backbone    is trained by it, and is all that is kept for search: its features

A tenth of the images, at most 2,048, is held out. `held_out` is the loss on these, always on the same inputs; and
`held_out_accuracy` the accuracy, for tasks with classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from semsearch.arrays import FloatArray
from semsearch.nets.autoencoder import Bytes, images_to_device, take_rows, to_float, warmup_cosine
from semsearch.nets.backbone import Backbone, BackboneConfig, recalibrate_batch_norm
from semsearch.nets.checkpoint import Stateful
from semsearch.nets.device import Arrays, exactly, from_arrays, place, seeded, to_arrays
from semsearch.nets.task import Step, Turn
from semsearch.records import Device, Quiz

MAX_HELD_OUT = 2048  # images; else a tenth of them
CALIBRATION_IMAGES = 4096  # from which the statistics of batch normalisation are computed
PREVIEW_IMAGES = 8
WEIGHT_DECAY = 1e-4
INFERENCE_PIXELS = 1 << 20  # through a network at once, without gradients


class PretextTask(Protocol):
    """A pretext task and the layers that solve it on top of a backbone. It is a torch module."""

    def loss(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        """Scalars for images (n, c, h, w), 0..1: `loss`, which is minimised, and others for the curves, such as
        `accuracy`. In eval mode also what is reached without learning: `chance` or `mean`."""
        ...

    def quiz(self, backbone: Backbone, images: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """The input, prediction and target of each image, to be shown."""
        ...


@dataclass(frozen=True)
class PretextPlan:
    """How a backbone is trained: `batch_size` in images per step, `lr` AdamW's learning rate after warm-up."""

    epochs: int
    batch_size: int
    lr: float
    seed: int


class PretextNet(nn.Module):
    """A backbone and its pretext task, which is called `game` in stored models."""

    def __init__(self, config: BackboneConfig, task: Any) -> None:
        super().__init__()
        self.backbone, self.game = Backbone(config), task


class PretextTraining:
    """The Task of the loop: images (n, h, w, c) uint8 and a PretextNet. One optimiser."""

    def __init__(self, images: Bytes, net: PretextNet, plan: PretextPlan, device: Device) -> None:
        self.plan, self.place = plan, place(device)
        order = np.random.default_rng((plan.seed, 1)).permutation(len(images))
        n_held_out = min(MAX_HELD_OUT, len(images) // 10)
        self.images = images_to_device(images, self.place)
        self.held_out, self.train = (
            torch.from_numpy(rows).to(self.place) for rows in (order[:n_held_out], order[n_held_out:])
        )
        self.net = net.to(self.place, memory_format=torch.channels_last)
        on_gpu = self.place.type == "cuda"  # fused: one kernel instead of hundreds
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=plan.lr, weight_decay=WEIGHT_DECAY, fused=on_gpu)
        self.epochs = plan.epochs
        self.steps = math.ceil(len(self.train) / plan.batch_size)

    def parts(self) -> Mapping[str, Stateful]:
        return {"net": self.net, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        """Batches of nearly equal size: batch normalisation has no variance for a last batch of one image."""
        rng = np.random.default_rng((self.plan.seed, 2, epoch))
        order = torch.from_numpy(rng.permutation(len(self.train))).to(self.place)
        for rows in order.tensor_split(self.steps):
            yield self.train[rows]

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.lr * warmup_cosine(step.progress)
        self.net.train()
        values = self.net.game.loss(self.net.backbone, self._images(batch), step.draw)
        loss = values.pop("loss")
        step.note(**values)
        yield Turn(self.optimiser, loss)

    def _images(self, rows: torch.Tensor) -> torch.Tensor:
        return to_float(take_rows(self.images, rows))

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """The task's figures on held-out images, means over them."""
        if len(self.held_out) < 2:
            return {}
        self.net.eval()
        draw = torch.Generator(self.place).manual_seed(self.plan.seed)
        sums: dict[str, float] = {}
        for rows in self.held_out.tensor_split(math.ceil(len(self.held_out) / self.plan.batch_size)):
            for name, value in self.net.game.loss(self.net.backbone, self._images(rows), draw).items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(rows)
        means = {name: total / len(self.held_out) for name, total in sums.items()}
        return {"held_out": means.pop("loss")} | {
            name if name == "chance" else f"held_out_{name}": value for name, value in means.items()
        }

    @torch.no_grad()
    def picture(self) -> Bytes:
        """Inputs, predictions and targets of some held-out images, one above the other."""
        rows = (self.held_out if len(self.held_out) else self.train)[:PREVIEW_IMAGES]
        self.net.eval()
        draw = torch.Generator(self.place).manual_seed(self.plan.seed)
        return quiz_sheet(self.net.game.quiz(self.net.backbone, self._images(rows), draw))


def quiz_sheet(quizzes: Sequence[Quiz]) -> Bytes:
    """Quizzes side by side: input, prediction and target, one above the other, (height, width, channels)."""
    rows = [[getattr(quiz, part) for quiz in quizzes] for part in ("input", "output", "target")]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)


def new_net(config: BackboneConfig, make_task: Callable[[], Any], seed: int = 0) -> PretextNet:
    """A network with random weights."""
    with seeded(seed):
        return PretextNet(config, make_task())


def inference_batch(shape: Sequence[int]) -> int:
    """How many images of this height and width go through a network at once, without gradients."""
    return max(8, min(1024, INFERENCE_PIXELS // (shape[0] * shape[1])))


def _batches(images: Bytes, where: torch.device) -> Iterator[torch.Tensor]:
    for batch in np.array_split(images, math.ceil(len(images) / inference_batch(images.shape[1:3])) or 1):
        yield to_float(torch.from_numpy(np.array(batch)).permute(0, 3, 1, 2).to(where))


def state_of(net: PretextNet, images: Bytes, device: Device) -> dict[str, npt.NDArray[Any]]:
    """The stored arrays: the config as `plan.NAME`, all weights as `net.NAME`, and as `whole.NAME` the statistics of
    batch normalisation on whole images, from up to 4,096 of `images` (n, h, w, c) uint8."""
    arrays = {f"plan.{name}": np.array(int(value)) for name, value in asdict(net.backbone.config).items()}
    arrays |= {f"net.{name}": array for name, array in to_arrays(net).items()}
    sample = images[:: math.ceil(len(images) / CALIBRATION_IMAGES)]
    recalibrate_batch_norm(net.backbone, _batches(sample, place(device)))
    buffers = {name for name, _ in net.backbone.named_buffers()}
    return arrays | {f"whole.{name}": array for name, array in to_arrays(net.backbone).items() if name in buffers}


def config_of(arrays: Arrays) -> BackboneConfig:
    """The config in a stored state."""
    facts: dict[str, Any] = {name[5:]: int(array) for name, array in arrays.items() if name.startswith("plan.")}
    return BackboneConfig(**facts | {"resnet": bool(facts["resnet"])})


def backbone_of(arrays: Arrays) -> Backbone:
    """The backbone in a stored state, for whole images."""
    with seeded(0):
        backbone = Backbone(config_of(arrays))
    weights = {name[13:]: array for name, array in arrays.items() if name.startswith("net.backbone.")}
    from_arrays(backbone, weights | {name[6:]: array for name, array in arrays.items() if name.startswith("whole.")})
    return backbone.eval().to(memory_format=torch.channels_last)


def net_of(arrays: Arrays, make_task: Callable[[], Any]) -> PretextNet:
    """The network in a stored state as it was trained, to show its task."""
    net = new_net(config_of(arrays), make_task)
    from_arrays(net, {name[4:]: array for name, array in arrays.items() if name.startswith("net.")})
    return net.eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def features(backbone: Backbone, images: Bytes, device: Device) -> FloatArray:
    """Features (n, features) float32 of images (n, h, w, c) uint8."""
    where = place(device)
    backbone = backbone.to(where)
    with exactly(device):
        blocks = [backbone.features(batch).float().cpu().numpy() for batch in _batches(images, where)]
    return np.concatenate(blocks)


@torch.no_grad()
def quiz(net: PretextNet, images: Bytes, seed: int) -> list[Quiz]:
    """The task on each of (n, h, w, c) uint8 images, on the CPU; reproducible by the seed."""
    draw = torch.Generator().manual_seed(seed)
    return net.game.quiz(net.backbone, to_float(torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)), draw)

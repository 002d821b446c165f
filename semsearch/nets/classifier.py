"""A small image classifier, whose features real and generated images are compared by.

Published Fréchet distances use Inception's features, which were trained on photographs and take 100 MB. A classifier of
the same images knows what matters in these. Distances in its features are not comparable with published ones, so they
are shown between a floor and a ceiling (evaluate/features.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from semsearch.arrays import FloatArray, IntArray
from semsearch.nets.autoencoder import (
    INFERENCE_BATCH,
    Bytes,
    images_to_device,
    take_rows,
    to_float,
    warmup_cosine,
)
from semsearch.nets.checkpoint import Stateful
from semsearch.nets.device import place, seeded, threads_for
from semsearch.nets.layers import Encoder
from semsearch.nets.loop import TrainOptions, train
from semsearch.nets.task import Step, Turn
from semsearch.records import Device, Report

FEATURES = 64
WIDTH = 8  # channels of the first convolution
BATCH_IMAGES, LR = 128, 0.003
IMAGES_SEEN = 180_000  # images in a training, each epoch counted
MIN_EPOCHS, MAX_EPOCHS = 3, 60


class Classifier(nn.Module):
    """Images (n, c, h, w) to class scores (n, classes); `features` (n, 64) are the last layer's input."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.encoder = Encoder(shape, FEATURES, WIDTH)
        self.last = nn.Linear(FEATURES, classes)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = F.leaky_relu(self.encoder(images - 0.5), 0.1)
        return out

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.last(self.features(images))
        return out


class ClassifierTask:
    """The Task: images (n, h, w, c) uint8 and their class numbers (n,)."""

    def __init__(
        self, images: Bytes, classes: IntArray, seed: int, device: Device, images_seen: int = IMAGES_SEEN
    ) -> None:
        self.seed, self.place = seed, place(device)
        self.images = images_to_device(images, self.place)
        self.classes = torch.from_numpy(np.asarray(classes, np.int64)).to(self.place)
        height, width, channels = images.shape[1:]
        with seeded(seed):
            self.net = Classifier((height, width, channels), int(self.classes.max()) + 1).to(self.place)
        self.net = self.net.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=LR)
        self.epochs = max(MIN_EPOCHS, min(MAX_EPOCHS, math.ceil(images_seen / len(images))))
        self.steps = math.ceil(len(images) / BATCH_IMAGES)

    def parts(self) -> Mapping[str, Stateful]:
        return {"net": self.net, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        rng = np.random.default_rng((self.seed, epoch))
        yield from torch.from_numpy(rng.permutation(len(self.classes))).to(self.place).split(BATCH_IMAGES)

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = LR * warmup_cosine(step.progress)
        scores = self.net(to_float(take_rows(self.images, batch)))
        yield Turn(self.optimiser, F.cross_entropy(scores, self.classes[batch]))


def train_classifier(
    images: Bytes, classes: IntArray, *, seed: int, device: Device, report: Report, images_seen: int | None = None
) -> Classifier:
    """A classifier, trained on about `images_seen` images, each epoch counted."""
    task = ClassifierTask(images, classes, seed, device, images_seen or IMAGES_SEEN)
    with threads_for(BATCH_IMAGES, images[0].size):
        train(task, TrainOptions(seed=seed, clip=1.0), device=device, report=report)
    return task.net.eval()


@torch.no_grad()
def predict(net: Classifier, images: Bytes) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Features (n, 64) and predicted classes (n,) of images (n, h, w, c) uint8."""
    where = net.last.weight.device
    features, predicted = [], []
    for batch in np.array_split(images, max(1, math.ceil(len(images) / INFERENCE_BATCH))):
        values = net.features(to_float(torch.from_numpy(np.array(batch)).permute(0, 3, 1, 2).to(where)))
        features.append(values.cpu().numpy())
        predicted.append(net.last(values).argmax(dim=1).cpu().numpy())
    return np.concatenate(features).astype(np.float32), np.concatenate(predicted)

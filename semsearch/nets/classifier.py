"""A small classifier of pictures, whose last layer but one is a space to compare real and made pictures in.

Inception's features, which published Frechet distances are of, are learned from photographs and 100 MB large. Those of
a classifier of the very same pictures know what matters in them; what is measured there compares with nothing measured
elsewhere, and so is shown between a floor and a ceiling (evaluate/features.py).
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
from semsearch.nets.autoencoder import AT_ONCE, Bytes, chosen, floats, on_device, pace
from semsearch.nets.checkpoint import Part
from semsearch.nets.device import place, seeded, threads_for
from semsearch.nets.layers import Encoder
from semsearch.nets.loop import TrainOptions, train
from semsearch.nets.task import Step, Turn
from semsearch.records import Device, Report

FEATURES = 64
WIDTH = 8
BATCH, RATE = 128, 0.003
SEEN = 180_000  # pictures that a training looks at, counting each as often as it is seen
FEWEST, MOST = 3, 60  # epochs


class Classifier(nn.Module):
    """Pictures (n, c, h, w) to scores of classes; `features` are what the last layer is given, (n, 64)."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.encoder = Encoder(shape, FEATURES, WIDTH)
        self.last = nn.Linear(FEATURES, classes)

    def features(self, pictures: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = F.leaky_relu(self.encoder(pictures - 0.5), 0.1)
        return out

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.last(self.features(pictures))
        return out


class Classify:
    """The Task: pictures (n, h, w, c) uint8 and the number of each one's class, (n,)."""

    def __init__(self, pictures: Bytes, classes: IntArray, seed: int, device: Device, looked_at: int = SEEN) -> None:
        self.seed, self.place = seed, place(device)
        self.seen = on_device(pictures, self.place)
        self.classes = torch.from_numpy(np.asarray(classes, np.int64)).to(self.place)
        height, across, channels = pictures.shape[1:]
        with seeded(seed):
            self.net = Classifier((height, across, channels), int(self.classes.max()) + 1).to(self.place)
        self.net = self.net.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=RATE)
        self.epochs = max(FEWEST, min(MOST, math.ceil(looked_at / len(pictures))))
        self.steps = math.ceil(len(pictures) / BATCH)

    def parts(self) -> Mapping[str, Part]:
        return {"net": self.net, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        rng = np.random.default_rng((self.seed, epoch))
        yield from torch.from_numpy(rng.permutation(len(self.classes))).to(self.place).split(BATCH)

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * pace(step.progress)
        yield Turn(self.optimiser, F.cross_entropy(self.net(floats(chosen(self.seen, batch))), self.classes[batch]))


def learn(
    pictures: Bytes, classes: IntArray, *, seed: int, device: Device, report: Report, looked_at: int | None = None
) -> Classifier:
    """A trained classifier, which has looked at about so many pictures."""
    task = Classify(pictures, classes, seed, device, SEEN if looked_at is None else looked_at)
    with threads_for(BATCH, pictures[0].size):
        train(task, TrainOptions(seed=seed, clip=1.0), device=device, report=report)
    return task.net.eval()


@torch.no_grad()
def read(net: Classifier, pictures: Bytes) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Features (n, 64) and the likeliest class (n,) of (n, h, w, c) uint8 pictures."""
    where = net.last.weight.device
    features, told = [], []
    for some in np.array_split(pictures, max(1, math.ceil(len(pictures) / AT_ONCE))):
        found = net.features(floats(torch.from_numpy(np.array(some)).permute(0, 3, 1, 2).to(where)))
        features.append(found.cpu().numpy())
        told.append(net.last(found).argmax(dim=1).cpu().numpy())
    return np.concatenate(features).astype(np.float32), np.concatenate(told)

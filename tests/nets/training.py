"""What tests of trainings share: the CPU, seeds, a journal in memory, a short training of a pretext task."""

from __future__ import annotations

import signal
from typing import Any

import numpy as np
import torch

from semsearch.nets import selfsupervised
from semsearch.nets.backbone import BackboneConfig
from semsearch.nets.loop import TrainOptions, train
from semsearch.records import Checkpoint, Device, silent

CPU = Device("cpu", "a test")


class Notebook:
    """A Journal in memory; `stop_at` interrupts it as Ctrl-C does."""

    def __init__(self, kept: Checkpoint | None = None, stop_at: int | None = None) -> None:
        self.last, self.stop_at = kept, stop_at
        self.curve: list[tuple[int, dict[str, float]]] = []
        self.shown: list[int] = []

    def __call__(self, step: int, total: int, **metrics: float) -> None:
        if metrics:
            self.curve.append((step, metrics))
        if self.stop_at == step:
            signal.raise_signal(signal.SIGINT)

    def pictures(self, step: int, pixels: Any) -> None:
        self.shown.append(step)

    def keep(self, checkpoint: Checkpoint) -> bool:
        self.last = checkpoint
        return True

    def kept(self) -> Checkpoint | None:
        return self.last


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained(
    task: type,
    pictures: np.ndarray,
    epochs: int,
    *rules: Any,
    width: int = 8,
    channels: int | None = None,
    **more: Any,
) -> selfsupervised.PretextTraining:
    config = BackboneConfig(False, channels or pictures.shape[3], max(pictures.shape[1:3]), width)
    net = selfsupervised.new_net(config, lambda: task(config, *rules, **more), 0)
    training = selfsupervised.PretextTraining(pictures, net, selfsupervised.PretextPlan(epochs, 64, 0.004, 0), CPU)
    train(training, TrainOptions(seed=0, clip=1.0), device=CPU, report=silent)
    return training

"""What all self-supervised tasks share: a backbone learns from pictures alone, by a game whose answers cost nothing.

    game        asks questions about pictures and says how wrong the net's answers are: how far was this turned?
    backbone    is what they are answered with, and all that is kept for search: its features

A tenth of the pictures, 2,048 at most, is held out: `held_out` is the game's loss on questions about those, always the
same ones, and `accuracy`, where answers are right or wrong, the share of right ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from semsearch.arrays import FloatArray
from semsearch.nets.autoencoder import Bytes, chosen, floats, on_device, pace
from semsearch.nets.backbone import Backbone, Plan, settled
from semsearch.nets.checkpoint import Part
from semsearch.nets.device import Arrays, exactly, from_arrays, place, seeded, to_arrays
from semsearch.nets.task import Step, Turn
from semsearch.records import Device, Quiz

HELD = 2048  # pictures held out, at most
SETTLED = 4096  # pictures whose means and variances the features are normalised by
SHOWN = 8
DECAY = 1e-4  # of weights, a step at full rate
PIXELS = 1 << 20  # through a net at once when nothing is learned


class Game(Protocol):
    """What is asked of a backbone, and the layers it is answered by. A torch module, for its weights' sake."""

    def loss(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> dict[str, torch.Tensor]:
        """Scalars of questions about pictures (n, c, h, w), 0..1: `loss`, which is lowered; what else is worth a curve,
        such as `accuracy`; and while it is judged, what guessing reaches, `chance`."""
        ...

    def quiz(self, backbone: Backbone, pictures: torch.Tensor, draw: torch.Generator) -> list[Quiz]:
        """A question about each picture, and its answer, to be looked at."""
        ...


@dataclass(frozen=True)
class Lessons:
    """How it is taught."""

    epochs: int
    batch: int
    rate: float
    seed: int


class Net(nn.Module):
    """A backbone and the game it learns by."""

    def __init__(self, plan: Plan, game: Any) -> None:
        super().__init__()
        self.backbone, self.game = Backbone(plan), game


class Pretext:
    """The Task: pictures (n, h, w, c) uint8, a backbone to be made by the plan, and its game. One optimiser."""

    def __init__(self, pictures: Bytes, net: Net, lessons: Lessons, device: Device) -> None:
        self.lessons, self.place = lessons, place(device)
        order = np.random.default_rng((lessons.seed, 1)).permutation(len(pictures))
        held = min(HELD, len(pictures) // 10)
        self.seen = on_device(pictures, self.place)
        self.held, self.taught = (torch.from_numpy(some).to(self.place) for some in (order[:held], order[held:]))
        self.net = net.to(self.place, memory_format=torch.channels_last)
        on_gpu = self.place.type == "cuda"  # there it is one kernel instead of hundreds
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=lessons.rate, weight_decay=DECAY, fused=on_gpu)
        self.epochs = lessons.epochs
        self.steps = math.ceil(len(self.taught) / lessons.batch)

    def parts(self) -> Mapping[str, Part]:
        return {"net": self.net, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[torch.Tensor]:
        """Of about one size: a last one of a picture or two would have no variance to be normalised by."""
        rng = np.random.default_rng((self.lessons.seed, 2, epoch))
        order = torch.from_numpy(rng.permutation(len(self.taught))).to(self.place)
        for some in order.tensor_split(self.steps):
            yield self.taught[some]

    def losses(self, batch: torch.Tensor, step: Step) -> Iterator[Turn]:
        for group in self.optimiser.param_groups:
            group["lr"] = self.lessons.rate * pace(step.progress)
        self.net.train()
        found = self.net.game.loss(self.net.backbone, self._pictures(batch), step.draw)
        loss = found.pop("loss")
        step.note(**found)
        yield Turn(self.optimiser, loss)

    def _pictures(self, rows: torch.Tensor) -> torch.Tensor:
        return floats(chosen(self.seen, rows))

    @torch.no_grad()
    def judge(self) -> Mapping[str, float]:
        """The game's figures on pictures that were not learned from, means over them."""
        if len(self.held) < 2:
            return {}
        self.net.eval()
        draw = torch.Generator(self.place).manual_seed(self.lessons.seed)
        sums: dict[str, float] = {}
        for rows in self.held.tensor_split(math.ceil(len(self.held) / self.lessons.batch)):
            for name, value in self.net.game.loss(self.net.backbone, self._pictures(rows), draw).items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(rows)
        found = {name: total / len(self.held) for name, total in sums.items()}
        return {"held_out": found.pop("loss")} | {
            name if name == "chance" else f"held_out_{name}": value for name, value in found.items()
        }

    @torch.no_grad()
    def picture(self) -> Bytes:
        """Some held-out pictures' questions: what was given, what the net said, what is true, one above the other."""
        rows = (self.held if len(self.held) else self.taught)[:SHOWN]
        self.net.eval()
        draw = torch.Generator(self.place).manual_seed(self.lessons.seed)
        return shown(self.net.game.quiz(self.net.backbone, self._pictures(rows), draw))


def shown(quizzes: Sequence[Quiz]) -> Bytes:
    """Questions side by side: given, said, true, one above the other, (height, width, channels)."""
    rows = [[getattr(quiz, part) for quiz in quizzes] for part in ("input", "prediction", "truth")]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)


def made(plan: Plan, game: Any, seed: int = 0) -> Net:
    """A net of random weights; `game` makes the game."""
    with seeded(seed):
        return Net(plan, game())


def at_once(shape: Sequence[int]) -> int:
    """Pictures of height and width that go through a net together when nothing is learned."""
    return max(8, min(1024, PIXELS // (shape[0] * shape[1])))


def _batches(pictures: Bytes, where: torch.device) -> Iterator[torch.Tensor]:
    for some in np.array_split(pictures, math.ceil(len(pictures) / at_once(pictures.shape[1:3])) or 1):
        yield floats(torch.from_numpy(np.array(some)).permute(0, 3, 1, 2).to(where))


def state_of(net: Net, pictures: Bytes, device: Device) -> dict[str, npt.NDArray[Any]]:
    """All weights, as `net.NAME`, and, as `whole.NAME`, what the backbone is normalised by where it is shown whole
    pictures: that of up to 4,096 of these, (n, h, w, c) uint8. What it is built from is `plan.NAME`."""
    arrays = {f"plan.{name}": np.array(int(value)) for name, value in asdict(net.backbone.plan).items()}
    arrays |= {f"net.{name}": array for name, array in to_arrays(net).items()}
    some = pictures[:: math.ceil(len(pictures) / SETTLED)]
    settled(net.backbone, _batches(some, place(device)))
    buffers = {name for name, _ in net.backbone.named_buffers()}
    return arrays | {f"whole.{name}": array for name, array in to_arrays(net.backbone).items() if name in buffers}


def plan_of(arrays: Arrays) -> Plan:
    """The plan in a state."""
    facts: dict[str, Any] = {name[5:]: int(array) for name, array in arrays.items() if name.startswith("plan.")}
    return Plan(**facts | {"resnet": bool(facts["resnet"])})


def backbone_of(arrays: Arrays) -> Backbone:
    """The backbone in a state, as it is for whole pictures."""
    with seeded(0):
        backbone = Backbone(plan_of(arrays))
    mine = {name[13:]: array for name, array in arrays.items() if name.startswith("net.backbone.")}
    from_arrays(backbone, mine | {name[6:]: array for name, array in arrays.items() if name.startswith("whole.")})
    return backbone.eval().to(memory_format=torch.channels_last)


def net_of(arrays: Arrays, game: Any) -> Net:
    """The net in a state, as it was when it learned: for questions of the game, which `game` makes anew."""
    net = made(plan_of(arrays), game)
    from_arrays(net, {name[4:]: array for name, array in arrays.items() if name.startswith("net.")})
    return net.eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def features(backbone: Backbone, pictures: Bytes, device: Device) -> FloatArray:
    """(n, features) float32 of (n, h, w, c) uint8 pictures."""
    where = place(device)
    backbone = backbone.to(where)
    with exactly(device):
        found = [backbone.features(some).float().cpu().numpy() for some in _batches(pictures, where)]
    return np.concatenate(found)


@torch.no_grad()
def quiz(net: Net, pictures: Bytes, seed: int) -> list[Quiz]:
    """A question about each of (n, h, w, c) uint8 pictures, on the CPU; the same seed asks the same."""
    draw = torch.Generator().manual_seed(seed)
    return net.game.quiz(net.backbone, floats(torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2)), draw)

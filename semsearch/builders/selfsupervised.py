"""What all self-supervised builders share: a backbone learns by a task made of the pictures themselves, then embeds.

    learn       the task's questions cost nothing to answer; a tenth of the pictures is held out to say how well it goes
    embed       features of whole pictures: the backbone's map, averaged over quarters of the picture, less their mean
    whiten      if asked for: principal directions of the features, each at the same variance

A builder says what its game is made from (`rules`) and makes it of those again (`game`), so that a stored model can
still be asked its questions.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import ENDLESS, option, timed
from semsearch.builders.image_checks import check_differ, pictures_as_learned
from semsearch.errors import BuildError
from semsearch.maths.pca import principal_components
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Quiz, Report, State

SOFT = 0.01  # of the strongest direction's deviation, added to each: the weakest are mostly noise
SEEN = 500_000  # pictures that a training looks at by default, counting each as often as it is seen
MOST_EPOCHS = 200
FEWEST = 4  # pictures
LEAST_SIDE, MOST_SIDE = 8, 128  # pixels
Shape: TypeAlias = tuple[int, int, int]
Rules: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class PretextOptions:
    """What each of these builders can be told."""

    backbone: str = option("small", "what learns: small is for CPUs, resnet18 for GPUs", choices=("small", "resnet18"))
    width: int = option(32, "channels of the small backbone's first layer; its last has eight times as many")
    epochs: int | None = option(
        None, "times over all pictures, 0 for random weights; by default 500,000 of them, at most 200 times"
    )
    seconds: float | None = option(None, "end after so many seconds instead")
    batch: int = option(256, "pictures of a step")
    rate: float = option(0.002, "how long the strides are at most (AdamW's rate)")
    whiten: bool = option(False, "bring the features' principal directions to the same variance")
    side: int | None = option(None, "pixels of the longer side to learn at; by default theirs, at most 128")

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 0:
            raise ValueError(f"epochs is {self.epochs}: 0, for random weights, or more")
        if self.seconds is not None and self.seconds <= 0:
            raise ValueError(f"seconds is {self.seconds:g}: choose above 0")
        if self.seconds is not None and self.epochs is not None:
            raise ValueError("epochs and seconds are both given: choose one")
        if self.width < 1 or self.batch < 2:
            raise ValueError(f"width is {self.width} and batch {self.batch}: at least 1 and 2 are needed")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate is {self.rate:g}: choose above 0, such as 0.002")
        if self.side is not None and not LEAST_SIDE <= self.side <= MOST_SIDE:
            raise ValueError(f"side is {self.side}: choose {LEAST_SIDE} to {MOST_SIDE} pixels")


@dataclass(frozen=True)
class CropOptions(PretextOptions):
    """The same, where a task looks at crops."""

    crop: float = option(0.5, "the least share of a picture that is looked at, 1 for all")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop is {self.crop:g}: choose above 0, up to 1")


class SelfSupervised(ABC):
    """A builder whose embeddings are the features of a backbone that learned by a game."""

    name: ClassVar[str]
    reads: Literal["images"] = "images"
    Options: ClassVar[type[PretextOptions]]
    question: ClassVar[str]
    mean: ClassVar[str] = ""
    needs = ("torch",)
    sees: ClassVar[int | None] = None  # channels of pictures that the backbone looks at, where not all

    @abstractmethod
    def rules(self, shape: Shape, options: Any) -> Rules:
        """The numbers that the game is made from. BuildError for pictures (height, width, channels) it is not for."""

    @abstractmethod
    def game(self, plan: Any, rules: Rules) -> Any:
        """The game (nets.pretext.Game) by these rules, with weights at random, for a backbone of this plan."""

    def fit(self, corpus: Images, options: Any, *, rng: np.random.Generator, device: Device, report: Report) -> Fitted:
        """Features (n, features). BuildError for a few pictures, small ones, and where all of them are the same."""
        from semsearch.nets import selfsupervised
        from semsearch.nets.backbone import Plan
        from semsearch.nets.device import threads_for
        from semsearch.nets.loop import TrainOptions as LoopRules
        from semsearch.nets.loop import train

        self._check(corpus)
        rules = self.rules(corpus.shape, options)
        height, across, channels = corpus.shape
        plan = Plan(options.backbone == "resnet18", self.sees or channels, max(height, across), options.width)
        seed = int(rng.integers(1 << 31))
        lessons = selfsupervised.Lessons(epochs_of(options, len(corpus)), options.batch, options.rate, seed)
        metrics: dict[str, float] = {"pictures": float(len(corpus))}
        task = selfsupervised.Pretext(
            corpus.pixels, selfsupervised.made(plan, lambda: self.game(plan, rules), seed), lessons, device
        )
        with timed(metrics, "training"), threads_for(options.batch, corpus.pixels[0].size):
            how = LoopRules(seed=seed, clip=1.0, mixed=True, seconds=options.seconds)
            trained = train(task, how, device=device, report=report)
        metrics |= {"epochs": float(trained.epochs), "steps": float(trained.steps), **trained.metrics}
        arrays = selfsupervised.state_of(task.net, corpus.pixels, device) | {"shape": np.array(corpus.shape, np.int64)}
        arrays |= {f"rule.{name}": np.array(value) for name, value in rules.items()}
        found = selfsupervised.features(task.net.backbone, corpus.pixels, device)
        vectors, placed = _placed(found, options.whiten, rng)
        return Fitted([Embeddings("image", corpus.keys, vectors)], arrays | placed, metrics)

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """The features of other pictures, (n, features). InputError for another shape than was learned."""
        from semsearch.nets import selfsupervised
        from semsearch.nets.device import encoding_device

        pixels = pictures_as_learned(self.name, state, corpus).pixels
        device = encoding_device(len(pixels))
        # One for each device: who shows it a single picture meanwhile finds his where it was.
        backbone = state.derived(f"backbone {device.name}", lambda: selfsupervised.backbone_of(state.arrays))
        found = selfsupervised.features(backbone, pixels, device) - state.arrays["centre"]
        return found @ state.arrays["axes"] if "axes" in state.arrays else found

    def quiz(self, state: State, corpus: Images, *, seed: int) -> Sequence[Quiz]:
        """A question about each picture, and what the net answers."""
        from semsearch.nets import selfsupervised

        net = state.derived("net", lambda: self._net(state))
        return selfsupervised.quiz(net, pictures_as_learned(self.name, state, corpus).pixels, seed)

    def _net(self, state: State) -> Any:
        from semsearch.nets import selfsupervised

        rules = {name[5:]: array.item() for name, array in state.arrays.items() if name.startswith("rule.")}
        plan = selfsupervised.plan_of(state.arrays)
        return selfsupervised.net_of(state.arrays, lambda: self.game(plan, rules))

    def _check(self, corpus: Images) -> None:
        if len(corpus) < FEWEST:
            raise BuildError(f"{len(corpus):,} pictures: {self.name} learns from {FEWEST} at least, better thousands")
        check_differ(corpus)
        check_side(self.name, corpus.shape, LEAST_SIDE, "no net sees much on fewer")


def check_side(name: str, shape: Shape, least: int, why: str) -> None:
    """BuildError for pictures (height, width, channels) of fewer than `least` pixels each way."""
    height, across, _ = shape
    if min(height, across) < least:
        raise BuildError(
            f"The pictures are {height} × {across} pixels, {name} needs {least} each way ({why}): --side enlarges them"
        )


def epochs_of(options: PretextOptions, pictures: int) -> int:
    """How often a training goes over so many pictures."""
    if options.seconds is not None:
        return ENDLESS
    if options.epochs is not None:
        return options.epochs
    return max(1, min(MOST_EPOCHS, math.ceil(SEEN / pictures)))


def _placed(found: FloatArray, whiten: bool, rng: np.random.Generator) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Features (n, d) about their mean, and the arrays that bring others there: `centre` (d,) and, whitened, `axes`."""
    centre = found.mean(axis=0)
    if not whiten:
        return found - centre, {"centre": centre}
    parts = principal_components(found, min(found.shape), rng=rng)
    deviation = parts.singular_values / math.sqrt(len(found))
    axes = (parts.components / (deviation + SOFT * deviation[0])[:, None]).T.astype(np.float32)
    return (found - centre) @ axes, {"centre": centre, "axes": axes}

"""Generative adversarial networks: pictures that never were, by two nets that play against each other (needs torch).

    generator       a random code z ~ N(0, I) to a picture
    discriminator   a picture to a score, high for real ones; what it makes the score of are the embeddings
    game            the discriminator learns to tell made pictures from real ones, the generator to be taken for real

Goodfellow et al. 2014. `--loss minimax` is the game as it was first written; it circles, and often ends with a
generator that makes the same few pictures of all codes. The default compares pairs of a real and a made picture and
holds the discriminator's gradients small at both (R1 and R2), which converges (R3GAN, Huang et al. 2024). Where
pictures are few both nets' pictures are changed at random before they are judged (Zhao et al. 2020). The generator that
is kept is the running mean over the end of the training.

A code here is no embedding: none is known for a picture that was given. So there is nothing to reconstruct, samples are
drawn from N(0, I) alone, and walks lead from one sample to another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from semsearch.arrays import ByteArray, FloatArray, IntArray
from semsearch.builders.base import option, timed
from semsearch.builders.image_checks import check_differ, pictures_as_learned
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Report, State, silent

CPU = Device("cpu", "some pictures are no work")
SEEN = 600_000  # pictures that a training looks at by default, counting each as often as it is seen
ENDLESS = 100_000_000  # steps, where a budget of seconds ends it
PASSES = 200  # over all pictures, at most
FEWEST = 64
EACH = 8  # pictures of a class, in the mean, without which labels are no classes
ENOUGH, LOOKED_AT = 20_000, 30_000  # pictures for a classifier that only counts, and how often it looks at one
FEW = 1_000  # pictures, below which they are changed before they are judged
LARGEST = 128  # pixels of a side
WIDTHS, WIDEST = ((4, 10), (8, 40)), 16
RATE = 0.02  # times one over the width: wider layers move as far by shorter strides
LOSSES = ("relativistic", "non-saturating", "hinge", "minimax")
SCHEDULES = ("alternate", "simultaneous")


@dataclass(frozen=True)
class GanOptions:
    """What `build gan` can be told."""

    dim: int = option(64, "numbers of a code")
    steps: int | None = option(
        None,
        "turns of the generator, in whole hundreds; by default 600,000 pictures are seen, each at most 200 times",
        free=True,
    )
    seconds: float | None = option(None, "end after so many seconds instead", free=True)
    batch: int = option(64, "pictures of a turn")
    rate: float | None = option(None, "how long the strides are at most (Adam's rate); by default 0.02 over the width")
    width: int | None = option(
        None,
        "channels at half the pictures' size, more where smaller; by default 4 for up to 10 pixels, 8 for 40, else 16",
    )
    loss: str = option(LOSSES[0], "the game that is played", choices=LOSSES)
    schedule: str = option(SCHEDULES[0], "turns of the two nets one after another, or both at once", choices=SCHEDULES)
    d_steps: int = option(1, "turns of the discriminator for each of the generator's, with schedule alternate")
    penalty: float | None = option(
        None, "weight of the squared gradients at real and made pictures; by default 1 with relativistic, else 0"
    )
    every: int = option(4, "turns from one penalty to the next, which counts as many times")
    memory: float = option(500.0, "turns in which the mean of the generator's weights forgets half")
    augment: bool | None = option(
        None, "change pictures before they are judged; by default where there are fewer than 1,000"
    )
    conditional: bool = option(False, "learn what label a picture has, and make pictures of each")
    side: int | None = option(None, "pixels of the longer side to learn at; by default theirs, at most 128")

    def __post_init__(self) -> None:
        least = {"dim": self.dim, "steps": self.steps, "batch": self.batch, "width": self.width}
        for name, value in (least | {"d_steps": self.d_steps, "every": self.every}).items():
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if self.rate is not None and not 0 < self.rate <= 1:
            raise ValueError(f"rate is {self.rate:g}: choose above 0, such as 0.002")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds is {self.seconds:g}: choose above 0")
        if self.steps is not None and self.seconds is not None:
            raise ValueError("steps and seconds are both given: choose one")
        if self.penalty is not None and not 0 <= self.penalty <= 1e6:
            raise ValueError(f"penalty is {self.penalty:g}: choose 0, for none, or more, such as 1")
        if not 1 <= self.memory <= 1e6:
            raise ValueError(f"memory is {self.memory:g}: choose 1 to 1,000,000 turns")
        if self.schedule == "simultaneous" and self.d_steps != 1:
            raise ValueError("both nets turn at once with schedule simultaneous: leave out d_steps")
        if self.side is not None and not 8 <= self.side <= LARGEST:
            raise ValueError(f"side is {self.side}: choose 8 to {LARGEST} pixels")


class Gan:
    """The builder `gan`: pictures that never were, and features of what tells them from real ones (needs torch)."""

    name = "gan"
    reads: Literal["images"] = "images"
    Options = GanOptions
    needs = ("torch",)

    def fit(
        self, corpus: Images, options: GanOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """The discriminator's features (n, 32 width) at unit length.

        BuildError for fewer than 64 pictures, for such as are all the same, and for labels that tell no classes apart.
        """
        from semsearch.nets.device import threads_for
        from semsearch.nets.gan import state as states
        from semsearch.nets.gan.task import GanTask
        from semsearch.nets.loop import TrainOptions, train

        _check(corpus)
        names, rows, classes = _classes(corpus) if options.conditional else ([], np.arange(len(corpus)), None)
        seed = int(rng.integers(1 << 31))
        width = options.width or _width(max(corpus.shape[:2]))
        sizes = states.Sizes(*corpus.shape, options.dim, width, len(names))
        game = _game(options, len(rows), width, seed)
        metrics: dict[str, float] = {"pictures": float(len(rows)), "width": float(width), "rate": game.rate}
        with timed(metrics, "counting_classes"):
            counter = _counter(corpus, seed, device)
        task = GanTask(corpus.pixels[rows], classes, sizes, game, device, counter)
        rules = TrainOptions(seed=seed, seconds=options.seconds)
        with timed(metrics, "training"), threads_for(options.batch, corpus.pixels[0].size):
            trained = train(task, rules, device=device, report=report)
        metrics |= {"steps": float(trained.steps), **trained.metrics}
        pair = task.trained()
        vectors = states.features(pair.discriminator, corpus.pixels, device)
        arrays = states.state_of(pair) | {"shape": np.array(corpus.shape, np.int64)}
        if classes is not None:
            arrays["frequency"] = np.bincount(classes, minlength=len(names)).astype(np.float64) / len(rows)
            arrays["names"] = np.frombuffer(json.dumps(names).encode(), np.uint8)
        return Fitted([Embeddings("image", corpus.keys, vectors)], arrays, metrics)

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """The features of other pictures, (n, 32 width). InputError for another shape than was learned."""
        from semsearch.nets.gan import state as states

        pixels = pictures_as_learned(self.name, state, corpus).pixels
        return states.features(_pair(state).discriminator, pixels, CPU)

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """What the generator makes of codes, (n, height, width, channels)."""
        from semsearch.nets.gan import state as states

        return states.generate(_pair(state).generator, codes)

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """(n, dim) from N(0, I); of a conditional GAN (n, dim + classes), a class for each as often as it was seen.

        The first of many are those of few.
        """
        dim = int(state.arrays["is.dim"])
        drawn = rng.standard_normal((n, dim + 1)).astype(np.float32)
        frequency = state.arrays.get("frequency")
        if frequency is None:
            return drawn[:, :dim]
        share = ndtr(drawn[:, dim])  # uniform in 0..1
        kind = np.searchsorted(np.cumsum(frequency)[:-1], share, side="right")
        return np.concatenate([drawn[:, :dim], np.eye(len(frequency), dtype=np.float32)[kind]], axis=1)

    def classes(self, state: State) -> Sequence[str]:
        """The labels it was told, in order; none without `conditional`."""
        names = state.arrays.get("names")
        return [] if names is None else [str(name) for name in json.loads(names.tobytes())]

    def of_class(self, state: State, codes: FloatArray, name: str) -> FloatArray:
        """The same codes, (n, dim + classes), of one class."""
        dim, known = int(state.arrays["is.dim"]), self.classes(state)
        kind = np.eye(len(known), dtype=np.float32)[known.index(name)]
        return np.concatenate([codes[:, :dim], np.tile(kind, (len(codes), 1))], axis=1)

    def walk(self, state: State, one: FloatArray, other: FloatArray, steps: int) -> FloatArray:
        """(steps, dim) codes on the way from one (dim,) to another, along the sphere near which N(0, I) lies.

        A straight line would lead through its middle, where no code ever was (White 2016). Classes change evenly.
        """
        dim = int(state.arrays["is.dim"])
        at = np.linspace(0, 1, steps)[:, None]
        straight = (1 - at) * one + at * other
        start, end = one[:dim].astype(np.float64), other[:dim].astype(np.float64)
        cosine = start @ end / max(1e-12, float(np.linalg.norm(start) * np.linalg.norm(end)))
        angle = float(np.arccos(np.clip(cosine, -1, 1)))
        if 1e-3 < angle < math.pi - 1e-3:
            straight[:, :dim] = (np.sin((1 - at) * angle) * start + np.sin(at * angle) * end) / math.sin(angle)
        return np.asarray(straight, np.float32)


def _check(corpus: Images) -> None:
    if len(corpus) < FEWEST:
        raise BuildError(f"{len(corpus):,} pictures: a GAN learns from {FEWEST} or more; build pca of so few")
    check_differ(corpus)


def _labelled(corpus: Images) -> tuple[list[str], IntArray, IntArray]:
    """The names of the classes, the rows that have a label, and the number of each one's class."""
    labels = corpus.labels or [None] * len(corpus)
    rows = np.array([row for row, label in enumerate(labels) if label is not None], np.int64)
    names = sorted({label for label in labels if label is not None})
    number = {name: place for place, name in enumerate(names)}
    return names, rows, np.array([number[str(labels[row])] for row in rows.tolist()], np.int64)


def _counter(corpus: Images, seed: int, device: Device) -> Any:
    """A classifier that tells of which class a picture is; None where there are no classes to tell apart."""
    from semsearch.nets import classifier

    names, rows, classes = _labelled(corpus)
    if len(names) < 2 or len(names) * EACH > len(rows):
        return None
    some = np.random.default_rng((seed, 3)).permutation(len(rows))[:ENOUGH]
    return classifier.learn(
        corpus.pixels[rows[some]], classes[some], seed=seed, device=device, report=silent, looked_at=LOOKED_AT
    )


def _classes(corpus: Images) -> tuple[list[str], IntArray, IntArray]:
    """The same, for a generator that is told them. BuildError where they tell nothing."""
    names, rows, classes = _labelled(corpus)
    if len(rows) < FEWEST:
        raise BuildError(f"{len(rows):,} pictures have a label, {FEWEST} are needed: leave out --conditional")
    if len(names) < 2:
        raise BuildError(f"All labels are {names[0][:40]!r}: one class is no condition, leave out --conditional")
    if len(names) * EACH > len(rows):
        raise BuildError(
            f"{len(names):,} different labels of {len(rows):,} pictures are no classes: leave out --conditional"
        )
    return names, rows, classes


def _width(side: int) -> int:
    """What suits pictures of this many pixels on the longer side."""
    return next((width for width, most in WIDTHS if side <= most), WIDEST)


def _game(options: GanOptions, pictures: int, width: int, seed: int) -> Any:
    from semsearch.nets.gan.diffaugment import CHANGES
    from semsearch.nets.gan.task import GanOptions

    steps = options.steps or math.ceil(min(SEEN, PASSES * pictures) / options.batch)
    steps = ENDLESS if options.seconds is not None else steps
    by_default = 1.0 if options.loss == "relativistic" else 0.0
    few = pictures < FEW if options.augment is None else options.augment
    return GanOptions(
        steps=steps,
        batch=options.batch,
        rate=options.rate or RATE / width,
        loss=options.loss,
        simultaneous=options.schedule == "simultaneous",
        d_steps=options.d_steps,
        penalty=by_default if options.penalty is None else options.penalty,
        every=options.every,
        memory=options.memory,
        changes=CHANGES if few else (),
        seed=seed,
    )


def _pair(state: State) -> Any:
    from semsearch.nets.gan import state as states

    return state.derived("pair", lambda: states.pair_of(state.arrays))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Gan())

"""Generative adversarial network (GAN): generates images that resemble the dataset's (needs torch).

    G: z ~ N(0, I) to an image      D: an image to a score, high for real images
    min over G, max over D:         E ln σ(D(x)) + E ln(1 - σ(D(G(z))))          the minimax game of --loss minimax

Goodfellow et al. 2014. The minimax game oscillates, and often ends in mode collapse, where all codes give the same few
images. The default loss compares pairs of a real and a generated image (relativistic), with gradient penalties on both
(R1 and R2). It converges (R3GAN, Huang et al. 2024). With few images, the inputs of the discriminator are augmented
(Zhao et al. 2020). The stored generator is an exponential moving average (EMA) of the weights.

The embeddings are the discriminator's features, at unit length. They are not latent codes, because a GAN has no
encoder. There is therefore no reconstruction. Latent codes are drawn from N(0, I), and interpolation is between
generated images.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import ByteArray, FloatArray, IntArray
from semsearch.builders.base import timed
from semsearch.builders.image_checks import check_different, images_of_shape
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import BuildError, InputError
from semsearch.hookspecs import hookimpl
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Report, State, silent

CPU = Device("cpu", "few images: the CPU is enough")
IMAGES_SEEN = 600_000  # images in a training by default, each epoch counted
MAX_EPOCHS = 200  # by default
UNLIMITED_STEPS = 100_000_000  # of a training that ends by its time budget
MIN_IMAGES = 64
MIN_CLASS_MEAN = 8  # images per class, on average, for labels to count as classes
COUNTER_IMAGES, COUNTER_SEEN = 20_000, 30_000  # images of the classifier that counts modes, and images in its training
AUGMENT_BELOW = 1_000  # images, by default
MAX_SIDE = 128  # pixels
WIDTHS, MAX_WIDTH = ((4, 10), (8, 40)), 16  # (width, longest side in pixels); above these MAX_WIDTH
LR_TIMES_WIDTH = 0.02  # the default learning rate is this over the width: wide layers diverge sooner
LOSSES = ("relativistic", "non-saturating", "hinge", "minimax")
SCHEDULES = ("alternate", "simultaneous")


@dataclass(frozen=True)
class GanOptions(BuilderOptions):
    """Options of `build gan`."""

    latent_dim: int = option(64, "latent dimension: length of a code", least=1, also=("dim",))
    steps: int | None = option(
        None,
        "training steps of the generator, rounded up to whole hundreds",
        least=1,
        default_text=f"as many as process {IMAGES_SEEN:,} images, at most {MAX_EPOCHS} epochs",
        may_change_on_resume=True,
    )
    seconds: float | None = option(
        None, "training time, instead of --steps", above=0, unit="seconds", may_change_on_resume=True
    )
    batch_size: int = option(64, "images per step", least=1, was=("batch",))
    lr: float | None = option(
        None, "learning rate (Adam)", above=0, most=1, default_text="0.02 divided by --width", was=("rate",)
    )
    width: int | None = option(
        None,
        "channels of the first convolution, at half the image size",
        least=1,
        default_text="4 for images of up to 10 pixels, 8 up to 40, else 16",
    )
    loss: str = option(LOSSES[0], "adversarial loss", choices=LOSSES)
    schedule: str = option(
        SCHEDULES[0],
        "the two networks are updated in turn (alternate) or at the same time (simultaneous)",
        choices=SCHEDULES,
    )
    d_steps: int = option(1, "with --schedule alternate: discriminator steps per generator step", least=1)
    gradient_penalty: float | None = option(
        None,
        "weight of the gradient penalty (R1 and R2); 0 turns it off",
        least=0,
        most=1e6,
        default_text="1 with --loss relativistic, else 0",
        was=("penalty",),
    )
    penalty_interval: int = option(
        4, "apply the gradient penalty every N steps, with N times its weight", least=1, was=("every",)
    )
    ema_half_life: float = option(
        500.0,
        "half-life of the generator's weight average (EMA)",
        least=1,
        most=1e6,
        unit="steps",
        was=("memory",),
    )
    augment: bool | None = option(
        None, "augment the discriminator's inputs", default_text=f"on for fewer than {AUGMENT_BELOW:,} images"
    )
    conditional: bool = option(
        False, "class-conditional GAN, which learns the labels and can generate images of a given label"
    )
    image_size: int | None = option(
        None,
        "longer side of the images",
        least=8,
        most=MAX_SIDE,
        unit="pixels",
        default_text=f"the images' own size, at most {MAX_SIDE}",
        was=("side",),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps is not None and self.seconds is not None:
            raise InputError("--steps and --seconds are both given: choose one")
        if self.schedule == "simultaneous" and self.d_steps != 1:
            raise InputError(
                f"--d-steps is {self.d_steps}: with --schedule simultaneous both networks take one step, leave it out"
            )


class Gan:
    """GAN: new images by adversarial training (needs torch)."""

    name = "gan"
    reads: Literal["images"] = "images"
    Options = GanOptions
    needs = ("torch",)

    def fit(
        self, corpus: Images, options: GanOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """The discriminator's features (n, 32 width), at unit length.

        Raises BuildError for fewer than 64 images, if all are identical, and with `conditional` for unusable labels.
        """
        from semsearch.nets.device import threads_for
        from semsearch.nets.gan import state as states
        from semsearch.nets.gan.task import GanTask
        from semsearch.nets.loop import TrainOptions, train

        _check(corpus)
        names, rows, classes = _classes(corpus) if options.conditional else ([], np.arange(len(corpus)), None)
        seed = int(rng.integers(1 << 31))
        width = options.width or _width(max(corpus.shape[:2]))
        config = states.GanConfig(*corpus.shape, options.latent_dim, width, len(names))
        plan = _plan(options, len(rows), width, seed)
        metrics: dict[str, float] = {"pictures": float(len(rows)), "width": float(width)} | _chosen(plan, corpus)
        with timed(metrics, "counting_classes"):
            counter = _mode_counter(corpus, seed, device)
        task = GanTask(corpus.pixels[rows], classes, config, plan, device, counter)
        loop_options = TrainOptions(seed=seed, seconds=options.seconds)
        with timed(metrics, "training"), threads_for(options.batch_size, corpus.pixels[0].size):
            trained = train(task, loop_options, device=device, report=report)
        metrics |= {"steps": float(trained.steps), **trained.metrics}
        networks = task.trained()
        vectors = states.features(networks.discriminator, corpus.pixels, device)
        arrays = states.state_of(networks) | {"shape": np.array(corpus.shape, np.int64)}
        if classes is not None:
            arrays["frequency"] = np.bincount(classes, minlength=len(names)).astype(np.float64) / len(rows)
            arrays["names"] = np.frombuffer(json.dumps(names).encode(), np.uint8)
        return Fitted([Embeddings("image", corpus.keys, vectors)], arrays, metrics)

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """Features of other images, (n, 32 width). Raises InputError for another shape than the model's."""
        from semsearch.nets.gan import state as states

        pixels = images_of_shape(self.name, state, corpus).pixels
        return states.features(_networks(state).discriminator, pixels, CPU)

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """Images generated from codes, (n, height, width, channels)."""
        from semsearch.nets.gan import state as states

        return states.generate(_networks(state).generator, codes)

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """Codes (n, latent_dim) from N(0, I); of a conditional GAN (n, latent_dim + classes), with classes as frequent
        as in training.

        For the same rng the first n of more codes are the same.
        """
        dim = int(state.arrays["is.dim"])
        drawn = rng.standard_normal((n, dim + 1)).astype(np.float32)
        frequency = state.arrays.get("frequency")
        if frequency is None:
            return drawn[:, :dim]
        from scipy.special import ndtr  # takes 50 ms, which other commands need not wait

        uniform = ndtr(drawn[:, dim])  # 0..1
        label = np.searchsorted(np.cumsum(frequency)[:-1], uniform, side="right")
        return np.concatenate([drawn[:, :dim], np.eye(len(frequency), dtype=np.float32)[label]], axis=1)

    def classes(self, state: State) -> Sequence[str]:
        """The labels it was trained on, in order; empty without `conditional`."""
        names = state.arrays.get("names")
        return [] if names is None else [str(name) for name in json.loads(names.tobytes())]

    def of_class(self, state: State, codes: FloatArray, name: str) -> FloatArray:
        """The same codes, (n, latent_dim + classes), of one class."""
        dim, known = int(state.arrays["is.dim"]), self.classes(state)
        one_hot = np.eye(len(known), dtype=np.float32)[known.index(name)]
        return np.concatenate([codes[:, :dim], np.tile(one_hot, (len(codes), 1))], axis=1)

    def walk(self, state: State, one: FloatArray, other: FloatArray, steps: int) -> FloatArray:
        """Codes (steps, dim) from one (dim,) to another, by spherical interpolation; classes change linearly.

        Codes of N(0, I) are near a sphere; a straight line would leave it for the centre (White 2016).
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
    if len(corpus) < MIN_IMAGES:
        raise BuildError(f"A GAN needs at least {MIN_IMAGES} images, found {len(corpus):,}: use `build pca`")
    check_different(corpus)


def _labelled(corpus: Images) -> tuple[list[str], IntArray, IntArray]:
    """The names of the classes, the rows (m,) that have a label, and the class number of each (m,)."""
    labels = corpus.labels or [None] * len(corpus)
    rows = np.array([row for row, label in enumerate(labels) if label is not None], np.int64)
    names = sorted({label for label in labels if label is not None})
    number = {name: place for place, name in enumerate(names)}
    return names, rows, np.array([number[str(labels[row])] for row in rows.tolist()], np.int64)


def _mode_counter(corpus: Images, seed: int, device: Device) -> Any:
    """A classifier that counts the classes among generated images; None without usable labels."""
    from semsearch.nets import classifier

    names, rows, classes = _labelled(corpus)
    if len(names) < 2 or len(names) * MIN_CLASS_MEAN > len(rows):
        return None
    sample = np.random.default_rng((seed, 3)).permutation(len(rows))[:COUNTER_IMAGES]
    return classifier.train_classifier(
        corpus.pixels[rows[sample]],
        classes[sample],
        seed=seed,
        device=device,
        report=silent,
        images_seen=COUNTER_SEEN,
    )


def _classes(corpus: Images) -> tuple[list[str], IntArray, IntArray]:
    """The same as `_labelled`, for a conditional GAN. Raises BuildError for unusable labels."""
    names, rows, classes = _labelled(corpus)
    if len(rows) < MIN_IMAGES:
        raise BuildError(f"{len(rows):,} images have a label, {MIN_IMAGES} are needed: leave out --conditional")
    if len(names) < 2:
        raise BuildError(f"All labels are {names[0][:40]!r}: at least 2 classes are needed, leave out --conditional")
    if len(names) * MIN_CLASS_MEAN > len(rows):
        raise BuildError(
            f"{len(rows):,} images have {len(names):,} different labels: {MIN_CLASS_MEAN} images per label are needed,"
            " leave out --conditional"
        )
    return names, rows, classes


def _width(side: int) -> int:
    """The default width for images whose longer side has this many pixels."""
    return next((width for width, largest in WIDTHS if side <= largest), MAX_WIDTH)


def _plan(options: GanOptions, images: int, width: int, seed: int) -> Any:
    """The training plan (nets.gan.task.GanPlan), with defaults filled in."""
    from semsearch.nets.gan.diffaugment import AUGMENTATIONS
    from semsearch.nets.gan.task import GanPlan

    steps = options.steps or math.ceil(min(IMAGES_SEEN, MAX_EPOCHS * images) / options.batch_size)
    default_penalty = 1.0 if options.loss == "relativistic" else 0.0
    augment = images < AUGMENT_BELOW if options.augment is None else options.augment
    return GanPlan(
        steps=UNLIMITED_STEPS if options.seconds is not None else steps,
        batch_size=options.batch_size,
        lr=options.lr or LR_TIMES_WIDTH / width,
        loss=options.loss,
        simultaneous=options.schedule == "simultaneous",
        d_steps=options.d_steps,
        gradient_penalty=default_penalty if options.gradient_penalty is None else options.gradient_penalty,
        penalty_interval=options.penalty_interval,
        ema_half_life=options.ema_half_life,
        augmentations=AUGMENTATIONS if augment else (),
        seed=seed,
    )


def _chosen(plan: Any, corpus: Images) -> dict[str, float]:
    """The values of options that have no fixed default."""
    return {
        "rate": plan.lr,
        "gradient_penalty": plan.gradient_penalty,
        "augment": float(bool(plan.augmentations)),
        "image_size": float(max(corpus.shape[:2])),
    }


def _networks(state: State) -> Any:
    from semsearch.nets.gan import state as states

    return state.derived("pair", lambda: states.networks_of(state.arrays))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Gan())

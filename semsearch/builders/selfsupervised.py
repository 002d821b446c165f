"""What all self-supervised builders share: a backbone learns a pretext task on the images themselves, then embeds.

    train       the labels of the task come from the images, without annotation; a tenth of the images is held out
    embed       features of whole images: the backbone's feature map, averaged over quarters of the image, centred
    whiten      optionally: principal directions of the features, each scaled to the same variance

A builder computes the numbers its task depends on (`rules`), and makes the task from these (`task`). They are stored,
so that the task of a stored model can be shown again.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import UNLIMITED_EPOCHS, timed
from semsearch.builders.image_checks import check_different, images_of_shape
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import BuildError, InputError
from semsearch.maths.pca import principal_components
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Quiz, Report, State

WHITENING_RIDGE = 0.01  # added to each deviation, as a share of the largest: the weakest directions are mostly noise
IMAGES_SEEN = 500_000  # images in a training by default, each epoch counted
MAX_EPOCHS = 200  # by default
MIN_IMAGES = 4
MIN_SIDE, MAX_SIDE = 8, 128  # pixels
Shape: TypeAlias = tuple[int, int, int]  # height, width, channels
Rules: TypeAlias = Mapping[str, float]
CHOSEN = {"grid": "grid", "orders": "permutations", "block": "block_size"}  # rules that are values of options


@dataclass(frozen=True)
class PretextOptions(BuilderOptions):
    """Options that all of these builders share."""

    backbone: str = option("small", "network: small (for CPUs) or resnet18 (for GPUs)", choices=("small", "resnet18"))
    width: int = option(32, "channels of the small backbone's first layer; its last has eight times as many", least=1)
    epochs: int | None = option(
        None,
        "epochs; 0 leaves the weights random",
        least=0,
        default_text=f"as many as process {IMAGES_SEEN:,} images, at most {MAX_EPOCHS} epochs",
    )
    seconds: float | None = option(None, "training time, instead of --epochs", above=0, unit="seconds")
    batch_size: int = option(256, "images per step", least=2, was=("batch",))
    lr: float = option(0.002, "learning rate (AdamW)", above=0, most=1, was=("rate",))
    whiten: bool = option(False, "whiten the features: scale their principal components to equal variance")
    image_size: int | None = option(
        None,
        "longer side of the images",
        least=MIN_SIDE,
        most=MAX_SIDE,
        unit="pixels",
        default_text=f"the images' own size, at most {MAX_SIDE}",
        was=("side",),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seconds is not None and self.epochs is not None:
            raise InputError("--seconds and --epochs are both given: choose one")


@dataclass(frozen=True)
class CropOptions(PretextOptions):
    """The same, for tasks on random crops."""

    min_crop: float = option(
        0.5, "smallest crop, as a share of the image's area; 1 takes whole images", above=0, most=1, was=("crop",)
    )


class SelfSupervised(ABC):
    """A builder whose embeddings are features of a backbone that was trained on a pretext task."""

    name: ClassVar[str]
    reads: Literal["images"] = "images"
    Options: ClassVar[type[PretextOptions]]
    question: ClassVar[str]
    mean: ClassVar[str] = ""
    needs = ("torch",)
    input_channels: ClassVar[int | None] = None  # of the backbone, if not all of the image's

    @abstractmethod
    def rules(self, shape: Shape, options: Any) -> Rules:
        """The numbers that the task depends on. Raises BuildError for images of a shape that it cannot use."""

    @abstractmethod
    def task(self, config: Any, rules: Rules) -> Any:
        """The task (nets.selfsupervised.PretextTask), with random weights, for a backbone of this BackboneConfig."""

    def fit(self, corpus: Images, options: Any, *, rng: np.random.Generator, device: Device, report: Report) -> Fitted:
        """Features (n, features). Raises BuildError for too few or too small images, and if all are identical."""
        from semsearch.nets import selfsupervised as nets
        from semsearch.nets.backbone import BackboneConfig
        from semsearch.nets.device import threads_for
        from semsearch.nets.loop import TrainOptions, train

        self._check(corpus)
        rules = self.rules(corpus.shape, options)
        height, width, channels = corpus.shape
        config = BackboneConfig(
            options.backbone == "resnet18", self.input_channels or channels, max(height, width), options.width
        )
        seed = int(rng.integers(1 << 31))
        plan = nets.PretextPlan(epochs_of(options, len(corpus)), options.batch_size, options.lr, seed)
        metrics: dict[str, float] = {"pictures": float(len(corpus)), "image_size": float(max(corpus.shape[:2]))}
        metrics |= {CHOSEN[rule]: float(rules[rule]) for rule in CHOSEN.keys() & rules.keys()}
        net = nets.new_net(config, lambda: self.task(config, rules), seed)
        training = nets.PretextTraining(corpus.pixels, net, plan, device)
        with timed(metrics, "training"), threads_for(options.batch_size, corpus.pixels[0].size):
            loop_options = TrainOptions(seed=seed, clip=1.0, mixed=True, seconds=options.seconds)
            trained = train(training, loop_options, device=device, report=report)
        metrics |= {"epochs": float(trained.epochs), "steps": float(trained.steps), **trained.metrics}
        arrays = nets.state_of(net, corpus.pixels, device) | {"shape": np.array(corpus.shape, np.int64)}
        arrays |= {f"rule.{name}": np.array(value) for name, value in rules.items()}
        features = nets.features(net.backbone, corpus.pixels, device)
        vectors, transform = _transformed(features, options.whiten, rng)
        return Fitted([Embeddings("image", corpus.keys, vectors)], arrays | transform, metrics)

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """Features of other images, (n, features). Raises InputError for another shape than the model's."""
        from semsearch.nets import selfsupervised as nets
        from semsearch.nets.device import encoding_device

        pixels = images_of_shape(self.name, state, corpus).pixels
        device = encoding_device(len(pixels))
        # One network per device, so that concurrent callers never see it move.
        backbone = state.derived(f"backbone {device.name}", lambda: nets.backbone_of(state.arrays))
        features = nets.features(backbone, pixels, device) - state.arrays["centre"]
        return features @ state.arrays["axes"] if "axes" in state.arrays else features

    def quiz(self, state: State, corpus: Images, *, seed: int) -> Sequence[Quiz]:
        """The task on each image, with the network's prediction."""
        from semsearch.nets import selfsupervised as nets

        net = state.derived("net", lambda: self._net(state))
        return nets.quiz(net, images_of_shape(self.name, state, corpus).pixels, seed)

    def _net(self, state: State) -> Any:
        from semsearch.nets import selfsupervised as nets

        rules = {name[5:]: array.item() for name, array in state.arrays.items() if name.startswith("rule.")}
        config = nets.config_of(state.arrays)
        return nets.net_of(state.arrays, lambda: self.task(config, rules))

    def _check(self, corpus: Images) -> None:
        if len(corpus) < MIN_IMAGES:
            raise BuildError(f"{self.name} needs at least {MIN_IMAGES} images, better thousands; found {len(corpus):,}")
        check_different(corpus)
        check_side(self.name, corpus.shape, MIN_SIDE, "smaller images show too little")


def check_side(name: str, shape: Shape, least: int, why: str) -> None:
    """Raises BuildError for images (height, width, channels) of fewer than `least` pixels each way."""
    height, width, _ = shape
    if min(height, width) < least:
        raise BuildError(
            f"The images are {height} × {width} pixels, {name} needs {least} each way ({why}):"
            " --image-size enlarges them"
        )


def epochs_of(options: PretextOptions, images: int) -> int:
    """The number of epochs for this many images."""
    if options.seconds is not None:
        return UNLIMITED_EPOCHS
    if options.epochs is not None:
        return options.epochs
    return max(1, min(MAX_EPOCHS, math.ceil(IMAGES_SEEN / images)))


def _transformed(
    features: FloatArray, whiten: bool, rng: np.random.Generator
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Features (n, d) centred and optionally whitened; and the transform: `centre` (d,), if whitened `axes` (d, k)."""
    mean = features.mean(axis=0)
    if not whiten:
        return features - mean, {"centre": mean}
    parts = principal_components(features, min(features.shape), rng=rng)
    deviation = parts.singular_values / math.sqrt(len(features))
    axes = (parts.components / (deviation + WHITENING_RIDGE * deviation[0])[:, None]).T.astype(np.float32)
    return (features - mean) @ axes, {"centre": mean, "axes": axes}

"""Autoencoders: pictures through a narrow code and back, by convolutions that are trained (needs torch).

    encoder     a picture to `dim` numbers, its code; codes are the embeddings, less their mean
    decoder     a code back to a picture
    loss        the mean squared difference of the two, pixels from 0 to 1

What no code of so few numbers can hold must be guessed from what pictures are like, so that the decoder learns just
that. PCA is the best that can be had of it without bends (`--linear`, to see it: Baldi & Hornik 1989); with them a
code of the same length holds more. `--noise` and `--mask` spoil what the encoder sees, and so teach repair (Vincent
et al. 2008; Pathak et al. 2016). `--variational` (Kingma & Welling 2014) holds codes near N(0, I), so that chance
codes are pictures too; a plain autoencoder's codes lie anywhere, and a mixture of Gaussians fitted to them samples
them better (Ghosh et al. 2020): `sample`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.builders.base import ENDLESS, option, timed
from semsearch.builders.image_checks import check_differ, pictures_as_learned
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Report, State

SEEN = 600_000  # pictures that a training looks at by default, counting each as often as it is seen
LARGEST = 128  # pixels of a side


@dataclass(frozen=True)
class AutoencoderOptions:
    """What `build autoencoder` can be told."""

    dim: int = option(32, "numbers of a code")
    epochs: int | None = option(
        None, "times over all pictures; by default 600,000 of them, at least 10 times, at most 200"
    )
    seconds: float | None = option(None, "end after so many seconds instead")
    batch: int = option(128, "pictures of a step")
    rate: float = option(0.004, "how long the strides are at most (Adam's rate)")
    width: int = option(8, "channels at half the pictures' size, more where they are smaller")
    noise: float = option(0.0, "learn to remove noise of this standard deviation, pixels from 0 to 1, such as 0.3")
    mask: float = option(0.0, "learn to fill a square hole, its side this share of the picture's, such as 0.35")
    variational: bool = option(False, "hold the codes near N(0, I)")
    beta: float = option(1.0, "how strongly, with --variational")
    linear: bool = option(False, "without bends: finds what pca finds, slowly")
    side: int | None = option(None, "pixels of the longer side to learn at; by default theirs, at most 128")

    def __post_init__(self) -> None:
        least = {"dim": self.dim, "epochs": self.epochs, "batch": self.batch, "width": self.width}
        for name, value in least.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if self.seconds is not None and (self.seconds <= 0 or self.epochs is not None):
            raise ValueError(f"seconds is {self.seconds:g}: choose above 0, and no epochs beside it")
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate is {self.rate:g}: choose above 0, such as 0.004")
        if self.noise < 0 or self.beta < 0:
            raise ValueError("noise and beta are 0 or more")
        if not 0 <= self.mask < 1:
            raise ValueError(f"mask is {self.mask:g}: choose 0, for none, or more, below 1")
        if self.side is not None and not 8 <= self.side <= LARGEST:
            raise ValueError(f"side is {self.side}: choose 8 to {LARGEST} pixels")


class Autoencoder:
    """The builder `autoencoder`: codes of pictures that a decoder makes pictures of again (needs torch)."""

    name = "autoencoder"
    reads: Literal["images"] = "images"
    Options = AutoencoderOptions
    needs = ("torch",)

    def fit(
        self, corpus: Images, options: AutoencoderOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Codes (n, dim). BuildError for fewer than two pictures, and where all of them are the same."""
        from semsearch.nets import autoencoder as nets
        from semsearch.nets.device import threads_for
        from semsearch.nets.loop import TrainOptions, train

        if len(corpus) < 2:
            raise BuildError(f"There is but {len(corpus)} of the pictures: an autoencoder tells two or more apart")
        check_differ(corpus)
        height, across, channels = corpus.shape
        net = nets.Net(height, across, channels, options.dim, options.width, options.linear, options.variational)
        usual = max(10, min(200, math.ceil(SEEN / len(corpus))))
        epochs = ENDLESS if options.seconds is not None else options.epochs or usual
        seed = int(rng.integers(1 << 31))
        lessons = nets.Lessons(epochs, options.batch, options.rate, options.noise, options.mask, options.beta, seed)
        metrics: dict[str, float] = {"pictures": float(len(corpus))}
        task = nets.Autoencode(corpus.pixels, net, lessons, device)
        with timed(metrics, "training"), threads_for(options.batch, corpus.pixels[0].size):
            how = TrainOptions(seed=seed, clip=1.0, mixed=True, seconds=options.seconds)
            trained = train(task, how, device=device, report=report)
        metrics |= {"epochs": float(trained.epochs), "steps": float(trained.steps), **trained.metrics}
        codes = nets.encode(task.both, corpus.pixels, device)
        centre = codes.mean(axis=0)
        arrays = nets.state_of(task.both) | {"shape": np.array(corpus.shape, np.int64), "centre": centre}
        if options.mask:
            arrays["hole"] = np.array(nets.HOLE, np.uint8)
        made = nets.decode(task.both, codes, device).astype(np.float32)
        metrics["mse"] = float(((made - corpus.pixels) ** 2).mean() / 255**2)
        return Fitted([Embeddings("image", corpus.keys, codes - centre)], arrays, metrics)

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """The codes of other pictures, (n, dim). InputError for another shape than was learned."""
        from semsearch.nets import autoencoder as nets
        from semsearch.nets.device import encoding_device

        pixels = pictures_as_learned(self.name, state, corpus).pixels
        device = encoding_device(len(pixels))
        return nets.encode(_net(state, device), pixels, device) - state.arrays["centre"]

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """What the decoder makes of codes, (n, height, width, channels)."""
        from semsearch.nets import autoencoder as nets
        from semsearch.nets.device import encoding_device

        device = encoding_device(len(codes))
        return nets.decode(_net(state, device), np.asarray(codes, np.float32) + state.arrays["centre"], device)

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """Codes from N(0, I), which is what a variational autoencoder is taught; to a plain one it means little."""
        centre = state.arrays["centre"]
        return rng.standard_normal((n, len(centre))).astype(np.float32) - centre


def _net(state: State, device: Device) -> Any:
    """One for each device: who shows it a single picture meanwhile finds his where it was."""
    from semsearch.nets import autoencoder as nets

    return state.derived(f"net {device.name}", lambda: nets.net_of(state.arrays))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Autoencoder())

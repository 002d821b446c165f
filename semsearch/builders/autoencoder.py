"""Autoencoders: latent codes of images by a convolutional encoder and decoder (needs torch).

    z = encoder(x)      an image as `latent_dim` numbers; the embedding is the code minus the mean code
    x' = decoder(z)     the reconstruction
    loss                mean (x' - x)², pixels 0..1; with --variational plus kl_weight · KL(q(z|x) ‖ N(0, I)) per pixel

With linear layers (`--linear`) the optimum is PCA (Baldi & Hornik 1989). Non-linear layers have a lower error with a
code of the same length. `--noise` and `--mask` corrupt the encoder's input. They train denoising (Vincent et al. 2008)
and inpainting (Pathak et al. 2016). `--variational` is the VAE of Kingma & Welling 2014. Its codes are close to
N(0, I), so that random codes can be decoded to images. The codes of a plain autoencoder have no such prior. A Gaussian
mixture fitted to them gives better images (Ghosh et al. 2020), and is the default of `sample`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.builders.base import UNLIMITED_EPOCHS, timed
from semsearch.builders.image_checks import check_different, images_of_shape
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import InputError
from semsearch.hookspecs import hookimpl
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Report, State

IMAGES_SEEN = 600_000  # images in a training by default, each epoch counted
MIN_EPOCHS, MAX_EPOCHS = 10, 200  # by default
MAX_SIDE = 128  # pixels


@dataclass(frozen=True)
class AutoencoderOptions(BuilderOptions):
    """Options of `build autoencoder`."""

    latent_dim: int = option(32, "latent dimension: length of a code", least=1, also=("dim",))
    epochs: int | None = option(
        None,
        "epochs",
        least=1,
        default_text=f"as many as process {IMAGES_SEEN:,} images, {MIN_EPOCHS} to {MAX_EPOCHS}",
    )
    seconds: float | None = option(None, "training time, instead of --epochs", above=0, unit="seconds")
    batch_size: int = option(128, "images per step", least=1, was=("batch",))
    lr: float = option(0.004, "learning rate (Adam)", above=0, most=1, was=("rate",))
    width: int = option(8, "channels of the first convolution, at half the image size", least=1)
    noise: float = option(
        0.0, "standard deviation of noise added to the input (pixels 0..1), for denoising, such as 0.3", least=0
    )
    mask: float = option(
        0.0, "side of a masked square, as a share of the image's side, for inpainting, such as 0.35", least=0, below=1
    )
    variational: bool = option(False, "variational autoencoder (VAE): keep codes near N(0, I)")
    kl_weight: float = option(1.0, "with --variational: weight of the KL term", least=0, was=("beta",))
    linear: bool = option(False, "linear layers only; the optimum is PCA")
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
        if self.seconds is not None and self.epochs is not None:
            raise InputError("--seconds and --epochs are both given: choose one")


class Autoencoder:
    """Autoencoder: image codes and reconstruction (needs torch)."""

    name = "autoencoder"
    reads: Literal["images"] = "images"
    Options = AutoencoderOptions
    needs = ("torch",)

    def fit(
        self, corpus: Images, options: AutoencoderOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Codes (n, latent_dim). Raises BuildError for fewer than two images, and if all are identical."""
        from semsearch.nets import autoencoder as nets
        from semsearch.nets.device import threads_for
        from semsearch.nets.loop import TrainOptions, train

        check_different(corpus)
        height, width, channels = corpus.shape
        config = nets.AutoencoderConfig(
            height, width, channels, options.latent_dim, options.width, options.linear, options.variational
        )
        seed = int(rng.integers(1 << 31))
        plan = nets.AutoencoderPlan(
            epochs=_epochs(options, len(corpus)),
            batch_size=options.batch_size,
            lr=options.lr,
            noise=options.noise,
            mask=options.mask,
            kl_weight=options.kl_weight,
            seed=seed,
        )
        metrics: dict[str, float] = {"pictures": float(len(corpus)), "image_size": float(max(corpus.shape[:2]))}
        task = nets.AutoencoderTask(corpus.pixels, config, plan, device)
        with timed(metrics, "training"), threads_for(options.batch_size, corpus.pixels[0].size):
            rules = TrainOptions(seed=seed, clip=1.0, mixed=True, seconds=options.seconds)
            trained = train(task, rules, device=device, report=report)
        metrics |= {"epochs": float(trained.epochs), "steps": float(trained.steps), **trained.metrics}
        codes = nets.encode(task.model, corpus.pixels, device)
        mean = codes.mean(axis=0)
        arrays = nets.state_of(task.model) | {"shape": np.array(corpus.shape, np.int64), "centre": mean}
        if options.mask:
            arrays["hole"] = np.array(nets.MASK_VALUE, np.uint8)
        reconstructed = nets.decode(task.model, codes, device).astype(np.float32)
        metrics["mse"] = float(((reconstructed - corpus.pixels) ** 2).mean() / 255**2)
        return Fitted([Embeddings("image", corpus.keys, codes - mean)], arrays, metrics)

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """Codes of other images, (n, latent_dim). Raises InputError for another shape than the model's."""
        from semsearch.nets import autoencoder as nets
        from semsearch.nets.device import encoding_device

        pixels = images_of_shape(self.name, state, corpus).pixels
        device = encoding_device(len(pixels))
        return nets.encode(_model(state, device), pixels, device) - state.arrays["centre"]

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """Images decoded from codes, (n, height, width, channels)."""
        from semsearch.nets import autoencoder as nets
        from semsearch.nets.device import encoding_device

        device = encoding_device(len(codes))
        return nets.decode(_model(state, device), np.asarray(codes, np.float32) + state.arrays["centre"], device)

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """Codes from N(0, I), the prior of a variational autoencoder. A plain one has no prior."""
        mean = state.arrays["centre"]
        return rng.standard_normal((n, len(mean))).astype(np.float32) - mean


def _epochs(options: AutoencoderOptions, images: int) -> int:
    if options.seconds is not None:
        return UNLIMITED_EPOCHS
    return options.epochs or max(MIN_EPOCHS, min(MAX_EPOCHS, math.ceil(IMAGES_SEEN / images)))


def _model(state: State, device: Device) -> Any:
    """One network per device, so that concurrent callers never see it move."""
    from semsearch.nets import autoencoder as nets

    return state.derived(f"net {device.name}", lambda: nets.model_of(state.arrays))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Autoencoder())

"""Principal component analysis (PCA) of images (eigenfaces), or of numeric columns.

    centre      X - mean: the mean image is subtracted
    factorise   X - mean ≈ U S Vᵀ; the rows of Vᵀ are the components, which are images (eigenfaces)
    embed       z = (x - mean) V, the scores of an image on the components

A score can be understood in two ways. It is a scalar product, z_i = ⟨x - mean, v_i⟩, which measures how similar the
centred image is to component i. It is also a coordinate of a projection: mean + Σ z_i v_i is the best approximation of
the image by k components. Projecting it again changes nothing. PCA is the optimal linear autoencoder, with encoder V
and decoder Vᵀ. No other linear encoder and decoder with k numbers has a lower squared error (Eckart & Young 1936;
eigenfaces: Sirovich & Kirby 1987; Turk & Pentland 1991).

Without --dim the components explain 90 % of the variance, and are at most 60. More components did not improve the
classification of faces and digits (benchmarks/log.md). Two images are compared by the cosine of their scores. With
--columns the rows of a table are embedded by numeric columns. Each column is standardised to mean 0 and variance 1,
because units are not comparable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray, FloatArray
from semsearch.builders.base import timed
from semsearch.builders.image_checks import images_of_shape
from semsearch.builders.operators import centred_on
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import BuildError, InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.pca import Components, components_for_share, principal_components
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Kind, Report, State, Table

PIXEL_UNIT = 1 / 255  # bytes to pixels 0..1
MAX_DIM = 60  # components, by default


@dataclass(frozen=True)
class PcaOptions(BuilderOptions):
    """Options of `build pca`."""

    dim: int | None = option(
        None,
        "number of components",
        least=1,
        default_text=f"as many as explain --variance, at most {MAX_DIM}",
    )
    variance: float = option(0.9, "share of the variance to explain, if --dim is not given", above=0, most=1)
    image_size: int | None = option(
        None,
        "longer side of the images",
        least=1,
        most=1024,
        unit="pixels",
        default_text="the images' own size, at most 128",
        was=("side",),
    )
    columns: str | None = option(None, "numeric columns a,b,c of any table, instead of images")


class Pca:
    """PCA: principal components of images or numeric columns."""

    name = "pca"
    reads: Literal["images"] = "images"
    Options = PcaOptions
    faster_with = ("torch",)
    ordered = True  # the first k components of a code are the best k

    def reads_with(self, options: PcaOptions) -> Kind:
        """Images, or a table if columns are named."""
        return "table" if options.columns else "images"

    def fit(
        self,
        corpus: Images | Table,
        options: PcaOptions,
        *,
        rng: np.random.Generator,
        device: Device,
        report: Report,
    ) -> Fitted:
        """Loadings (n, k), k options.dim or the rank. Raises BuildError for one item, and if all are identical."""
        what = "images" if isinstance(corpus, Images) else "rows"
        if len(corpus) < 2:
            raise BuildError(f"At least 2 {what} are needed, found {len(corpus)}")
        if isinstance(corpus, Images):
            X: npt.NDArray[Any] = corpus.pixels.reshape(len(corpus), -1)
            unit, extra = PIXEL_UNIT, {"shape": np.array(corpus.shape, np.int64)}
        else:
            X, extra = _standardised(corpus.values)
            unit = 1.0
        metrics: dict[str, float] = {"items": float(len(corpus)), "inputs": float(X.shape[1])}
        if isinstance(corpus, Images):
            metrics["image_size"] = float(max(corpus.shape[:2]))
        with timed(metrics, "factoring"):
            parts = principal_components(
                X,
                options.dim or min(MAX_DIM, X.shape[1]),
                rng=rng,
                unit=unit,
                progress=lambda done, total: report(done, total),
                centred=centred_on(device),
            )
        if not len(parts.singular_values):
            raise BuildError(f"All {len(corpus):,} {what} are identical: there is nothing to learn")
        if options.dim is None:
            parts = parts.first(components_for_share(parts.captured(), options.variance))
        of: Literal["image", "row"] = "image" if isinstance(corpus, Images) else "row"
        return Fitted([Embeddings(of, corpus.keys, parts.loadings)], _arrays(parts) | extra, metrics | _facts(parts, X))

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """Loadings of other items, (n, k). Raises InputError for images of another shape than the model's."""
        arrays = state.arrays
        components = arrays["components"]
        if isinstance(corpus, Table):
            X = (corpus.values - arrays["columns_mean"]) * arrays["columns_scale"]
            return np.asarray((X.astype(np.float32) - arrays["mean"]) @ components.T)
        if not isinstance(corpus, Images) or "shape" not in arrays:
            raise InputError(
                "This pca collection embeds only what it was built from: give images, or rows with its columns"
            )
        pixels = images_of_shape(self.name, state, corpus).pixels
        X = pixels.reshape(len(corpus), -1).astype(np.float32) - arrays["mean"]
        return np.asarray(X @ components.T * np.float32(PIXEL_UNIT))

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """The images with these loadings, (n, height, width, channels)."""
        arrays = state.arrays
        if "shape" not in arrays:
            raise InputError(
                "This model is of columns, not of images, so its codes cannot be decoded: build pca on images"
            )
        pixels = codes @ arrays["components"] * np.float32(1 / PIXEL_UNIT) + arrays["mean"]
        return np.rint(np.clip(pixels, 0, 255)).astype(np.uint8).reshape(len(codes), *arrays["shape"].tolist())

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """Independent normal loadings with the standard deviations of the images': the Gaussian that PCA implies."""
        deviation = state.arrays["deviation"]
        return (rng.standard_normal((n, len(deviation))) * deviation).astype(np.float32)


def _standardised(values: npt.NDArray[np.float64]) -> tuple[FloatArray, dict[str, npt.NDArray[Any]]]:
    """Columns at mean 0 and variance 1, (n, d) float32, and the arrays for others; a constant column becomes 0."""
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    scale = np.where(deviation > 1e-12 * (np.abs(mean) + 1e-300), 1 / np.where(deviation > 0, deviation, 1), 0.0)
    return ((values - mean) * scale).astype(np.float32), {"columns_mean": mean, "columns_scale": scale}


def _arrays(parts: Components) -> dict[str, npt.NDArray[Any]]:
    return {
        "mean": parts.mean,
        "components": parts.components,
        "singular_values": parts.singular_values,
        "captured": parts.captured(),
        "deviation": (parts.singular_values / np.sqrt(len(parts.loadings))).astype(np.float32),
    }


def _facts(parts: Components, X: npt.NDArray[Any]) -> dict[str, float]:
    """The explained variance, and the mean squared error of reconstruction."""
    lost = max(0.0, parts.energy - float((parts.singular_values**2).sum()))
    return {
        "components": float(len(parts.singular_values)),
        "captured_variance": float(parts.captured()[-1]),
        "mse": lost / X.size,
    }


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Pca())

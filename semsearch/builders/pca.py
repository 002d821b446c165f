"""Principal components: eigenfaces, the optimal linear autoencoder, and the same for any numeric columns.

    centre      the mean picture is taken off every picture
    factor      X − mean ≈ U S Vᵀ; the rows of Vᵀ are the components, pictures themselves (eigenfaces)
    embed       z = (x − mean) V, the loadings: how much of each component a picture holds

A loading reads in two ways. z_i = ⟨x − mean, v_i⟩ is a scalar product: how alike a picture and a component are. And
mean + Σ z_i v_i is the nearest picture that the components can make: a projection, so that doing it twice changes
nothing, and scalar products between pictures are kept up to what was discarded. No other k numbers a picture and no
other linear way back lose less (Eckart & Young 1936; Sirovich & Kirby 1987; Turk & Pentland 1991).

Without --dim the fewest components are kept that hold 90 % of the variance, at most 60: on faces and digits more of
them tell pictures apart no better (benchmarks/README.md). Pictures are compared by the angle between their loadings.
With --columns the rows of any table are embedded by some of its columns of numbers, each brought to mean 0 and
variance 1, since their units do not compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray, FloatArray
from semsearch.builders.base import option, timed
from semsearch.builders.image_checks import pictures_as_learned
from semsearch.builders.operators import centred_on
from semsearch.errors import BuildError, InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.pca import Components, components_for_share, principal_components
from semsearch.records import Corpus, Device, Embeddings, Fitted, Images, Kind, Report, State, Table

UNIT = 1 / 255  # pixels count from 0 to 1
MOST = 60


@dataclass(frozen=True)
class PcaOptions:
    """What `build pca` can be told."""

    dim: int | None = option(None, "components; by default those that hold --variance, at most 60")
    variance: float = option(0.9, "share of the variance that the default number of components holds")
    side: int | None = option(None, "pixels of the longer side to learn at; by default theirs, at most 128")
    columns: str | None = option(None, "numeric columns a,b,c of any table, instead of pictures")

    def __post_init__(self) -> None:
        if self.dim is not None and self.dim < 1:
            raise ValueError(f"dim is {self.dim}: at least 1 is needed")
        if not 0 < self.variance <= 1:
            raise ValueError(f"variance is {self.variance:g}: choose above 0, up to 1")
        if self.side is not None and not 1 <= self.side <= 1024:
            raise ValueError(f"side is {self.side}: choose 1 to 1,024 pixels")


class Pca:
    """The builder `pca`: principal components of pictures (eigenfaces), or of a table's numeric columns."""

    name = "pca"
    reads: Literal["images"] = "images"
    Options = PcaOptions
    faster_with = ("torch",)
    ordered = True  # the first k numbers of a code are the best k

    def reads_with(self, options: PcaOptions) -> Kind:
        """Pictures, or a table's columns where some are named."""
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
        """Loadings (n, k), k the options' dim or what the rank allows. BuildError where all items are the same."""
        what = "pictures" if isinstance(corpus, Images) else "rows"
        if len(corpus) < 2:
            raise BuildError(f"There is but {len(corpus)} of the {what}: components tell two or more apart")
        if isinstance(corpus, Images):
            X: npt.NDArray[Any] = corpus.pixels.reshape(len(corpus), -1)
            unit, extra = UNIT, {"shape": np.array(corpus.shape, np.int64)}
        else:
            X, extra = _standardised(corpus.values)
            unit = 1.0
        metrics: dict[str, float] = {"items": float(len(corpus)), "inputs": float(X.shape[1])}
        with timed(metrics, "factoring"):
            asked = options.dim or min(MOST, X.shape[1])
            found = principal_components(
                X, asked, rng=rng, unit=unit, progress=lambda at, of: report(at, of), centred=centred_on(device)
            )
        if not len(found.singular_values):
            raise BuildError(f"All {len(corpus):,} {what} are the same: there is nothing to tell them apart by")
        if options.dim is None:
            found = found.first(components_for_share(found.captured(), options.variance))
        of: Literal["image", "row"] = "image" if isinstance(corpus, Images) else "row"
        return Fitted([Embeddings(of, corpus.keys, found.loadings)], _arrays(found) | extra, metrics | _facts(found, X))

    def encode(self, state: State, corpus: Corpus) -> FloatArray:
        """The loadings of other items, (n, k). InputError for pictures of another shape than was learned."""
        arrays = state.arrays
        components = arrays["components"]
        if isinstance(corpus, Table):
            X = (corpus.values - arrays["columns_mean"]) * arrays["columns_scale"]
            return np.asarray((X.astype(np.float32) - arrays["mean"]) @ components.T)
        if not isinstance(corpus, Images) or "shape" not in arrays:
            raise InputError("pca embeds what it was built of: pictures, or rows with its columns")
        pixels = pictures_as_learned(self.name, state, corpus).pixels
        X = pixels.reshape(len(corpus), -1).astype(np.float32) - arrays["mean"]
        return np.asarray(X @ components.T * np.float32(UNIT))

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """The nearest pictures that the components can make, (n, height, width, channels)."""
        arrays = state.arrays
        if "shape" not in arrays:
            raise InputError("These components are of columns, not of pictures: there is nothing to draw")
        pixels = codes @ arrays["components"] * np.float32(1 / UNIT) + arrays["mean"]
        return np.rint(np.clip(pixels, 0, 255)).astype(np.uint8).reshape(len(codes), *arrays["shape"].tolist())

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """Each loading drawn on its own, as widely spread as those of the pictures: the Gaussian that PCA implies."""
        deviation = state.arrays["deviation"]
        return (rng.standard_normal((n, len(deviation))) * deviation).astype(np.float32)


def _standardised(values: npt.NDArray[np.float64]) -> tuple[FloatArray, dict[str, npt.NDArray[Any]]]:
    """Columns at mean 0 and variance 1, (n, d) float32, and what brings others there; a constant column becomes 0."""
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    scale = np.where(deviation > 1e-12 * (np.abs(mean) + 1e-300), 1 / np.where(deviation > 0, deviation, 1), 0.0)
    return ((values - mean) * scale).astype(np.float32), {"columns_mean": mean, "columns_scale": scale}


def _arrays(found: Components) -> dict[str, npt.NDArray[Any]]:
    return {
        "mean": found.mean,
        "components": found.components,
        "singular_values": found.singular_values,
        "captured": found.captured(),
        "deviation": (found.singular_values / np.sqrt(len(found.loadings))).astype(np.float32),
    }


def _facts(found: Components, X: npt.NDArray[Any]) -> dict[str, float]:
    """Captured variance, and the mean squared error of the way through the code and back."""
    left = max(0.0, found.energy - float((found.singular_values**2).sum()))
    return {
        "components": float(len(found.singular_values)),
        "captured_variance": float(found.captured()[-1]),
        "mse": left / X.size,
    }


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Pca())

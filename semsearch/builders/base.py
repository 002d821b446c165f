"""What a builder is: the protocols that the rest of semsearch asks for.

Capabilities are found by protocol: a builder that has `encode` can embed items it has not seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from semsearch.arguments import check_types
from semsearch.arrays import ByteArray, FloatArray, IntArray
from semsearch.builders.options import check_values, current_names
from semsearch.builders.options import option as option  # plugins import it from here
from semsearch.errors import InputError
from semsearch.metrics import Metric
from semsearch.records import Corpus, Device, Fitted, Images, Kind, Quiz, Report, State

Doubles: TypeAlias = npt.NDArray[np.float64]  # where many small parts are summed
UNLIMITED_EPOCHS = 10_000  # of a training that ends by its time budget
ZERO_NORM = 1e-12  # a vector of this norm or less is zero: the item gets no vector


@contextmanager
def timed(metrics: dict[str, float], stage: str) -> Iterator[None]:
    """Adds the seconds of a stage of fit to `metrics`, as `seconds_STAGE`."""
    start = perf_counter()
    yield
    name = f"seconds_{stage}"
    metrics[name] = round(metrics.get(name, 0.0) + perf_counter() - start, 3)


@runtime_checkable
class Builder(Protocol):
    """A registered algorithm that learns embeddings. It keeps no state between calls and never seeds a global rng.

    The first line of its docstring is its help: at most 60 characters.
    """

    name: str
    reads: Kind
    Options: type

    def fit(
        self, corpus: Corpus, options: Any, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted: ...


@runtime_checkable
class ReadsByOptions(Protocol):
    """A builder that reads several kinds of corpus: its options decide which."""

    def reads_with(self, options: Any) -> Kind: ...


def reads_of(builder: Builder, options: Any) -> Kind:
    """The kind of corpus that a builder reads with these options."""
    return builder.reads_with(options) if isinstance(builder, ReadsByOptions) else builder.reads


@runtime_checkable
class LimitsDefault(Protocol):
    """A builder that is the default only for datasets of at most `most_items` items."""

    most_items: int


@runtime_checkable
class Encodes(Protocol):
    """A builder that can embed items not seen by fit.

    `encode` returns (n_items, dim) float32, with zero rows for items that have nothing known in them; or None if that
    holds for all of them and the dimension is not known either.
    """

    def encode(self, state: State, corpus: Corpus) -> FloatArray | None: ...


@runtime_checkable
class EmbedsQueriesOnly(Protocol):
    """A builder whose `encode` embeds queries, and not the items of its collections, if `queries_only`.

    Builders of word vectors are of this kind: a text is a query to them, their items are words.
    """

    queries_only: bool


def embeds_items(builder: object) -> bool:
    """Whether a builder can embed new items of its collections, so that `semsearch update` serves them."""
    return isinstance(builder, Encodes) and not (isinstance(builder, EmbedsQueriesOnly) and builder.queries_only)


@runtime_checkable
class Decodes(Protocol):
    """A builder that turns codes back into images: reconstruction, samples, interpolation.

    Its codes are what `encode` returns and its embeddings, unless it also Imagines. A builder of images keeps `shape`
    (3,) in its arrays: height, width and channels. One that was trained on masked images keeps `hole` (): the pixel
    value inside masked regions, 0..255.
    """

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """(n, dim) float32 codes drawn from the model's prior."""

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """(n, height, width, channels) uint8 images of codes (n, dim)."""


@runtime_checkable
class OrdersCodes(Protocol):
    """A builder whose codes are ordered by importance, if `ordered`: the first k numbers are the best k, as in PCA."""

    ordered: bool


@runtime_checkable
class Quizzes(Protocol):
    """A builder that learned by a self-supervised task, and can show the task on given images.

    `question` is the task as a question in words. `mean` names the mean that predictions are compared with, where they
    have an error and are not right or wrong. Fit reports, for images held out, the metrics `held_out_accuracy` and
    `chance` (the accuracy of guessing), or `held_out_error` and `held_out_mean` (mean squared errors of the model and
    of that mean).
    """

    question: str
    mean: str

    def quiz(self, state: State, corpus: Images, *, seed: int) -> Sequence[Quiz]:
        """The task on each image, in their order; reproducible by the seed."""


@dataclass(frozen=True)
class Gap:
    """What a model puts into a gap of a text: words with their probabilities, likeliest first."""

    words: tuple[tuple[str, float], ...]


@runtime_checkable
class Fills(Protocol):
    """A builder that learned to fill gaps in texts."""

    def fill(self, state: State, text: str, k: int) -> list[Gap]:
        """The k likeliest words for each `___` of a text, in their order. Raises InputError for a text without one."""

    def knows(self, state: State, word: str) -> bool:
        """Whether a piece of text is exactly one word of the vocabulary, so that it can be asked for."""


@runtime_checkable
class Imagines(Decodes, Protocol):
    """A builder with codes of its own, as a GAN has: they are drawn from the prior, and no image has one.

    What it encodes images as, if it does, is something else.
    """

    def walk(self, state: State, one: FloatArray, other: FloatArray, steps: int) -> FloatArray:
        """(steps, dim) float32 codes interpolated from one code (dim,) to another, both included."""


@runtime_checkable
class Conditions(Protocol):
    """A builder that may have learned classes, and can then decode a code as an image of a given class."""

    def classes(self, state: State) -> Sequence[str]:
        """The names of the classes; empty if none were learned."""

    def of_class(self, state: State, codes: FloatArray, name: str) -> FloatArray:
        """The same (n, dim) codes, of this class."""


@runtime_checkable
class Drifts(Protocol):
    """A builder that can measure how far texts are from what it learned, given what `encode` returned for them.

    Returns `unknown`, the mean share of a text's terms that the model does not know, and `residual`, the mean share of
    the known part that its vector leaves out; each 0..1. Fit reports the values expected for texts of the same kind as
    the metrics `expected_unknown` and `expected_residual`. `semsearch update` compares the two (staleness.why_rebuild).
    """

    def drift(self, state: State, corpus: Corpus, vectors: FloatArray) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class CosineParts:
    """The cosine of a query and a document, as two sums: over pairs of words, and over dimensions.

    query_words     (m,) the distinct known terms of the query, as first written there
    document_words  (n,) those of the document
    same            (n,) the position in `query_words` of the same term, or -1
    pairs           (m, n) float64, the contribution of each query word with each document word
    directions      (n, k) float64, the contribution of each document word along each dimension
    """

    query_words: Sequence[str]
    document_words: Sequence[str]
    same: IntArray
    pairs: Doubles
    directions: Doubles


@runtime_checkable
class Explains(Protocol):
    """A builder that can take apart the cosine of a query and of each document, one at a time and in their order."""

    def explain(self, state: State, query: str, corpus: Corpus) -> Iterator[CosineParts]: ...


@runtime_checkable
class Needs(Protocol):
    """A builder that needs optional packages, each also the name of an extra of semsearch.

    One that needs torch runs on the device it is given; it imports torch, and semsearch.nets, inside its methods alone.
    """

    needs: tuple[str, ...]


@runtime_checkable
class NeedsByOptions(Protocol):
    """A builder whose options decide which optional packages it needs."""

    def needs_with(self, options: Any) -> tuple[str, ...]: ...


def needs_of(builder: Builder, options: Any) -> tuple[str, ...]:
    """The optional packages that a builder needs with these options."""
    if isinstance(builder, NeedsByOptions):
        return builder.needs_with(options)
    return builder.needs if isinstance(builder, Needs) else ()


def trains(builder: Builder) -> bool:
    """Whether a builder trains a network, with some options at least, so that its training can be resumed."""
    return isinstance(builder, Needs | NeedsByOptions)


@runtime_checkable
class Accelerates(Protocol):
    """A builder that computes on the CPU, or on a GPU if asked to and if these packages are installed.

    Its fit uses the device it is given, and imports these, and semsearch.nets, only for a device other than the CPU.
    """

    faster_with: tuple[str, ...]


@dataclass(frozen=True)
class MemoryNeed:
    """The most memory that a fit takes, in bytes, and what helps if that is too much: "use a lower --window"."""

    bytes: int
    advice: str


@runtime_checkable
class EstimatesMemory(Protocol):
    """A builder that can say how much memory a fit takes, from the size of the corpus and the options alone."""

    def memory_need(self, corpus: Any, options: Any) -> MemoryNeed: ...


@runtime_checkable
class DeclaresMetrics(Protocol):
    """A builder that declares the metrics of its runs that semsearch does not know, by key."""

    metrics: Mapping[str, Metric]


def chooses_device(builder: Builder) -> bool:
    """Whether a builder can compute on a GPU."""
    return trains(builder) or isinstance(builder, Accelerates)


def make_options(builder: Builder, given: Mapping[str, Any]) -> Any:
    """The builder's options from what was given, by present or former names; defaults elsewhere.

    Raises InputError for an unknown name and for a value that the option does not allow.
    """
    values, known = current_names(builder.Options, given), {field.name for field in dataclasses.fields(builder.Options)}
    for name in values:
        if name not in known:
            names = ", ".join(field.name for field in dataclasses.fields(builder.Options))
            raise InputError(f"{builder.name} has no option {name!r}: it has {names}")
    try:
        options = builder.Options(**values)
        check_values(options)  # of a plugin whose Options are no BuilderOptions
    except ValueError as error:  # of a plugin's own checks
        raise InputError(f"{builder.name}: {error}") from error
    except (TypeError, AttributeError) as error:  # of a value that cannot be compared with a bound
        check_types(builder.Options, values)
        raise InputError(f"{builder.name}: {error}") from error
    check_types(builder.Options, values)
    return options

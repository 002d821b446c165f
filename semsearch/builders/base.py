"""What a builder is, and how its options are declared.

Capabilities are found by protocol: a builder that has `encode` can embed items it has not seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray, FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.records import Corpus, Device, Fitted, Images, Kind, Of, Quiz, Report, State

Doubles: TypeAlias = npt.NDArray[np.float64]  # sums of many small parts are told in full
ENDLESS = 10_000  # epochs of a training that a budget of seconds ends
NO_LENGTH = 1e-12  # a vector as short as this says nothing: such an item gets none


@contextmanager
def timed(metrics: dict[str, float], stage: str) -> Iterator[None]:
    """Notes the seconds of a stage of fit as `seconds_STAGE`."""
    start = perf_counter()
    yield
    metrics[f"seconds_{stage}"] = round(perf_counter() - start, 3)


@runtime_checkable
class Builder(Protocol):
    """A registered algorithm that learns embeddings. It keeps nothing between calls and never reseeds a global rng."""

    name: str
    reads: Kind
    Options: type

    def fit(
        self, corpus: Corpus, options: Any, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted: ...


def reads_of(builder: Builder, options: Any) -> Kind:
    """What a builder reads with these options: one that reads several kinds of corpus says which by `reads_with`."""
    chosen: Callable[[Any], Kind] | None = getattr(builder, "reads_with", None)
    return builder.reads if chosen is None else chosen(options)


@runtime_checkable
class Encodes(Protocol):
    """A builder that can embed items not seen by fit: (n_items, dim) float32, a zero row where nothing is known."""

    def encode(self, state: State, corpus: Corpus) -> FloatArray: ...


@runtime_checkable
class Decodes(Protocol):
    """A builder that turns codes back into pictures: reconstruction, samples, walks between two codes.

    Its codes are what `encode` gives and what its embeddings are, unless it also Imagines.
    Builders that read pictures keep `shape` (3,) in their arrays, height, width and channels: `encode` is given that.
    One that was taught to fill holes keeps `hole` (), what pixels there were to it, 0..255.
    """

    def sample_codes(self, state: State, n: int, *, rng: np.random.Generator) -> FloatArray:
        """(n, dim) float32 codes as its own idea of chance gives them."""

    def decode(self, state: State, codes: FloatArray) -> ByteArray:
        """(n, height, width, channels) uint8 from (n, dim)."""


@runtime_checkable
class Quizzes(Protocol):
    """A builder that learned by questions about pictures whose answers cost nothing, and can be seen answering some.

    `question` is what it is asked, as people would, and `mean`, where answers are more or less right, which mean they
    are compared with. Its fit reports as metrics, of pictures it held back, either
    `held_out_accuracy`, and `chance` for what guessing reaches, or the mean squared `held_out_error`, and
    `held_out_mean` for that of saying some mean.
    """

    question: str
    mean: str

    def quiz(self, state: State, corpus: Images, *, seed: int) -> Sequence[Quiz]:
        """A question about each picture, in their order, and its answer; the same seed asks the same."""


@runtime_checkable
class Imagines(Decodes, Protocol):
    """A builder that makes pictures of codes of its own, as a GAN does: they are drawn, and no picture leads to one.

    What it encodes pictures as, if it does, is something else.
    """

    def walk(self, state: State, one: FloatArray, other: FloatArray, steps: int) -> FloatArray:
        """(steps, dim) float32 codes on the way from one (dim,) to another, both included."""


@runtime_checkable
class Conditions(Protocol):
    """A builder that can be told of which class what it decodes is to be, if it learned classes."""

    def classes(self, state: State) -> Sequence[str]:
        """Their names; none where it learned none."""

    def of_class(self, state: State, codes: FloatArray, name: str) -> FloatArray:
        """The same (n, dim) codes, of this class."""


@runtime_checkable
class Drifts(Protocol):
    """A builder that can say how strange texts are to what it learned, from them and from what `encode` gave for them.

    Returns `unknown`, the mean share of a text that the model has no terms for, and `residual`, the mean share of the
    rest that its vector leaves out; each 0..1. Its fit reports what texts of the same kind would show, as the metrics
    `expected_unknown` and `expected_residual`: `semsearch update` compares the two (staleness.why_rebuild).
    """

    def drift(self, state: State, corpus: Corpus, vectors: FloatArray) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class CosineParts:
    """How a query and one document meet: their cosine, taken apart in two ways, each of which adds up to it.

    `query_words` (m,) and `document_words` (n,) are the distinct known terms of either, as that text first writes them;
    `same` (n,) is the row in `query_words` of the very same term, or -1. `pairs` (m, n) float64 is what each query word
    and document word give together, `directions` (n, k) float64 what each document word gives along each component.
    """

    query_words: Sequence[str]
    document_words: Sequence[str]
    same: IntArray
    pairs: Doubles
    directions: Doubles


@runtime_checkable
class Explains(Protocol):
    """A builder that can say how a query meets each of some documents, one at a time and in their order."""

    def explain(self, state: State, query: str, corpus: Corpus) -> Iterator[CosineParts]: ...


def needs_of(builder: Builder, options: Any) -> tuple[str, ...]:
    """The packages (`Needs`) that a builder needs with these options: one whose options decide says by `needs_with`."""
    chosen: Callable[[Any], tuple[str, ...]] | None = getattr(builder, "needs_with", None)
    if chosen is not None:
        return chosen(options)
    return builder.needs if isinstance(builder, Needs) else ()


@runtime_checkable
class Needs(Protocol):
    """A builder that needs packages which do not come by default, each the name of an extra of semsearch's too.

    One that needs torch runs on the device it is given; it imports torch, and semsearch.nets, inside its methods alone.
    """

    needs: tuple[str, ...]


@runtime_checkable
class Accelerates(Protocol):
    """A builder that computes on the CPU, and on a GPU where it is asked to and these packages are installed.

    Its fit heeds the device it is given, and imports them, and semsearch.nets, only where that is not the CPU.
    """

    faster_with: tuple[str, ...]


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    of: Of | None = None,
    needed: bool = False,
    free: bool = False,
) -> Any:
    """A field of an Options dataclass: its default, one line of help, and the allowed words if it is a choice.

    With `of` its value is the name of a collection of such things: what that holds comes to fit as
    `corpus.inputs[field]`. Where it is `needed`, a build without it ends with a line that says what there is to name.
    A training may be gone on with at another value where it is `free`.
    """
    metadata = {"help": help, "choices": choices, "of": of, "needed": needed, "free": free}
    return dataclasses.field(default=default, metadata=metadata)


def make_options(builder: Builder, given: Mapping[str, Any]) -> Any:
    """The builder's frozen options from what was given, defaults elsewhere; InputError for an unknown name or word."""
    known = {field.name: field for field in dataclasses.fields(builder.Options)}
    for name, value in given.items():
        if name not in known:
            raise InputError(f"{builder.name} has no option {name!r}: it has {', '.join(known)}")
        choices = known[name].metadata.get("choices", ())
        if choices and value not in choices:
            raise InputError(f"{name} is {value!r}: choose one of {', '.join(choices)}")
    try:
        return builder.Options(**given)
    except ValueError as error:
        raise InputError(f"{builder.name}: {error}") from error

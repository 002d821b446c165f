"""Plain frozen records that cross layers. They hold data and say its shape; they compute almost nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray, FloatArray, IntArray

Kind: TypeAlias = Literal["documents", "graph", "images", "table", "similarities", "words"]
Of: TypeAlias = Literal["document", "word", "node", "image", "row"]
KeyType: TypeAlias = Literal["integer", "text"]  # what SQL compares an item's key with
ROWS: frozenset[Of] = frozenset(("document", "node", "image", "row"))  # what is embedded by the key of a dataset's row
MOST_SEED = 2**63 - 1  # what SQLite's integers hold
Made = TypeVar("Made")


@dataclass(frozen=True)
class Documents:
    """A corpus of texts: `keys` (n,) unique, `texts` (n,) title and body joined, in the same order.

    `inputs` are the embeddings of other collections that a builder's options name, by the name of the option.
    """

    keys: Sequence[str]
    texts: Sequence[str]
    inputs: Mapping[str, Embeddings] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Similarities:
    """A corpus of pairs: `keys` (n,) unique, the items; `first` and `second` (m,) places there, `values` (m,) float64.

    `known` says whether the keys are those of a dataset's rows; else they are values of their own.
    """

    keys: Sequence[str]
    first: IntArray
    second: IntArray
    values: npt.NDArray[np.float64]
    known: bool = True

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Graph:
    """A corpus of nodes and edges: `keys` (n,) unique, `source` and `target` (m,) places there, `weight` (m,) float64.

    Weights are 0 or more. An edge may stand several times and lead from a node to itself; undirected ones stand once.
    """

    keys: Sequence[str]
    source: IntArray
    target: IntArray
    weight: npt.NDArray[np.float64]
    directed: bool = False

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Images:
    """A corpus of pictures of one size: `keys` (n,) unique, `pixels` (n, height, width, channels) uint8, 1 channel for
    grey or 3 for RGB; `labels` (n,) text, each None where there is none, or None where no picture has one."""

    keys: Sequence[str]
    pixels: ByteArray
    labels: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each picture."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels


@dataclass(frozen=True)
class Table:
    """A corpus of numeric columns: `keys` (n,) unique, `columns` their names, `values` (n, columns) float64, finite."""

    keys: Sequence[str]
    columns: Sequence[str]
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.keys)


Corpus: TypeAlias = Documents | Similarities | Graph | Images | Table


@dataclass(frozen=True)
class Embeddings:
    """The vectors one fit gave to one kind of thing.

    `keys` (n,) unique text; `vectors` (n, dim) float32, finite, at the length the method gives them; `columns` holds
    facts about each item, (n,) each, which become columns of a word collection's vocabulary table. `contexts` are rows
    of counts, packed (maths.contexts), each kept to be read by itself, numbered as the fit's arrays number things.
    """

    of: Of
    keys: Sequence[str]
    vectors: FloatArray
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    contexts: Sequence[bytes] = ()

    def take(self, keys: Sequence[str]) -> FloatArray:
        """The vectors of these keys, (len(keys), dim) float32; KeyError if one is missing."""
        where = {key: row for row, key in enumerate(self.keys)}
        return self.vectors[[where[key] for key in keys]]

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of these keys that have a vector."""
        return set(keys).intersection(self.keys)


class Rows(Protocol):
    """Embeddings that can be asked for some rows by key: in memory (Embeddings) or stored (storage.vectors)."""

    def take(self, keys: Sequence[str]) -> FloatArray: ...

    def known(self, keys: Sequence[str]) -> set[str]: ...


@dataclass(frozen=True)
class State:
    """All that `encode` and `decode` need: arrays by name, and the embeddings of the same run by what they are of.

    An array that equals a collection of the run is not kept a second time: ask `embeddings["word"].take(keys)`, and for
    the collections that fit was given, `inputs[option].take(keys)`: they are still the very ones (storage.inputs).
    `derived` keeps what is costly to make from the arrays (a dictionary of terms) for as long as the arrays live.
    """

    arrays: Mapping[str, npt.NDArray[Any]]
    embeddings: Mapping[Of, Rows] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Rows] = field(default_factory=dict)

    def derived(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` returns, made once per state."""
        if name not in self.cache:
            self.cache[name] = make()
        made: Made = self.cache[name]
        return made


@dataclass(frozen=True)
class Fitted:
    """What a builder learned: embeddings of one or more kinds, the arrays `encode` needs, and numbers about the fit."""

    embeddings: Sequence[Embeddings]
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)

    def state(self, inputs: Mapping[str, Rows] = {}) -> State:
        """The state as it is in memory right after fit; `inputs` are those that fit was given."""
        return State(self.arrays, {found.of: found for found in self.embeddings}, inputs=inputs)


class Report(Protocol):
    """How a builder speaks while it works: how far it is, and numbers worth a curve."""

    def __call__(self, step: int, total: int, **metrics: float) -> None: ...


def silent(step: int, total: int, **metrics: float) -> None:
    """A Report that says nothing."""


@dataclass(frozen=True)
class Device:
    """Where arrays are computed, and why that was chosen."""

    name: Literal["cpu", "cuda"] = "cpu"
    reason: str = "the default"


@dataclass(frozen=True)
class Item:
    """One thing read from a source: its key (None lets the loader number it) and its columns."""

    key: str | int | None
    columns: Mapping[str, Any]
    place: str = ""  # where it stands in the source, for messages: "line 7 of a.csv"


@dataclass(frozen=True)
class Edges:
    """Where the edges of a dataset's rows stand: a table, its two columns of keys, and one of weights if there is one.

    With `through` the target is no row: two rows are joined by each value of it that they share.
    """

    table: str
    source: str
    target: str
    weight: str | None = None
    directed: bool = False
    through: bool = False


@dataclass(frozen=True)
class Dataset:
    """A table of items with its row in the catalogue; `image_column` has the pictures of a table of a user's own."""

    id: int
    name: str
    kind: Kind
    key_kind: Literal["integer", "text", "compound", "row"]
    key_columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    title_column: str | None
    label_column: str | None
    made_by: Literal["ingest", "table", "vectors"]  # vectors: the words of an import, which go when it is dropped
    source: str | None
    created: str
    revision: int = 0
    edges: Edges | None = None
    image_column: str | None = None

    @property
    def key_type(self) -> KeyType:
        """The type of a row's key; compound keys and those of rows without one are text."""
        return "integer" if self.key_kind == "integer" else "text"


@dataclass(frozen=True)
class Collection:
    """Named embeddings of one run, in one vector table.

    `revision` is that of the dataset whose items it holds, `built` the one its model was fitted to. `key_type` is that
    of the vector table, which keeps it when the dataset's own key changes.
    """

    id: int
    name: str
    dataset: str
    builder: str
    run: int
    of: Of
    vector_table: int
    dim: int
    count: int
    created: str
    revision: int = 0
    built: int = 0
    key_type: KeyType = "text"

    def typed(self, key: str) -> str | int:
        """An item's key in the type that SQL and JSON give it."""
        return int(key) if self.key_type == "integer" else key

    @property
    def vocabulary(self) -> str:
        """The table of the words of a word collection."""
        return f"{self.name}_vocabulary"


@dataclass(frozen=True)
class OpenCollection:
    """A collection and the dataset whose rows its items are: looked up by name once, then handed down."""

    collection: Collection
    dataset: Dataset

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.name

    @property
    def of(self) -> Of:
        """The kind of its items."""
        return self.collection.of

    @property
    def has_text(self) -> bool:
        """Whether its items are texts that words can be found in."""
        return self.collection.of == "document"


@dataclass(frozen=True)
class Run:
    """One execution of a builder's fit."""

    id: int
    dataset: str
    builder: str
    options: Mapping[str, Any]
    seed: int
    device: str
    started: str
    seconds: float
    metrics: Mapping[str, float]
    versions: Mapping[str, str]
    collections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Update:
    """What one update brought to the collections of a run: when, rows by what became of them, and what it measured."""

    started: str
    seconds: float
    added: int
    changed: int
    deleted: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Hit:
    """One result. `score` is what the list is ranked by, larger is better; `vector_score` is the cosine."""

    id: str | int
    score: float
    vector_score: float | None = None
    vector_rank: int | None = None
    text_score: float | None = None
    text_rank: int | None = None
    distance: float | None = None
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Quiz:
    """A self-supervised task on one image.

    input, output, target  the network's input, prediction and target, as images (height, width, channels) uint8
    predicted, actual      the predicted and the true class in words, for tasks with classes
    correct                whether they are the same; None for tasks without classes
    error, baseline_error  for these the mean squared error of the prediction, and of a mean, which needs no learning
    """

    input: ByteArray
    output: ByteArray
    target: ByteArray
    predicted: str = ""
    actual: str = ""
    correct: bool | None = None
    error: float | None = None
    baseline_error: float | None = None

    @property
    def good(self) -> bool:
        """Whether the prediction is correct, or has a lower error than the baseline."""
        return bool(self.correct) if self.error is None else self.error < (self.baseline_error or 0.0)


@dataclass(frozen=True)
class Checkpoint:
    """A training in the middle: `facts` of plain values (JSON), and `arrays` by name."""

    facts: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]


@runtime_checkable
class Journal(Report, Protocol):
    """A Report that also takes pictures (height, width, channels) of a training as it goes on, and keeps where it is.

    `kept` is the checkpoint of an earlier training that is to be gone on with, None where there is none; `keep` says
    whether it could.
    """

    def pictures(self, step: int, pixels: ByteArray) -> None: ...

    def keep(self, checkpoint: Checkpoint) -> bool: ...

    def kept(self) -> Checkpoint | None: ...

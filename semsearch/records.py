"""Frozen records that cross layers. In shapes, n is the number of items and dim the length of a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray, FloatArray, IntArray

Kind: TypeAlias = Literal["documents", "graph", "images", "table", "similarities", "words"]
Of: TypeAlias = Literal["document", "word", "node", "image", "row"]
KeyType: TypeAlias = Literal["integer", "text"]  # the SQL type of an item's key
ROWS: frozenset[Of] = frozenset(("document", "node", "image", "row"))  # items whose keys are keys of the dataset's rows
MOST_SEED = 2**63 - 1  # the largest seed: the largest integer of SQLite
Derived = TypeVar("Derived")


@dataclass(frozen=True)
class Documents:
    """A corpus of texts: `keys` (n,) unique; `texts` (n,) title and body joined; `inputs` by the name of an option. For
    a builder of pairs also `titles` (n,), or `related` (m, 2) rows that belong together."""

    keys: Sequence[str]
    texts: Sequence[str]
    inputs: Mapping[str, Embeddings] = field(default_factory=dict)
    language: str = "english"
    titles: Sequence[str] = ()
    related: IntArray | None = None

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Similarities:
    """A corpus of m pairs of items with their similarities.

    `keys` (n,) unique; `first` and `second` (m,) indices into `keys`; `values` (m,) finite similarities. `known` is
    whether the keys are keys of the dataset's rows; otherwise they are values that occur in the pairs only.
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
    """A corpus of n nodes and m edges.

    `keys` (n,) unique; `source` and `target` (m,) indices into `keys`; `weight` (m,) 0 or more. An undirected edge is
    listed in one direction. Repeated edges and self-loops are allowed.
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
    """A corpus of images of one size.

    `keys` (n,) unique; `pixels` (n, height, width, channels) 0..255, with 1 channel for grey or 3 for RGB; `labels`
    (n,) the text of each label, None for an image without one; None as a whole if no image has a label.
    """

    keys: Sequence[str]
    pixels: ByteArray
    labels: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of each image, in pixels."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels


@dataclass(frozen=True)
class Table:
    """A corpus of numeric columns: `keys` (n,) unique, `columns` (c,) their names, `values` (n, c) finite."""

    keys: Sequence[str]
    columns: Sequence[str]
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.keys)


Corpus: TypeAlias = Documents | Similarities | Graph | Images | Table


@dataclass(frozen=True)
class Embeddings:
    """The vectors that one fit learned for one kind of item.

    `keys` (n,) unique; `vectors` (n, dim) finite, not normalised; `columns` (n,) values each, by name: further columns
    of a word collection's vocabulary; `contexts` packed rows of counts (maths.contexts), in the fit arrays' numbering.
    """

    of: Of
    keys: Sequence[str]
    vectors: FloatArray
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    contexts: Sequence[bytes] = ()

    def take(self, keys: Sequence[str]) -> FloatArray:
        """The vectors (len(keys), dim) of these keys, in their order. Raises KeyError if one has no vector."""
        row_of = {key: row for row, key in enumerate(self.keys)}
        return self.vectors[[row_of[key] for key in keys]]

    def known(self, keys: Sequence[str]) -> set[str]:
        """The keys among these that have a vector."""
        return set(keys).intersection(self.keys)


class Rows(Protocol):
    """Embeddings that are read by key: in memory (Embeddings) or in the database (storage.vectors.StoredRows)."""

    def take(self, keys: Sequence[str]) -> FloatArray: ...

    def known(self, keys: Sequence[str]) -> set[str]: ...


@dataclass(frozen=True)
class State:
    """All that `encode` and `decode` need: `arrays` by name; `embeddings` of the same run, by kind of item; `inputs`
    those that fit read, by option, which storage.dependencies checks to be of the same build; `cache` what `derived`
    computed."""

    arrays: Mapping[str, npt.NDArray[Any]]
    embeddings: Mapping[Of, Rows] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Rows] = field(default_factory=dict)

    def derived(self, name: str, make: Callable[[], Derived]) -> Derived:
        """The result of `make`, computed once per state: for what is costly to derive, as a dictionary of terms."""
        if name not in self.cache:
            self.cache[name] = make()
        value: Derived = self.cache[name]
        return value


@dataclass(frozen=True)
class Fitted:
    """What a builder learned: embeddings of one or more kinds, the arrays that `encode` needs, and metrics by name."""

    embeddings: Sequence[Embeddings]
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)

    def state(self, inputs: Mapping[str, Rows] = {}) -> State:
        """The state in memory, right after the fit; `inputs` are those that the fit read, by option."""
        return State(self.arrays, {embeddings.of: embeddings for embeddings in self.embeddings}, inputs=inputs)


class Report(Protocol):
    """Reports the progress of a fit: `step` of `total`, and metrics to plot against the step."""

    def __call__(self, step: int, total: int, **metrics: float) -> None: ...


def silent(step: int, total: int, **metrics: float) -> None:
    """A Report that ignores its arguments."""


@dataclass(frozen=True)
class Device:
    """The device that computes, and why it was chosen, for messages."""

    name: Literal["cpu", "cuda"] = "cpu"
    reason: str = "the default"


@dataclass(frozen=True)
class Item:
    """One item read from a source."""

    key: str | int | None  # None: the loader numbers it
    columns: Mapping[str, Any]  # values by column name
    place: str = ""  # position in the source, for messages: "line 7 of a.csv"


@dataclass(frozen=True)
class Edges:
    """The table that holds the edges of a dataset's nodes, and its columns.

    With `through`, `target` holds no keys of nodes: two nodes are joined for each value of it that they share.
    """

    table: str
    source: str  # column: the key of one node
    target: str  # column: the key of the other node, or a shared value
    weight: str | None = None  # column: the weight of the edge; None: every edge weighs 1
    directed: bool = False
    through: bool = False


@dataclass(frozen=True)
class Dataset:
    """A table of items, as the catalogue describes it."""

    id: int
    name: str  # also the name of the table
    kind: Kind
    key_kind: Literal["integer", "text", "compound", "row"]  # row: no primary key, a hash of the row is the key
    key_columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    title_column: str | None
    label_column: str | None
    made_by: Literal["ingest", "table", "vectors", "passages"]  # vectors: words of an import, which are dropped with it
    source: str | None  # the file or folder it was ingested from; of passages the name of the dataset they are from
    created: str  # UTC, ISO 8601
    revision: int = 0  # increases with every recorded change of the rows
    edges: Edges | None = None
    image_column: str | None = None  # the column with the images, in a table that the user made
    token: str = ""  # random, new with every revision: names the items in the memory of a process
    language: str | None = None  # that its full-text index is written in; None: not built yet, or by version 0.1
    asked_language: str | None = None  # that the user named; None: found from the text

    @property
    def key_type(self) -> KeyType:
        """The type of a row's key; compound keys and those of rows without one are text."""
        return "integer" if self.key_kind == "integer" else "text"


@dataclass(frozen=True)
class Phrase:
    """What a query looks up in a full-text index: consecutive terms, or with `together` false any of them."""

    said: str  # as the user wrote it
    terms: tuple[str, ...]
    together: bool = True
    begins: bool = False  # the last term is the beginning of one


@dataclass(frozen=True)
class Collection:
    """Named embeddings of one run, in one vector table."""

    id: int
    name: str
    dataset: str
    builder: str
    run: int  # the id of the run
    of: Of  # the kind of its items
    vector_table: int  # the number in the name of the vector table
    dim: int  # the length of a vector
    count: int  # the number of vectors
    created: str  # UTC, ISO 8601
    revision: int = 0  # the dataset's revision that the vectors represent
    built: int = 0  # the dataset's revision that the model was fitted to
    key_type: KeyType = "text"  # of the vector table, which keeps it when the key of the dataset changes
    born: str = ""  # random, by build: names the model in the memory of a process, whatever file it is in
    token: str = ""  # random, by build and update: names the vectors

    def typed(self, key: str) -> str | int:
        """The key of an item in the type that it has in SQL and JSON."""
        return int(key) if self.key_type == "integer" else key

    def lacks(self, key: str) -> str:
        """That no item has this key: `docs_lsa has no document '99'`."""
        return f"{self.name} has no {self.of} {key!r}"

    @property
    def vocabulary(self) -> str:
        """The name of the table that lists the words of a word collection."""
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
    device: str  # cpu or cuda
    started: str  # UTC, ISO 8601
    seconds: float
    metrics: Mapping[str, float]
    versions: Mapping[str, str]  # by package
    collections: tuple[str, ...] = ()  # the names of its collections that still exist


@dataclass(frozen=True)
class Update:
    """One update of the collections of a run: its start, duration, numbers of rows, and metrics."""

    started: str  # UTC, ISO 8601
    seconds: float
    added: int
    changed: int
    deleted: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Hit:
    """One search result. Scores and ranks are None where that score was not computed. Ranks count from 1."""

    id: str | int
    score: float  # what the results are ranked by; larger is better
    vector_score: float | None = None  # cosine similarity, -1..1
    vector_rank: int | None = None
    text_score: float | None = None  # BM25, 0 or more
    text_rank: int | None = None
    distance: float | None = None  # of the vectors, as sqlite-vec computes it; smaller is nearer
    row: Mapping[str, Any] = field(default_factory=dict)  # the columns of the item's row
    passages: tuple[Mapping[str, Any], ...] = ()  # that a document was found by, best first


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
    """A training at one step: `facts` that JSON can hold, and `arrays` by name."""

    facts: Mapping[str, Any]
    arrays: Mapping[str, npt.NDArray[Any]]


@runtime_checkable
class Journal(Report, Protocol):
    """A Report that also stores sample images and checkpoints of a training."""

    def pictures(self, step: int, pixels: ByteArray) -> None:
        """Store an image (height, width, channels) 0..255 that shows the training at this step."""

    def keep(self, checkpoint: Checkpoint) -> bool:
        """Store a checkpoint in place of the one before; whether it could be stored."""

    def kept(self) -> Checkpoint | None:
        """The checkpoint to resume from; None if there is none."""

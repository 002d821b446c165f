"""All that the author of a builder, a reader or a command may import.

Other modules of semsearch may change without notice. A change of a name in this one has an entry in the changelog.
Importing it imports neither torch nor scipy: names that need them are imported when they are first used.

    from semsearch.plugin import Documents, Embeddings, Fitted, hookimpl, option

docs/plugins.md shows a builder, a training and a reader.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from semsearch.builders.base import (
    Accelerates,
    Builder,
    Conditions,
    CosineParts,
    DeclaresMetrics,
    Decodes,
    Drifts,
    EmbedsQueriesOnly,
    Encodes,
    EstimatesMemory,
    Explains,
    Fills,
    Gap,
    Imagines,
    LimitsDefault,
    MemoryNeed,
    Needs,
    NeedsByOptions,
    OrdersCodes,
    Quizzes,
    ReadsByOptions,
    timed,
)
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import (
    BuildError,
    CapabilityError,
    DatabaseError,
    InputError,
    NameTakenError,
    NotFoundError,
    PluginError,
    SchemaError,
    SemsearchError,
)
from semsearch.hookspecs import hookimpl
from semsearch.ingest.base import Fault, Reader, ReadOptions, Remark, TableOptions
from semsearch.metrics import Metric
from semsearch.records import (
    Corpus,
    Device,
    Documents,
    Embeddings,
    Fitted,
    Graph,
    Images,
    Item,
    Journal,
    Kind,
    Quiz,
    Report,
    Similarities,
    State,
    Table,
    silent,
)

if TYPE_CHECKING:
    from semsearch.builders.pmi import Pmi, PmiOptions
    from semsearch.maths.text import pack, tokens, unpack
    from semsearch.nets.device import encoding_device, from_arrays, place, seeded, to_arrays
    from semsearch.nets.loop import Trained, TrainOptions, train
    from semsearch.nets.task import Judges, Shows, Step, Task, Turn, Watches

_IMPORTED_WHEN_USED = {
    "semsearch.builders.pmi": ("Pmi", "PmiOptions"),
    "semsearch.maths.text": ("pack", "tokens", "unpack"),
    "semsearch.nets.device": ("encoding_device", "from_arrays", "place", "seeded", "to_arrays"),
    "semsearch.nets.loop": ("TrainOptions", "Trained", "train"),
    "semsearch.nets.task": ("Judges", "Shows", "Step", "Task", "Turn", "Watches"),
}

__all__ = [
    "Accelerates",
    "BuildError",
    "Builder",
    "BuilderOptions",
    "CapabilityError",
    "Conditions",
    "Corpus",
    "CosineParts",
    "DatabaseError",
    "DeclaresMetrics",
    "Decodes",
    "Device",
    "Documents",
    "Drifts",
    "Embeddings",
    "EmbedsQueriesOnly",
    "Encodes",
    "EstimatesMemory",
    "Explains",
    "Fills",
    "Fault",
    "Fitted",
    "Gap",
    "Graph",
    "Images",
    "Imagines",
    "InputError",
    "Item",
    "Journal",
    "Judges",
    "Kind",
    "LimitsDefault",
    "MemoryNeed",
    "Metric",
    "NameTakenError",
    "Needs",
    "NeedsByOptions",
    "NotFoundError",
    "OrdersCodes",
    "PluginError",
    "Pmi",
    "PmiOptions",
    "Quiz",
    "Quizzes",
    "ReadOptions",
    "Reader",
    "ReadsByOptions",
    "Remark",
    "Report",
    "SchemaError",
    "SemsearchError",
    "Shows",
    "Similarities",
    "State",
    "Step",
    "Table",
    "TableOptions",
    "Task",
    "TrainOptions",
    "Trained",
    "Turn",
    "Watches",
    "encoding_device",
    "from_arrays",
    "hookimpl",
    "option",
    "pack",
    "place",
    "seeded",
    "silent",
    "timed",
    "to_arrays",
    "tokens",
    "train",
    "unpack",
]


def __getattr__(name: str) -> Any:
    for module, names in _IMPORTED_WHEN_USED.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The label column that no option names: which one it is, and the line that says so."""

from __future__ import annotations

from semsearch.cli.output import remark
from semsearch.labels.labelled_items import default_column
from semsearch.records import OpenCollection
from semsearch.storage.driver import Connection


def chosen_column(db: Connection, opened: OpenCollection, table: str | None = None) -> str:
    """The default label column; a line says which one unless it is the dataset's own. Raises InputError for none."""
    column = default_column(db, opened.dataset, opened.collection, table)
    if column != opened.dataset.label_column:
        remark(f"The column {column!r} was chosen as the label. To choose another one: --label COL")
    return column

"""The verbs of the command with their lines of help, and the modules that define them, which are imported when needed.

So `semsearch --help` imports none of them, and a verb only its own. A test compares the lines with the verbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """A line of help, and the modules below `semsearch.cli` that add the verb or its subcommands to the command."""

    help: str
    modules: tuple[str, ...]


VERBS: Mapping[str, Verb] = {
    "analogy": Verb("Solve a word analogy: A is to B as C is to ?", ("words",)),
    "ask": Verb("Find the passages that answer a question", ("agents",)),
    "build": Verb("Learn embeddings from a dataset", ("build",)),
    "builders": Verb("List the algorithms that learn embeddings", ("listing",)),
    "classify": Verb("Train a classifier and predict missing labels", ("learn",)),
    "cluster": Verb("Group items into clusters by k-means", ("learn",)),
    "collections": Verb("List the collections of a database", ("listing",)),
    "datasets": Verb("List the datasets of a database", ("listing",)),
    "demo": Verb("Build a complete example from data on this machine", ("demo",)),
    "doctor": Verb("Check this installation, or a database", ("upkeep",)),
    "drop": Verb("Remove a collection, or a dataset with its collections", ("upkeep",)),
    "duplicates": Verb("List pairs of near-duplicate items", ("learn",)),
    "evaluate": Verb("Measure the quality of embeddings", ("search", "words", "graphs", "images")),
    "export": Verb("Write the vectors of a collection to a file", ("exchange",)),
    "fill": Verb("Fill the gaps in a text", ("words",)),
    "index": Verb("Make a table searchable with default settings", ("build",)),
    "ingest": Verb("Import documents, graphs, images, tables or vectors", ("ingest", "exchange", "graphs", "images")),
    "interpolate": Verb("Generate the images between two images", ("samples",)),
    "map": Verb("Place all items in two dimensions, with named groups", ("maps",)),
    "mcp": Verb("Offer search to an assistant by the Model Context Protocol", ("agents",)),
    "migrate": Verb("Upgrade a file written by an older semsearch", ("upkeep",)),
    "neighbours": Verb("Write the nearest items of every item to a table", ("maps",)),
    "odd-one-out": Verb("Find the word that does not belong", ("words",)),
    "predict-links": Verb("Predict missing edges of a graph", ("graphs",)),
    "pretrained": Verb("List the public word vectors that can be downloaded", ("exchange",)),
    "reconstruct": Verb("Encode and decode images, and measure the error", ("images",)),
    "runs": Verb("List the runs that built the collections", ("listing",)),
    "sample": Verb("Generate images", ("samples",)),
    "search": Verb("Find the items that match a text or an image best", ("search",)),
    "serve": Verb("Open a database in Datasette with its search pages", ("upkeep",)),
    "similar": Verb("Find the items most similar to given items", ("search",)),
    "update": Verb("Bring collections up to date with their tables", ("update",)),
    "views": Verb("Remove the views of collections, or make them again", ("upkeep",)),
}

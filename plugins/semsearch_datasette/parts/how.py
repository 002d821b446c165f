"""\"How this works\": for each page a sentence or two, and the technique of the guide that it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from semsearch.records import Collection
from semsearch.techniques import TECHNIQUES
from semsearch_datasette import links

# Which technique of the guide a builder is, for the pages that show the builder itself.
BUILDERS = {
    "lsa": "lsa",
    "pmi": "pmi",
    "glove": "glove",
    "sgns": "word2vec",
    "wordmean": "sentences",
    "factorize": "similarity-recipe",
    "netmf": "walks",
    "prone": "walks",
    "deepwalk": "walks",
    "node2vec": "walks",
    "pca": "principal-components",
    "autoencoder": "autoencoder",
    "rotation": "pretext",
    "contrastive": "pretext",
    "patches": "pretext",
    "jigsaw": "pretext",
    "colorization": "pretext",
    "inpainting": "pretext",
    "gan": "gan",
    "imported": "pretrained",
}
BY_VECTOR = "The nearest items by similarity, the cosine between two vectors, are listed first."
# By page, or `page/of` where kinds differ: a sentence, and the technique (None: the builder's own).
PAGES: dict[str, tuple[str, str | None]] = {
    "search/document": (
        "The query becomes a vector in the same way as the documents did, and both scores of a result are shown.",
        "hybrid",
    ),
    "search/word": ("Words with similar vectors occur in similar contexts. " + BY_VECTOR, None),
    "search/node": ("Nodes with similar vectors have similar neighbourhoods. " + BY_VECTOR, None),
    "search/image": ("Your image becomes a vector in the same way as the stored images did. " + BY_VECTOR, None),
    "search/row": ("Each row's numbers, scaled to mean 0 and variance 1, become a vector. " + BY_VECTOR, None),
    "item/document": (
        "This page compares one document with all others by the cosine between their vectors.",
        "neighbours",
    ),
    "item/word": (
        "The words near this one in the texts are counted, and its vector is learned from these counts.",
        None,
    ),
    "item/node": ("The drawing shows the edges around a node; similar nodes may be joined by no edge at all.", None),
    "item/image": ("The bars are the numbers of the image's vector.", None),
    "item/row": ("This page compares one row with all others by the cosine between their vectors.", "neighbours"),
    "similar": ("This page lists the items that are nearest to one item.", "neighbours"),
    "components/document": (
        "Each topic is one direction of the SVD, with the words and documents at both of its ends.",
        "lsa",
    ),
    "components/word": (
        "Each topic is one direction of the SVD, with the words and documents at both of its ends.",
        "lsa",
    ),
    "components/image": (
        "Each component is shown as an image: grey is 0, white positive, black negative.",
        "eigenfaces",
    ),
    "analogy": ("A is to B as C is to the word that is sought.", "analogies"),
    "plot": (
        "The chosen words are drawn along the two directions in which they differ most, their first two principal"
        " components.",
        "principal-components",
    ),
    "cooccurrence": ("Each cell shows how often two words co-occur and, below it, their PMI.", "window-counts"),
    "reconstruct": ("An image is encoded, changed or not, and decoded again.", None),
    "samples": ("The images on this page are generated from random codes.", "decoder-sampling"),
    "pretext": ("The network is given part of an image and predicts the rest.", "pretext"),
    "duplicates": ("All pairs of items are compared.", "neighbours"),
    "clusters": ("The items are divided into groups by their vectors.", "clusters"),
    "labels": ("A classifier is trained on the rows that have a label.", "labels"),
    "comparison": (
        "Two classifiers predict the labels of the same held-out images from the vectors of each collection: a linear"
        " probe, and the majority vote of the five nearest neighbours.",
        "self-supervised",
    ),
    "runs": ("A run is one execution of a builder, with its options, its metrics and, if it trains, its curves.", None),
}


def marked_up(text: str) -> Markup:
    """A text of the guide as HTML: `code` and *emphasis*, everything else escaped."""
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*([^*]+)\*", r"<em>\1</em>", escaped))


@dataclass(frozen=True)
class How:
    """What the disclosure of a page shows: its sentences, a formula, and the row of the guide with more."""

    text: Markup
    formulas: list[str]
    name: str
    url: str


def how_of(datasette: Any, collection: Collection, page: str) -> How | None:
    """The explanation of a page of a collection; None for a page or a builder of a plugin that has none."""
    sentence, key = PAGES.get(page) or PAGES.get(f"{page}/{collection.of}") or ("", None)
    key = key or BUILDERS.get(collection.builder)
    if page == "samples" and collection.builder == "gan":
        key = "gan"
    if page == "reconstruct" and collection.builder == "pca":
        key = "svd"
    if collection.of == "word" and collection.builder == "lsa" and page in ("search", "item"):
        key = "sigma"
    if not sentence or key is None:
        return None
    technique = TECHNIQUES[key]
    return How(
        marked_up(f"{sentence} {technique.what}"), technique.formulas, technique.name, links.lecture(datasette, key)
    )

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
    "contrast": "contrast",
    "masked": "masked",
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
BY_VECTOR = "Items are listed by decreasing similarity, the cosine of two vectors."
# By page, or `page/builder` or `page/of` where they differ: a sentence, and the technique (None: the builder's own).
PAGES: dict[str, tuple[str, str | None]] = {
    "search/document": (
        "The query is embedded in the same way as the documents, and each result shows both scores.",
        "hybrid",
    ),
    "search/factorize": ("Items are found by name. The page of an item lists the most similar items.", None),
    "search/word": ("Words with similar vectors occur in similar contexts. " + BY_VECTOR, None),
    "search/node": ("Nodes with similar vectors have similar neighbourhoods. " + BY_VECTOR, None),
    "search/image": ("Your image is embedded in the same way as the stored images. " + BY_VECTOR, None),
    "search/row": (
        "The numbers of a row are standardised to mean 0 and variance 1, and are then embedded. " + BY_VECTOR,
        None,
    ),
    "item/document": (
        "This page lists the documents that are most similar to one document.",
        "neighbours",
    ),
    "item/word": (
        "The table counts the words that occur near this word. Its vector is learned from such counts.",
        None,
    ),
    "item/node": ("The drawing shows the nodes that are adjacent to this node or have a similar vector.", None),
    "item/image": ("The bars are the values of the image's vector.", None),
    "item/row": ("This page lists the rows that are most similar to one row.", "neighbours"),
    "ask": (
        "Rows are ranked as by a hybrid search. In each row the passage is shown that has most of the question's words"
        " and is most similar to the question.",
        "hybrid",
    ),
    "read": (
        "The document was cut into passages at its pages, headings and sentences. Each passage has a vector of its own,"
        " and a search finds passages.",
        None,
    ),
    "similar": ("This page lists the items that are most similar to one item.", "neighbours"),
    "components/document": (
        "Each topic is one component of the SVD, shown by the words and documents with the largest scores on it.",
        "lsa",
    ),
    "components/word": (
        "Each topic is one component of the SVD, shown by the words and documents with the largest scores on it.",
        "lsa",
    ),
    "components/image": (
        "Each component is shown as an image, in which grey is 0, white is positive and black is negative.",
        "eigenfaces",
    ),
    "splits": ("Each list has the nearest items under one split of the singular values S.", "sigma"),
    "analogy": ("The page searches for the word D such that A is to B as C is to D.", "analogies"),
    "plot": (
        "The chosen words are plotted on their first two principal components, the directions along which they differ"
        " most.",
        "principal-components",
    ),
    "cooccurrence": ("Each cell shows how often two words co-occur, and their PMI below.", "window-counts"),
    "reconstruct": (
        "Images are encoded and decoded. For denoising, inpainting and super-resolution the input is degraded first.",
        None,
    ),
    "samples": ("The images on this page are generated from random codes.", "decoder-sampling"),
    "pretext/image": ("The network is given part of an image and predicts the rest.", "pretext"),
    "pretext/document": ("Words are hidden, and the network predicts them from the words on both sides.", "masked"),
    "duplicates": ("All pairs of items are compared.", "neighbours"),
    "clusters": ("The items are grouped by their vectors.", "clusters"),
    "map": ("Each item is a point, and similar items are near each other.", "map"),
    "links": ("Each pair of nodes without an edge is scored by its similarity and its degrees.", "walks"),
    "labels": ("A classifier is trained on the rows that have a label.", "labels"),
    "comparison": (
        "Two classifiers predict the labels of the same held-out images from the vectors of each collection: a linear"
        " probe, and the majority vote of the five nearest neighbours.",
        "self-supervised",
    ),
    "runs": ("A run is one execution of a builder. Its options, metrics and training curves are stored.", None),
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
    names = (page, f"{page}/{collection.builder}", f"{page}/{collection.of}")
    sentence, key = next((PAGES[name] for name in names if name in PAGES), ("", None))
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

"""The JSON addresses of all pages and their arguments, as one table: for docs/api.md and the OpenAPI description.

A test compares the paths with those that the plugin registers, and sends each argument to its page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from semsearch import __version__
from semsearch.analysis import duplicates
from semsearch.search.query import MODES
from semsearch.tools.toolbox import MOST_PASSAGES
from semsearch.web import DEFAULT_K, MAX_CONDITIONS, MAX_DEPTH, MAX_K, MAX_UNLIKE

Type = Literal["string", "integer", "number"]


@dataclass(frozen=True)
class Parameter:
    """One argument of a URL, which may be left out: `default` says in words what then holds; None means nothing."""

    name: str
    type: Type
    text: str
    default: str | None = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """One page. `path` holds names in braces; `csv` says that its rows can be had as CSV too."""

    path: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    csv: bool = False


def _paging(default_k: int = DEFAULT_K) -> tuple[Parameter, ...]:
    return (
        Parameter("k", "integer", "How many results.", str(default_k), 1, MAX_K),
        Parameter("after", "integer", "How many results to skip.", "0", 0, MAX_DEPTH),
    )


COLLECTION = "/{database}/-/semsearch/{collection}"
FILTERS = Parameter(
    "{column}__{operation}",
    "string",
    "Searches only the rows whose column fulfils a condition, spelled as in Datasette: `year__gte=2020`,"
    f" `kind=book`. Up to {MAX_CONDITIONS} conditions.",
)
PICTURE = Parameter("picture", "string", "The code of an image, from the address that an upload redirects to.")
INVERSE = Parameter("picture_inverse", "string", "The code of the inverted image, from the same address.")
COPY = Parameter("picture_copy", "string", "A small copy of the image, from the same address.")
SEED = Parameter("seed", "integer", "The random seed; the same seed gives the same answer.", "1", 0)
LABEL = Parameter(
    "label", "string", "The column of labels.", "the table's label column, else the first whose values can be labels"
)
WORDS = Parameter("words", "string", "The words, separated by spaces or commas.")
ANALOGY = tuple(
    Parameter(name, "string", f"The {which} word of an analogy.")
    for name, which in zip("abc", ("first", "second", "third"), strict=True)
)
POLYGON = Parameter("polygon", "string", "Corners `x,y,x,y,…` from 0 to 65535, 3 to 200 of them: the items inside.")
GROUP = Parameter("group", "string", "A level from 1 to 3 and a number, such as `1-4`: the items in that group.")
MAP_VERSION = Parameter("v", "string", "The `version` of the map. Another version is refused.", "the stored one")
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/-/semsearch", "The collections of all databases."),
    Endpoint("/-/semsearch/lecture", "The guide to the techniques."),
    Endpoint("/-/semsearch/glossary", "The terms and their meaning."),
    Endpoint("/{database}/-/semsearch", "The collections of one database."),
    Endpoint("/{database}/-/semsearch-training", "The trainings that are running in a database, with their curves."),
    Endpoint(
        COLLECTION,
        "Searches a collection by a text, or a collection of images by an image.",
        (
            Parameter("q", "string", "The text."),
            Parameter("mode", "string", "How results are ranked.", "hybrid", choices=tuple(MODES)),
            Parameter(
                "weight",
                "number",
                "The weight of the similarity in mode `hybrid`; the text score has the rest.",
                "estimated at the build",
                0,
                1,
            ),
            Parameter("explain", "integer", "1 explains each result.", "0", 0, 1),
            Parameter(
                "typos",
                "integer",
                "1 replaces words that occur nowhere by words with a similar spelling. `corrected` in the JSON is the"
                " query that was answered.",
                "1",
                0,
                1,
            ),
            PICTURE,
            INVERSE,
            COPY,
            *_paging(),
            FILTERS,
        ),
        csv=True,
    ),
    Endpoint(
        COLLECTION + "/item/{id}",
        "One item, and the items nearest to it.",
        (Parameter("k", "integer", "For an image: the number of components used in its reconstruction.", "all", 1),),
    ),
    Endpoint(
        COLLECTION + "/ask",
        "The passages of a collection of texts that answer a question.",
        (
            Parameter("q", "string", "The question."),
            Parameter("k", "integer", "How many passages.", "3", 1, MOST_PASSAGES),
        ),
    ),
    Endpoint(
        COLLECTION + "/read/{id}",
        "A document, opened at one of its passages.",
        (
            Parameter("passage", "string", "The id of the passage.", "the first one on the page"),
            Parameter("page", "integer", "The page.", "that of the passage", 1, 1_000_000),
            Parameter("q", "string", "A query, whose words are marked on the page."),
        ),
    ),
    Endpoint(
        COLLECTION + "/similar/{id}",
        "The items most similar to one item.",
        (
            Parameter(
                "unlike",
                "string",
                "An item that the results are to be unlike: the query vector is made orthogonal to its vector. May be"
                f" repeated, up to {MAX_UNLIKE} times.",
            ),
            *_paging(),
            FILTERS,
        ),
        csv=True,
    ),
    Endpoint(
        COLLECTION + "/components",
        "The topics of texts, or the components of images.",
        (
            Parameter("pair", "integer", "Of texts: 1 adds two similar documents without a common word.", "0", 0, 1),
            *_paging(),
        ),
    ),
    Endpoint(
        COLLECTION + "/splits",
        "The items nearest to a word or document, with the singular values on documents, words or both.",
        (Parameter("id", "string", "A word, or the id of a document.", "the first one"),),
    ),
    Endpoint(
        COLLECTION + "/reconstruct",
        "Images and their reconstruction, from all or some components, with a masked square filled, or compressed.",
        (
            Parameter("id", "string", "An image; can be given more than once.", "the first ones"),
            Parameter("k", "integer", "The number of components used.", "all", 1),
            Parameter("noise", "number", "Adds noise of this standard deviation, for pixels from 0 to 1.", None, 0, 2),
            Parameter("mask", "integer", "Masks a square of this side in pixels, and fills it.", None, 1, 4096),
            Parameter("from_size", "integer", "Reduces the images to this side in pixels, and enlarges them.", None, 1),
            Parameter("bits", "integer", "Quantises each number of the vector to this many bits.", None, 1, 16),
            SEED,
        ),
    ),
    Endpoint(
        COLLECTION + "/pretext",
        "Some images or sentences as the task of a self-supervised network, with its predictions and the truth.",
        (
            Parameter("id", "string", "An image; can be given more than once.", "random ones"),
            Parameter("text", "string", "A sentence with ___ where words are missing, for a model of masked words."),
            SEED,
        ),
    ),
    Endpoint(
        COLLECTION + "/samples",
        "Generated images, and how good they are.",
        (
            SEED,
            Parameter("prior", "string", "The distribution of the latent codes."),
            Parameter("label", "string", "The class, for a conditional model."),
            Parameter("number", "integer", "One generated image, to see the real images most similar to it.", least=1),
            Parameter("other", "integer", "Another one, to interpolate to.", least=1),
            Parameter("from", "string", "A stored image, to interpolate from."),
            Parameter("to", "string", "A stored image, to interpolate to."),
            Parameter("measure", "integer", "1 measures the quality, which takes some seconds.", "0", 0, 1),
        ),
    ),
    Endpoint(
        COLLECTION + "/duplicates",
        "Pairs of items that are nearly the same.",
        (
            Parameter("threshold", "number", "Minimum similarity.", f"{duplicates.THRESHOLD:g}", 0.01, 1),
            Parameter("words", "number", "Minimum word overlap.", f"{duplicates.WORDS:g}", 0.01, 1),
            *_paging(),
        ),
        csv=True,
    ),
    Endpoint(COLLECTION + "/clusters", "The clusters that `semsearch cluster` found.", _paging(50)),
    Endpoint(
        COLLECTION + "/map",
        "The groups of the map that `semsearch map` made, and the items inside a polygon or a group.",
        (POLYGON, GROUP, MAP_VERSION, *_paging(20), FILTERS),
        csv=True,
    ),
    Endpoint(
        COLLECTION + "/map/items",
        "Details of some points of the map.",
        (
            Parameter("rows", "string", "Numbers of points, from 0, separated by commas: up to 60."),
            Parameter("near", "string", "The number of a point, whose neighbours follow it."),
            MAP_VERSION,
            FILTERS,
        ),
    ),
    Endpoint(
        COLLECTION + "/map/column",
        "The points of the map as a few codes, by the values of a column.",
        (Parameter("column", "string", "The column."), MAP_VERSION, FILTERS),
    ),
    Endpoint(
        COLLECTION + "/map/found",
        "The numbers of the points that a search finds, best first.",
        (Parameter("q", "string", "The text."), MAP_VERSION, FILTERS),
    ),
    Endpoint(COLLECTION + "/links", "The missing edges that `semsearch predict-links` found.", _paging()),
    Endpoint(
        COLLECTION + "/labels",
        "How well the vectors predict a column of labels, and which items to label next.",
        (LABEL, *_paging()),
    ),
    Endpoint(COLLECTION + "/comparison", "All collections of images of the same table, compared.", (LABEL,)),
    Endpoint(COLLECTION + "/runs", "The runs of the builder: options, metrics and training curves."),
    Endpoint(
        COLLECTION + "/analogy",
        "Answers to “A is to B as C is to …”, by both methods.",
        (
            *ANALOGY,
            Parameter("k", "integer", "How many answers.", str(DEFAULT_K), 1, MAX_K),
        ),
    ),
    Endpoint(
        COLLECTION + "/cooccurrence",
        "How often some words co-occur, and their PMI.",
        (
            WORDS,
            Parameter(
                "weights",
                "string",
                "`build` for the counts of the build, weighted by distance, or `flat` for whole counts of the texts.",
                "build",
                choices=("build", "flat"),
            ),
        ),
    ),
    Endpoint(
        COLLECTION + "/plot",
        "Some words in the plane of their first two principal components.",
        (
            WORDS,
            *ANALOGY,
        ),
    ),
)


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of all endpoints."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "semsearch",
            "version": __version__,
            "description": "The pages of semsearch as JSON. Every answer holds `ok`; an error holds `error` instead.",
        },
        "paths": {path: item for each in ENDPOINTS for path, item in _paths(each).items()},
    }


def _paths(endpoint: Endpoint) -> dict[str, Any]:
    result = {endpoint.path + ".json": _operation(endpoint, "application/json", {"type": "object"})}
    if endpoint.csv:
        result[endpoint.path + ".csv"] = _operation(endpoint, "text/csv", {"type": "string"})
    return result


def _operation(endpoint: Endpoint, content: str, schema: dict[str, Any]) -> dict[str, Any]:
    names = [part.partition("}")[0] for part in endpoint.path.split("{")[1:]]
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {
        "get": {
            "summary": endpoint.summary,
            "parameters": in_path + [_parameter(each) for each in endpoint.parameters if each is not FILTERS],
            "responses": {
                "200": {"description": "The answer.", "content": {content: {"schema": schema}}},
                "400": {"description": "An argument is wrong; `error` says which and why."},
                "403": {"description": "You may not see this."},
                "404": {"description": "There is no such database, collection or item."},
                "503": {"description": "The file is damaged or cannot be read now."},
            },
        }
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    limits = {"minimum": parameter.least, "maximum": parameter.most, "enum": list(parameter.choices) or None}
    schema = {"type": parameter.type} | {name: value for name, value in limits.items() if value is not None}
    default = f" Default: {parameter.default}." if parameter.default is not None else ""
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.text + default,
        "schema": schema,
    }

"""What is printed after a build: the collections, items without a vector, the training, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from semsearch import registry
from semsearch.builders.options import dashed
from semsearch.building.build import Built
from semsearch.cli.outdated import report_outdated
from semsearch.cli.output import counted, remark
from semsearch.maths.languages import ENGLISH, NONE
from semsearch.present import took_seconds
from semsearch.records import Collection
from semsearch.search.models import takes_text
from semsearch.storage.driver import Connection

FEW_KNOWN_WORDS = 0.5  # share of the words of the texts; below it, a remark. In the right language it is above 0.9
FEW_STEPS = 100  # training steps below which a model is called undertrained

NO_VECTOR = {
    "document": "because no word of {them} is in the vocabulary. Text search still finds {them}",
    "node": "because {they} {have} no edge to another node",
    "image": "because {they} cannot be read, or equal{s} the mean image",
    "row": "because {they} equal{s} the mean row",
}
PLURAL = {"they": "they", "them": "them", "have": "have", "s": ""}
KINDS = {"documents": "document", "graph": "node", "images": "image", "table": "row"}  # an item of a dataset


def report_built(connection: Connection, db: str, built: Built, *, resume: bool, is_last: bool) -> None:
    """Print what a build made and what is worth knowing about it; with `is_last`, also what to do next."""
    for line in (*_training(built, resume), *_language(built), *_collections(built), *_vocabulary(built)):
        remark(line)
    for collection in built.collections:
        report_outdated(connection, db, collection)
    took = f"Took {took_seconds(built.run.seconds)}"
    remark(f"{took}. Next: {_next_step(db, built.collections[0])}" if is_last else took)


def _training(built: Built, resume: bool) -> Iterator[str]:
    """Whether a training was resumed, whether it was long enough, and whether its checkpoints were saved."""
    if resume and built.resumed is None:
        yield "No checkpoint found: the training started from the beginning"
    elif resume:
        yield f"Resumed from step {built.resumed:,}"
    steps, options = built.run.metrics.get("steps", FEW_STEPS), built.run.options
    if "kept_lsa" in built.run.metrics:
        yield from _kept_lsa(built.run.metrics)
    elif steps < FEW_STEPS and options.get("epochs") != 0:  # no training at all is a choice
        longer = "seconds" if options.get("seconds") else "steps" if "steps" in options else "epochs"
        advice = [f"more {dashed(longer)}"] if longer in options else []
        advice += [f"a smaller {dashed('batch_size')}"] if "batch_size" in options else []
        use = f". Use {', or '.join(advice)}" if advice else ""
        yield f"Only {steps:,.0f} steps: the model is undertrained{use}"
    if built.unkept:
        yield f"No checkpoint was saved: {built.unkept}"


def _kept_lsa(metrics: Mapping[str, float]) -> Iterator[str]:
    """Why `contrast` kept the vectors that it started from, if it did."""
    if not metrics["kept_lsa"]:
        return
    if "probes" not in metrics:
        why = "Too few documents have enough words to hold some of them out"
    elif "steps" not in metrics:
        why = f"{metrics['training_pairs']:,.0f} pairs are too few to learn from"
    else:
        why = "The training did not improve the ranking of held-out documents"
    yield f"{why}: the vectors are those of lsa"


def _language(built: Built) -> Iterator[str]:
    """The language that was found in the texts, unless it is English."""
    if not built.language_found or built.language in (None, ENGLISH):
        return
    if built.language == NONE:
        yield "No language was found in the texts: words are used as they are written (--language chooses one)"
    else:
        yield f"Language of the texts: {built.language} (--language chooses another)"


def _collections(built: Built) -> Iterator[str]:
    """Each collection with its size, then the items that have no vector."""
    for collection in built.collections:
        replaces = built.replaced is not None and collection is built.collections[0]
        replaced = f" (replaces the collection of run {built.replaced})" if replaces else ""
        count, dimensions = counted(collection.count, collection.of), counted(collection.dim, "dimension")
        yield f"Built {collection.name}: {count}, {dimensions}{replaced}"
    if built.without_key:
        rows = "1 row has" if built.without_key == 1 else f"{built.without_key:,} rows have"
        yield f"{rows} NULL as key and cannot be named: left out"
    if built.without_vector:
        yield _without_vector(built)


def _without_vector(built: Built) -> str:
    """How many items have no vector, and why. Items of pairs are named by the kind of their dataset."""
    one = built.without_vector == 1
    builder = registry.load().builders.get(built.run.builder)
    if builder is not None and builder.reads == "similarities":
        of = KINDS.get(built.kind, "item")
        reason = f"because {'it is' if one else 'they are'} similar to no other {of}"
    else:
        of = built.collections[0].of
        words = {"they": "it", "them": "it", "have": "has", "s": "s"} if one else PLURAL
        reason = NO_VECTOR[of].format(**words)
    return f"{counted(built.without_vector, of)} {'has' if one else 'have'} no vector, {reason}"


def _vocabulary(built: Built) -> Iterator[str]:
    """Whether few words of the texts have a vector, and whether rare words were left out."""
    known = built.run.metrics.get("known_words", 1.0)
    if known < FEW_KNOWN_WORDS:
        yield (
            f"Only {100 * known:.0f} % of the words of {built.run.dataset} have a vector."
            " Check that the word vectors are of the same language and domain"
        )
    minimum = built.run.metrics.get("min_df", 1)
    if minimum > 1:
        include = " (--min-df 1 includes them)" if "min_df" in built.run.options else ""
        yield f"Words in fewer than {minimum:.0f} documents are not in the vocabulary{include}"


def _next_step(db: str, collection: Collection) -> str:
    """What to try with a new collection."""
    db, name = shlex.quote(db), shlex.quote(collection.name)
    command = f'semsearch search {db} {name} "some words"'
    if not takes_text(collection):
        command = f"semsearch similar {db} {name} ID"
    return f"{command}   or   semsearch serve {db}"

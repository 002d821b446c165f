"""Methods that measure the quality of embeddings."""

from __future__ import annotations

import os
from collections.abc import Sequence

from semsearch.evaluate import collection_comparison, fitted_weight, retrieval
from semsearch.evaluate.collection_comparison import CollectionComparison
from semsearch.evaluate.fitted_weight import FittedWeight
from semsearch.evaluate.images import ImageScores, evaluate_images
from semsearch.evaluate.labels import SHUFFLES, HoldOut, LabelEvaluation, evaluate_labels
from semsearch.evaluate.links import HIDDEN, LinkScores, evaluate_links
from semsearch.evaluate.retrieval import RetrievalScores
from semsearch.evaluate.sample_scores import Sampling
from semsearch.evaluate.words import COMMONEST, WordScores, evaluate_words
from semsearch.records import Report, silent
from semsearch.search.query import Mode
from semsearch.session import Opened

Path = str | os.PathLike[str]


class Evaluating(Opened):
    """Evaluations of collections. They write nothing, except for `fit_weight`."""

    def evaluate_retrieval(
        self, collection: str, queries: Path, qrels: Path, *, mode: Mode = "hybrid", weight: float | None = None
    ) -> RetrievalScores:
        """MAP, 11-point precision, nDCG@10 and recall@100 of a collection, each 0 to 1.

        `queries` is a file of JSON lines with _id and text, `qrels` a tsv with query-id, corpus-id and score (BEIR's
        layout). `mode` and `weight` are as in `search`. Raises InputError for a file that cannot be read, or if no
        query has a relevant document.
        """
        questions = retrieval.read_queries(os.fspath(queries))
        judgements = retrieval.read_judgements(os.fspath(qrels))
        with self._reading() as db:
            return retrieval.evaluate_retrieval(db, collection, questions, judgements, mode=mode, weight=weight)

    def fit_weight(self, collection: str, queries: Path, qrels: Path, *, seed: int = 0) -> FittedWeight:
        """Fit the weight of the vector score to judged queries and make it the collection's default.

        The files are as in `evaluate_retrieval`. Raises InputError for fewer than 20 queries with a relevant document.
        """
        questions = retrieval.read_queries(os.fspath(queries))
        judgements = retrieval.read_judgements(os.fspath(qrels))
        with self._writing() as db:
            fitted = fitted_weight.fit_weight(db, collection, questions, judgements, seed=seed)
            fitted_weight.store(db, collection, fitted)
            return fitted

    def evaluate_words(
        self,
        collection: str,
        *,
        similarity: Sequence[Path] = (),
        analogies: Sequence[Path] = (),
        max_vocab: int = COMMONEST,
        report: Report = silent,
    ) -> WordScores:
        """Spearman's correlation with human similarity scores, and accuracy on analogy questions, by file.

        A line of a `similarity` file is "word word score", one of an `analogies` file "a b c d". Only the `max_vocab`
        most frequent words are possible answers. Raises InputError without files, or for one that cannot be read.
        """
        pairs, questions = ([os.fspath(file) for file in files] for files in (similarity, analogies))
        with self._reading() as db:
            return evaluate_words(db, collection, pairs, questions, top=max_vocab, report=report)

    def evaluate_labels(
        self,
        collection: str,
        label: str | None = None,
        *,
        separator: str | None = None,
        folds: int | None = None,
        split: str | None = None,
        train_shares: Sequence[float] = (),
        shuffles: int = SHUFFLES,
        C: float | None = None,
        seed: int = 0,
    ) -> LabelEvaluation:
        """How well the vectors predict a column of labels, by default the dataset's: accuracy, micro and macro F1.

        Items are held back by `folds`, by a column `split` that says train or test, or by random `train_shares`, by
        default 0.1 to 0.9. `C` is the inverse regularisation strength. Raises InputError for more than one of these,
        for fewer than two labels, and for fewer than ten labelled items.
        """
        hold_out = HoldOut(folds, split, tuple(train_shares), shuffles)
        with self._reading() as db:
            return evaluate_labels(db, collection, label, separator=separator, hold_out=hold_out, seed=seed, C=C)

    def evaluate_links(
        self, collection: str, *, hidden_share: float = HIDDEN, k: int = 100, seed: int = 0, report: Report = silent
    ) -> list[LinkScores]:
        """How well hidden edges are found after training again without them: AUC, and precision at k.

        The scores are those of the vectors and of two baselines. Raises InputError for a collection that does not hold
        nodes, and for a share out of range.
        """
        with self._reading() as db:
            return evaluate_links(db, collection, share=hidden_share, k=k, seed=seed, report=report)

    def evaluate_images(
        self,
        collection: str,
        *,
        label: str | None = None,
        split: str = "split",
        samples: int | None = None,
        prior: str | None = None,
        seed: int = 0,
        report: Report = silent,
    ) -> ImageScores:
        """Reconstruction error and label accuracy of an image collection on its test images.

        Test images are those whose column `split` says test, else every fifth. With `samples`, as many generated images
        are compared with them. Raises InputError for a collection that does not hold images.
        """
        sampling = None if samples is None else Sampling(samples, prior)
        with self._reading() as db:
            return evaluate_images(db, collection, split=split, label=label, wanted=sampling, seed=seed, report=report)

    def compare_images(
        self,
        *collections: str,
        label: str | None = None,
        split: str = "split",
        max_train: int | None = None,
        max_test: int | None = None,
        seed: int = 0,
        report: Report = silent,
    ) -> CollectionComparison:
        """Label accuracy of several image collections of one dataset, or of all collections of a dataset.

        `max_train` and `max_test` limit the number of images, by default 2,000 and 1,000. Raises InputError for
        collections of different datasets, and for fewer than two labels.
        """
        limits = collection_comparison.limits(max_train, max_test)
        with self._reading() as db:
            names = collection_comparison.named_collections(db, collections)
            return collection_comparison.compare(
                db, names, label=label, split=split, most=limits, seed=seed, report=report
            )

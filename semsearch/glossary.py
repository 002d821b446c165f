"""The glossary: what each term on a page or in a command's output means, in one or two sentences.

One source for docs/glossary.md (`make docs`) and the page `/-/semsearch/glossary`, to which terms on pages are linked.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One entry. `key` is its anchor; `text` may hold `code` and *emphasis*; `formula` is plain text."""

    key: str
    name: str
    text: str
    formula: str = ""


GLOSSARY: tuple[Term, ...] = tuple(
    sorted(
        (
            Term(
                "accuracy",
                "Accuracy",
                "The share of predictions that are right. semsearch measures it on items that the classifier was not"
                " trained on.",
                "correct / all",
            ),
            Term(
                "analogy",
                "Analogy",
                "A question of the form *A is to B as C is to …*. The answer is the word whose vector is nearest to"
                " b − a + c (3CosAdd), or whose product of similarities is largest (3CosMul).",
            ),
            Term(
                "bag-of-words",
                "Bag of words",
                "A text as the counts of its words, without their order. Weighted by tf-idf it is the baseline with"
                " which vectors are compared when labels are predicted.",
            ),
            Term(
                "builder",
                "Builder",
                "An algorithm that learns vectors from a table, for example `lsa` or `pca`. `semsearch build` runs it.",
            ),
            Term(
                "bm25",
                "BM25",
                "The usual score of full-text search. A word counts more if it is frequent in the document and rare in"
                " the collection, and less in a long document.",
            ),
            Term(
                "collection",
                "Collection",
                "The vectors that one build made of one table, with the model that encodes new items. Search, plots and"
                " analogies work on a collection.",
            ),
            Term(
                "component",
                "Component",
                "One of the directions (singular vectors) of a singular value decomposition. Every item has one"
                " number for it. The components of"
                " texts are shown as *topics*, those of images as images (*eigenfaces*).",
            ),
            Term(
                "confusion-matrix",
                "Confusion matrix",
                "A table with a row for each true label and a column for each predicted label. Its diagonal holds the"
                " correct predictions.",
            ),
            Term(
                "contrast",
                "Contrast (contrastive learning)",
                "Training in which two parts of the same item must be more similar than parts of different items."
                " `contrast` does it with texts, `contrastive` with images.",
            ),
            Term(
                "cooccurrence",
                "Co-occurrence",
                "Two words co-occur if they stand within the same window of words. The counts of all pairs are what"
                " `pmi` and `glove` learn from. Closer pairs count more unless the weights are flat.",
            ),
            Term(
                "coverage",
                "Coverage",
                "For generated images: the share of real images that have a generated one near. For a vocabulary: the"
                " share of words that it contains. 1 is best.",
            ),
            Term(
                "cross-validation",
                "Cross-validation",
                "The labelled items are split into parts. Each part is predicted by a classifier trained on the"
                " others, so no item is predicted from its own label.",
            ),
            Term(
                "dataset",
                "Dataset",
                "A table whose rows semsearch reads: documents, images, nodes of a graph, words, or rows of numbers.",
            ),
            Term(
                "density",
                "Density",
                "For generated images: how many real images are near each of them, divided by the expected number. 1 is"
                " expected. It is larger where generated images crowd together.",
            ),
            Term(
                "dimension",
                "Dimension",
                "One of the numbers of a vector. The option `--dim` sets how many there are.",
            ),
            Term(
                "document-vector",
                "Document vector",
                "The numbers that represent one document. Documents with similar vectors use related words, even if"
                " they share none.",
            ),
            Term(
                "epoch",
                "Epoch",
                "One pass of a training over all items.",
            ),
            Term(
                "explained-variance",
                "Explained variance",
                "The share of the variance of the data that the components hold. Together all components hold 100 %.",
                "(s₁² + … + s_k²) / ‖X‖²",
            ),
            Term(
                "frechet",
                "Fréchet distance",
                "How different two sets of images are, from the means and covariances of their features. 0 means the"
                " same. Compare it with the distance between two sets of real images, which is never 0.",
                "‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½)",
            ),
            Term(
                "full-text",
                "Full-text search",
                "Search by the words of the query, ranked by BM25, the *text score*. It is the mode `text`.",
            ),
            Term(
                "generated",
                "Generated",
                "Made by a model from random numbers, and not in the table.",
            ),
            Term(
                "held-out",
                "Held out",
                "Kept out of the training, to measure a model on items that it has not seen.",
            ),
            Term(
                "hybrid",
                "Hybrid",
                "A search mode that combines the similarity of vectors and the text score. The *weight of the"
                " similarity* is from 0 (text score only) to 1 (similarity only).",
            ),
            Term(
                "latent",
                "Latent space",
                "The space of the few numbers from which a decoder makes an image. `--latent-dim` sets how many"
                " numbers there are.",
            ),
            Term(
                "loading",
                "Loading",
                "The weight of a word, a pixel or a column in a component: an entry of V. The number that an item has"
                " for the component is its *score* or coordinate.",
            ),
            Term(
                "lsa",
                "LSA",
                "Latent semantic analysis: the singular value decomposition of the weighted term-document matrix. It"
                " gives a vector to each document and to each word.",
            ),
            Term(
                "memorised",
                "Memorised",
                "A generated image that is nearer to a training image than new real images are. A model that memorises"
                " copies its training data.",
            ),
            Term(
                "mode-collapse",
                "Mode collapse",
                "A GAN has collapsed if it generates only a few kinds of images.",
            ),
            Term(
                "nearest",
                "Nearest",
                "With the highest similarity. The nearest items of an item are found by comparing its vector with all"
                " others.",
            ),
            Term(
                "adjacent",
                "Adjacent",
                "Two nodes of a graph are adjacent if an edge joins them. Nodes can be similar without being adjacent.",
            ),
            Term(
                "overlap",
                "Word overlap",
                "The share of words that two texts have in common: twice the number of common words, divided by"
                " the number of words of both. Repeated words count repeatedly, and stop words do not count.",
                "2 Σ min(n_w, m_w) / (Σ n_w + Σ m_w), n_w and m_w the counts of word w",
            ),
            Term(
                "perplexity",
                "Perplexity",
                "Between how many equally likely words a model would hesitate as much as it does: e to the mean of"
                " -ln P of the right word. Lower is better; the size of the vocabulary is what guessing reaches.",
            ),
            Term(
                "pmi",
                "PMI",
                "Pointwise mutual information: the natural logarithm of how often two words co-occur, divided by how"
                " often they would by chance. 0 means as often as by chance, 1 means 2.7 times as often, a negative"
                " number less often.",
                "PMI(w, c) = ln( p(w, c) / (p(w) p(c)) )",
            ),
            Term(
                "precision",
                "Precision",
                "Of the items that were predicted to have a label, the share that has it. For generated images: the"
                " share that lies among the real ones.",
            ),
            Term(
                "recall",
                "Recall",
                "Of the items that have a label, the share that was predicted to have it. For generated images: the"
                " share of the real ones that lies among the generated.",
            ),
            Term(
                "reconstruction",
                "Reconstruction",
                "What a decoder makes of an item's vector. Its error is the mean squared difference to the item.",
            ),
            Term(
                "run",
                "Run",
                "One execution of a builder, with its options, its duration and its metrics. A rebuild is a new run.",
            ),
            Term(
                "score",
                "Score",
                "The number that results are ranked by. In mode `hybrid` it combines the similarity and the text"
                " score (BM25), both of which are shown with it. Of a component: the coordinate of an item on it.",
            ),
            Term(
                "similarity",
                "Similarity",
                "The cosine of the angle between two vectors, from −1 to 1. 1 means the same direction, 0 no relation."
                " sqlite-vec's `distance` is 1 − similarity.",
                "cos(a, b) = a·b / (‖a‖ ‖b‖)",
            ),
            Term(
                "singular-value",
                "Singular value",
                "How strong a component is. Its square is the component's part of the sum of squares of the matrix.",
            ),
            Term(
                "stale",
                "Stale",
                "A collection is stale if rows of its table were added, changed or deleted since its last"
                " build or update. `semsearch update` brings it up to date, or `semsearch build` if it contains words"
                " or nodes.",
            ),
            Term(
                "topic",
                "Topic",
                "A component of a collection of texts, shown by the words and documents with the largest scores on it.",
            ),
            Term(
                "vector",
                "Vector",
                "A list of numbers that represents an item. Items with a small angle between their vectors are"
                " similar. Also called an embedding.",
            ),
            Term(
                "vocabulary",
                "Vocabulary",
                "The words that a collection knows. A query of unknown words has no vector.",
            ),
        ),
        key=lambda term: term.name.lower(),
    )
)
TERMS = {term.key: term for term in GLOSSARY}

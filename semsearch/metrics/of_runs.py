"""The metrics that builders and updates write into their runs, and that trainings draw as curves."""

from __future__ import annotations

from semsearch.metrics.metric import COUNT, Metric
from semsearch.metrics.of_text_trainings import CONTRAST, MASKED

SHARE = "0 to 1"

SIZES = (
    Metric("documents", "documents", "Documents that the model was built from.", COUNT),
    Metric("edges", "edges", "Edges of the graph.", COUNT),
    Metric("inputs", "input dimensions", "Numbers of each item before the reduction: pixels or columns.", COUNT),
    Metric("items", "items", "Items that the model was built from.", COUNT),
    Metric("nodes", "nodes", "Nodes of the graph.", COUNT),
    Metric("nonzeros", "nonzero entries", "Entries of the factorised matrix that are not zero.", COUNT),
    Metric(
        "counted_pairs",
        "co-occurring pairs before the cut",
        "Pairs that met; each node keeps those of highest association.",
        COUNT,
    ),
    Metric("pairs", "co-occurring pairs", "Pairs of items with a count or a similarity.", COUNT, term="cooccurrence"),
    Metric("pictures", "training images", "Images that the model was built from, or that an update added.", COUNT),
    Metric(
        "terms", "vocabulary", "Terms that the model knows: stems, or words without stemming.", COUNT, term="vocabulary"
    ),
    Metric("texts", "new texts", "Texts that an update embedded.", COUNT),
    Metric("walked", "nodes in all walks", "Nodes of all random walks, each as often as it is visited.", COUNT),
    Metric("words", "vocabulary", "Words that have a vector.", COUNT, term="vocabulary"),
    Metric("words_read", "tokens read", "Words of all texts, each as often as it occurs.", COUNT),
)
CHOICES = (
    Metric(
        "augment", "augmentation", "Whether the discriminator's inputs are augmented.", is_choice=True, is_flag=True
    ),
    Metric("block_size", "block size", "Side of a masked block.", "at least 1", "pixels", is_choice=True),
    Metric(
        "exact",
        "exact matrix",
        "Whether the matrix of walks is computed exactly; otherwise it is approximated by its largest eigenpairs.",
        is_choice=True,
        is_flag=True,
    ),
    Metric(
        "gradient_penalty",
        "gradient penalty weight",
        "Weight of the gradient penalty; 0 turns it off.",
        "at least 0",
        is_choice=True,
    ),
    Metric("grid", "tiles per side", "Tiles per side of the image.", "2 or 3", is_choice=True),
    Metric(
        "image_size",
        "image size",
        "Longer side of the images that the model sees.",
        "at least 1",
        "pixels",
        is_choice=True,
    ),
    Metric("min_count", "minimum count", "Rarer words are not in the vocabulary.", "at least 1", is_choice=True),
    Metric(
        "min_df",
        "minimum document frequency",
        "Terms of fewer documents are not in the vocabulary.",
        "at least 1",
        is_choice=True,
    ),
    Metric(
        "pairs_per_node", "pairs per node", "Pairs of highest association that a node keeps.", COUNT, is_choice=True
    ),
    Metric("permutations", "permutations", "Permutations that the network knows.", "at least 2", is_choice=True),
    Metric("rate", "learning rate", "Largest step size of the optimiser.", "above 0", is_choice=True),
    Metric(
        "shrinkage",
        "shrinkage",
        "Share of the smallest kept eigenvalue that is subtracted from each.",
        SHARE,
        is_choice=True,
    ),
    Metric("width", "network width", "Channels of the first convolution.", "at least 1", is_choice=True),
    Metric("window", "context window", "Nodes on either side of a node in a walk.", "at least 1", is_choice=True),
)
FACTORISATION = (
    Metric("dim", "dimensions", "Numbers of each vector.", COUNT, term="dimension"),
    Metric("components", "components", "Principal components that are kept.", COUNT, term="component"),
    Metric(
        "captured_energy",
        "share of squared singular values kept",
        "How much of the matrix the kept dimensions hold: the sum of their squared singular values, divided by the"
        " sum of all.",
        SHARE,
        better="higher",
        decimals=3,
        term="singular-value",
    ),
    Metric(
        "captured_variance",
        "explained variance",
        "Share of the variance of the data that the kept components hold.",
        SHARE,
        better="higher",
        decimals=3,
        term="explained-variance",
    ),
    Metric(
        "negative_mass",
        "share of squared negative eigenvalues",
        "Sum of the squared negative eigenvalues, divided by the sum of all squared eigenvalues that are kept. Scalar"
        " products of one set of vectors cannot represent this part.",
        SHARE,
        decimals=3,
        term="pmi",
    ),
    Metric(
        "residual",
        "relative residual of the SVD",
        "Numerical error of the kept singular vectors: mean of ‖AᵀA v − s² v‖ / s² over them. 0 is exact. At 0.02"
        " the squared singular values are exact to 2 %.",
        "at least 0",
        better="lower",
        term="singular-value",
    ),
    Metric("krylov_steps", "Krylov steps of the SVD", "Blocks of the iteration that computed the SVD.", COUNT),
    Metric(
        "self_retrieval",
        "self-retrieval (mean reciprocal rank)",
        "How well some words of a document find the document by similarity: the mean of 1 / its rank.",
        SHARE,
        better="higher",
        decimals=3,
    ),
    Metric(
        "held_out_documents",
        "held-out documents",
        "Documents left out of a second fit, on which the weight of the similarity was estimated.",
        COUNT,
        term="held-out",
    ),
    Metric(
        "held_out_text",
        "nDCG@10 of held-out documents, text score alone",
        "Each query is some words of a held-out document. The documents that BM25 finds by its other words are"
        " relevant.",
        SHARE,
        better="higher",
        decimals=3,
    ),
    Metric(
        "held_out_even",
        "nDCG@10 of held-out documents, hybrid at weight 0.5",
        "The same for a hybrid ranking with equal weights.",
        SHARE,
        better="higher",
        decimals=3,
    ),
    Metric(
        "held_out_chosen",
        "nDCG@10 of held-out documents, hybrid at the chosen weight",
        "The same for a hybrid ranking with the weight that the build chose.",
        SHARE,
        better="higher",
        decimals=3,
    ),
    Metric(
        "judged_weight",
        "weight of the similarity, fitted to judged queries",
        "Weight that `evaluate retrieval --fit-weight` chose. Searches of the collection use it.",
        SHARE,
        decimals=2,
    ),
    Metric(
        "judged_weight_low", "lower end of its 95 % interval", "From a bootstrap over the queries.", SHARE, decimals=2
    ),
    Metric(
        "judged_weight_high", "upper end of its 95 % interval", "From a bootstrap over the queries.", SHARE, decimals=2
    ),
    Metric("judged_queries", "judged queries", "Queries that the weight was fitted to.", COUNT),
    Metric(
        "hybrid_weight",
        "default weight of the similarity",
        "Weight of the similarity in a hybrid search that names no weight; the text score has the rest.",
        SHARE,
        decimals=2,
        term="hybrid",
    ),
    Metric(
        "known_words",
        "share of known words",
        "Share of the words of the texts that have a vector.",
        SHARE,
        better="higher",
        decimals=3,
    ),
    Metric(
        "expected_unknown",
        "expected share of unknown words, new texts",
        "How much of a new text of the same kind consists of words outside the vocabulary, by weight. `update`"
        " compares new texts with it.",
        SHARE,
        better="lower",
        decimals=3,
        term="vocabulary",
    ),
    Metric(
        "expected_residual",
        "expected share outside the components, new texts",
        "How much of the known words of a new text of the same kind the kept components do not represent, by weight."
        " `update` compares new texts with it.",
        SHARE,
        better="lower",
        decimals=3,
        term="topic",
    ),
)
UPDATES = (
    Metric(
        "unknown",
        "share of unknown words",
        "How much of the added texts consists of words outside the vocabulary, by weight.",
        SHARE,
        better="lower",
        decimals=3,
        term="vocabulary",
    ),
    Metric(
        "residual",
        "share outside the components",
        "How much of the known words of the added texts the kept components do not represent, by weight.",
        SHARE,
        better="lower",
        decimals=3,
        term="topic",
    ),
)

TRAINING = (
    Metric("steps", "training steps", "Updates of the weights, one for each batch.", COUNT),
    Metric("epochs", "epochs", "Passes of the training over all items.", COUNT, term="epoch"),
    Metric(
        "loss",
        "loss",
        "What the training minimises. Compare it only with runs of the same builder and options.",
        better="lower",
    ),
    Metric(
        "held_out",
        "held-out loss",
        "The loss on items that the training does not see. It rises when the model overfits.",
        better="lower",
        term="held-out",
    ),
    Metric(
        "mse",
        "mean squared error",
        "Mean squared difference of the items and their reconstructions; pixels count 0 to 1.",
        "at least 0",
        better="lower",
        term="reconstruction",
    ),
    Metric(
        "accuracy",
        "training accuracy",
        "Share of the self-supervised task's questions on training items that are answered correctly.",
        SHARE,
        better="higher",
        decimals=3,
        term="accuracy",
    ),
    Metric(
        "held_out_accuracy",
        "held-out accuracy",
        "Share of the self-supervised task's questions on held-out items that are answered correctly.",
        SHARE,
        better="higher",
        decimals=3,
        term="held-out",
    ),
    Metric(
        "chance",
        "accuracy by chance",
        "Baseline: the accuracy of guessing.",
        SHARE,
        decimals=3,
        term="accuracy",
    ),
    Metric(
        "held_out_error",
        "held-out error (MSE)",
        "Mean squared error of the predicted pixels or colours of held-out images.",
        "at least 0",
        better="lower",
        term="held-out",
    ),
    Metric(
        "held_out_mean",
        "held-out error of the mean (MSE)",
        "Baseline: the same error if the mean is predicted.",
        "at least 0",
        term="held-out",
    ),
)
GAN = (
    Metric("discriminator", "discriminator loss", "Loss of the discriminator. In a balanced GAN it stays level."),
    Metric("generator", "generator loss", "Loss of the generator. In a balanced GAN it stays level."),
    Metric(
        "discriminator_gradient",
        "discriminator gradient norm",
        "Length of the gradient with respect to the discriminator's weights. Large jumps warn of divergence.",
        "at least 0",
    ),
    Metric(
        "generator_gradient",
        "generator gradient norm",
        "Length of the gradient with respect to the generator's weights. Large jumps warn of divergence.",
        "at least 0",
    ),
    Metric(
        "steepness",
        "gradient penalty",
        "Squared gradient of the discriminator's score with respect to real and generated images (R1 + R2), before"
        " its weight.",
        "at least 0",
    ),
    Metric(
        "diversity",
        "diversity",
        "Distance of generated images to their 8th neighbour among themselves, divided by that of real images."
        " Below 0.4 the GAN has collapsed.",
        "at least 0; 1 is as diverse as real images",
        decimals=2,
        term="mode-collapse",
    ),
    Metric(
        "strangeness",
        "distance to real images",
        "Mean distance of generated images to the nearest real image, divided by the mean distance of two real images."
        " Near 0 they are copies; above 1.2 the GAN has diverged.",
        "at least 0",
        decimals=2,
        term="memorised",
    ),
    Metric(
        "modes",
        "classes generated",
        "Number of classes that the GAN generates. With n classes, a class counts if at least 1 in 5 n images is of"
        " it.",
        COUNT,
        better="higher",
        term="mode-collapse",
    ),
    *(
        Metric(
            f"score_of_{key}",
            f"discriminator score, {images} images",
            f"Mean output of the discriminator for {images} images, without a fixed scale; larger means more real."
            f"{compare}",
            decimals=2,
        )
        for key, images, compare in (
            ("made", "generated", " Compare it with the score of real images."),
            ("real", "real", ""),
            ("shown", "training", ""),
            ("held_out", "held-out", " If it is far below the score of training images, the discriminator overfits."),
        )
    ),
)
STAGES = {
    "averaging": ("averaging word vectors", "Time to average the vectors of the words of each document."),
    "components": ("removing common components", "Time to remove the directions that all documents share."),
    "counting": ("counting", "Time to count terms or co-occurrences."),
    "counting_classes": ("training the class counter", "Time to train the classifier that counts generated classes."),
    "naming": ("rotating the topics", "Time to rotate the leading components into topics and to name them."),
    "factoring": ("factorisation", "Time of the singular value decomposition."),
    "matrix": ("computing the matrix", "Time to compute the matrix that is factorised."),
    "propagating": ("propagation", "Time to filter the vectors by the spectrum of the graph."),
    "reading": ("reading the texts", "Time to read and tokenise the texts."),
    "starting": ("initial vectors", "Time to compute the initial vectors."),
    "training": ("training", "Time of the training."),
    "walking": ("random walks", "Time of the random walks."),
    "weighing": (
        "choosing the search weight",
        "Time to choose the weight of hybrid search.",
    ),
    "weighting": ("weighting the counts", "Time to weight the counts."),
}
TIMES = tuple(
    Metric(f"seconds_{stage}", f"time: {name}", what, unit="s", decimals=2) for stage, (name, what) in STAGES.items()
)
GROUPS = {
    "Sizes": SIZES,
    "Values of options that the builder chose": CHOICES,
    "Factorisation and search": FACTORISATION,
    "Training": TRAINING,
    "Contrast": CONTRAST,
    "Masked words": MASKED,
    "GAN": GAN,
    "Updates": UPDATES,
    "Times": TIMES,
}

"""The metrics of the trainings on texts: `contrast` and `masked`."""

from __future__ import annotations

from semsearch.metrics.metric import COUNT, Metric

SHARE = "0 to 1"

CONTRAST = (
    Metric(
        "kept_lsa",
        "kept the vectors of LSA",
        "Whether the collection has LSA's vectors, because training did not improve the ranking of held-out documents.",
        is_flag=True,
    ),
    Metric("training_pairs", "training pairs", "Pairs of texts that the training draws together.", COUNT),
    Metric(
        "probes",
        "held-out documents",
        "Documents that are not trained on. Some words of each are a query, and the documents most like its other words"
        " count as relevant.",
        COUNT,
        term="held-out",
    ),
    Metric(
        "held_out_pairs",
        "loss on held-out pairs",
        "The training's loss on pairs of held-out documents.",
        better="lower",
        term="held-out",
    ),
    *(
        Metric(key, f"nDCG@10 of held-out documents, {what}", sentence, SHARE, better="higher", decimals=3)
        for key, what, sentence in (
            ("held_out_hybrid", "hybrid", "By the vectors and the words, with equal weights, during training."),
            ("probe_lsa", "LSA", "By the similarity of LSA's vectors, from which the training starts."),
            ("probe_trained", "trained", "By the similarity of the trained vectors."),
            ("probe_lsa_hybrid", "LSA, hybrid", "By LSA's vectors and the words, with equal weights."),
            ("probe_trained_hybrid", "trained, hybrid", "By the trained vectors and the words, with equal weights."),
        )
    ),
)
MASKED = (
    Metric(
        "held_out_perplexity",
        "perplexity of masked words, held-out texts",
        "Between how many equally likely words the model would hesitate as much: e to the held-out loss.",
        "at least 1",
        better="lower",
        term="perplexity",
    ),
)

"""The metrics that `semsearch evaluate` prints and that pages measure."""

from __future__ import annotations

from semsearch.metrics.metric import Better, Metric
from semsearch.metrics.of_runs import SHARE


def _share(key: str, name: str, what: str, *, term: str = "", better: Better | None = "higher") -> Metric:
    return Metric(key, name, what, SHARE, better=better, decimals=3, term=term)


RETRIEVAL = (
    _share(
        "map",
        "mean average precision",
        "Mean over queries of the precision at each relevant document.",
        term="precision",
    ),
    _share("p11", "11-point precision", "Mean precision at recall 0, 0.1, …, 1 (interpolated).", term="precision"),
    _share(
        "ndcg_at_10", "nDCG@10", "Gain of the first 10 results, discounted by rank, divided by the best possible one."
    ),
    _share(
        "recall_at_100", "recall@100", "Share of the relevant documents among the first 100 results.", term="recall"
    ),
    _share(
        "weight", "weight of the similarity", "Weight of the similarity in mode hybrid.", term="hybrid", better=None
    ),
)
LINKS = (
    _share(
        "auc", "AUC", "Probability that a hidden edge has a higher score than a pair without an edge. 0.5 is chance."
    ),
    _share(
        "precision",
        "precision at k",
        "Share of hidden edges among the k pairs of highest score, at most hidden edges / k.",
        term="precision",
    ),
    _share(
        "left_out",
        "left out",
        "Share of hidden edges that predict-links cannot list, because the similarity of their nodes is below 0.1.",
        better="lower",
    ),
)
LABELS = (
    _share("micro_f1", "micro F1", "Harmonic mean of precision and recall, over all predictions.", term="precision"),
    _share("macro_f1", "macro F1", "Mean of the F1 of the labels, each with the same weight.", term="precision"),
    _share(
        "deviation", "std. deviation", "Standard deviation of micro F1, or of the accuracy over folds.", better=None
    ),
    _share("accuracy", "accuracy", "Share of predictions that are correct, on items not trained on.", term="accuracy"),
    _share("low", "lower bound", "Lower end of the 95 % confidence interval of the accuracy.", better=None),
    _share("high", "upper bound", "Upper end of the 95 % confidence interval of the accuracy.", better=None),
    _share(
        "of_all",
        "accuracy of all questions",
        "Accuracy if questions with unknown words count as wrong.",
        term="accuracy",
    ),
)
WORDS = (
    Metric(
        "spearman",
        "Spearman correlation",
        "Rank correlation of similarities and people's ratings.",
        "−1 to 1",
        better="higher",
        decimals=3,
    ),
    _share("coverage", "coverage", "Share of the pairs whose words both have a vector.", term="vocabulary"),
)
IMAGES = (
    Metric(
        "mse",
        "mean squared error",
        "Mean squared difference of test images and their reconstructions; pixels count 0 to 1.",
        "at least 0",
        better="lower",
        term="reconstruction",
    ),
    Metric(
        "psnr",
        "PSNR",
        "Peak signal-to-noise ratio of the reconstructions: −10 log₁₀ of the mean squared error.",
        "",
        "dB",
        better="higher",
        decimals=1,
        term="reconstruction",
    ),
    _share("probe", "linear probe", "Accuracy of logistic regression on the vectors.", term="accuracy"),
    _share(
        "knn", "5 nearest neighbours", "Accuracy of the majority vote of the 5 nearest neighbours.", term="accuracy"
    ),
    *(
        _share(
            f"of_{count}",
            f"{count} per label",
            f"Accuracy of a linear probe trained on {count} per label.",
            term="accuracy",
        )
        for count in (1, 10, 100)
    ),
)
GENERATED = (
    Metric(
        "frechet",
        "Fréchet distance",
        "Distance between the distributions of generated and real images. Its scale"
        " depends on the features: compare it with the value for two sets of real images.",
        "at least 0",
        better="lower",
        decimals=1,
        term="frechet",
    ),
    Metric(
        "frechet_floor",
        "Fréchet distance of real images",
        "Fréchet distance between two sets of real images. By this measure, generated images"
        " with a distance near or below it do not differ from real ones.",
        "at least 0",
        decimals=1,
        term="frechet",
    ),
    Metric(
        "frechet_ceiling",
        "Fréchet distance of noise",
        "Fréchet distance between random noise and real images.",
        "at least 0",
        decimals=1,
        term="frechet",
    ),
    Metric(
        "precision",
        "precision",
        "Share of generated images within the distribution of real ones.",
        SHARE,
        better="higher",
        decimals=2,
        term="precision",
    ),
    Metric(
        "recall",
        "recall",
        "Share of real images within the distribution of generated ones.",
        SHARE,
        better="higher",
        decimals=2,
        term="recall",
    ),
    Metric(
        "density",
        "density",
        "Mean number of real images whose neighbourhood contains a generated one, divided by"
        " the expected number. It can exceed 1 where generated images crowd.",
        "at least 0; 1 is expected",
        decimals=2,
        term="density",
    ),
    Metric(
        "coverage",
        "coverage",
        "Share of real images whose neighbourhood contains a generated image.",
        SHARE,
        better="higher",
        decimals=2,
        term="coverage",
    ),
    Metric(
        "nearness",
        "distance ratio",
        "Median distance of generated images to the nearest training image, divided"
        " by that of held-out images. Near 0 they are memorised.",
        "at least 0; 1 is expected",
        decimals=2,
        term="memorised",
    ),
    Metric(
        "copied",
        "copy rate",
        "Share of generated images nearer to a training image than 99 % of held-out ones. 0.01 is expected.",
        SHARE,
        better="lower",
        decimals=3,
        term="memorised",
    ),
    _share(
        "classifier_accuracy",
        "accuracy of the features' classifier",
        "Accuracy of the classifier from whose features the scores are computed, on test images.",
        term="accuracy",
    ),
)
GROUPS = {
    "Retrieval: `evaluate retrieval`": RETRIEVAL,
    "Links: `evaluate links`": LINKS,
    "Labels: `evaluate labels`, `classify`": LABELS,
    "Words: `evaluate words`": WORDS,
    "Images: `evaluate images`": IMAGES,
    "Generated images: `evaluate images --samples`": GENERATED,
}

"""Plain names of the metrics that runs keep. The JSON and the database keep the keys."""

from __future__ import annotations

from collections.abc import Mapping

METRIC_NAMES: Mapping[str, str] = {
    "captured_energy": "share of squared singular values kept",
    "captured_variance": "explained variance",
    "chance": "accuracy by chance",
    "copied": "copy rate",
    "dim": "dimensions",
    "discriminator": "discriminator loss",
    "discriminator_gradient": "discriminator gradient norm",
    "diversity": "diversity (1 = as real images)",
    "exact": "exact matrix",
    "expected_residual": "expected share outside the topics, new texts",
    "expected_unknown": "expected share of unknown words, new texts",
    "generator": "generator loss",
    "generator_gradient": "generator gradient norm",
    "gradient": "gradient norm",
    "held_out": "held-out loss",
    "held_out_accuracy": "held-out accuracy",
    "held_out_chosen": "nDCG@10 of held-out documents, hybrid at the chosen weight",
    "held_out_documents": "held-out documents",
    "held_out_error": "held-out error (MSE)",
    "held_out_even": "nDCG@10 of held-out documents, hybrid at weight 0.5",
    "held_out_mean": "held-out error of the mean (MSE)",
    "held_out_text": "nDCG@10 of held-out documents, text alone",
    "hybrid_weight": "default weight of the vector score",
    "inputs": "input dimensions",
    "judged_queries": "judged queries of the weight",
    "judged_weight": "weight of the vector score, fitted to judged queries",
    "judged_weight_high": "upper end of its 95 % interval",
    "judged_weight_low": "lower end of its 95 % interval",
    "kl": "KL divergence",
    "known_words": "share of known words",
    "krylov_steps": "Krylov steps of the SVD",
    "mean": "error of the mean (MSE)",
    "met": "different pairs",
    "modes": "classes generated",
    "mse": "mean squared error",
    "negative_mass": "share of squared negative eigenvalues",
    "nonzeros": "nonzero entries",
    "pairs": "co-occurring pairs",
    "pictures": "training images",
    "rate": "learning rate",
    "residual": "relative residual of the SVD",
    "score_of_held_out": "discriminator score, held-out images",
    "score_of_made": "discriminator score, generated images",
    "score_of_real": "discriminator score, real images",
    "score_of_shown": "discriminator score, training images",
    "self_retrieval": "self-retrieval (mean reciprocal rank)",
    "steepness": "gradient penalty",
    "strangeness": "distance to real images (1 = between real ones)",
    "terms": "vocabulary",
    "walked": "nodes in all walks",
    "words_read": "tokens read",
}


def metric_name(key: str) -> str:
    """The name of a metric on pages. The seconds of a stage are named after it, other keys by their own words."""
    if key.startswith("seconds_"):
        return f"{key.removeprefix('seconds_').replace('_', ' ')} (s)"
    return METRIC_NAMES.get(key, key.replace("_", " "))

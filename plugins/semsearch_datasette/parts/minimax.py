"""The minimax game of a GAN for its page: the formula, and the loss of the run in the same symbols."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semsearch.techniques import TECHNIQUES
from semsearch_datasette import links

# What each loss does with D = σ(score), by its name in `build gan --loss`.
LOSSES = {
    "minimax": "The generator minimises E_z[ln(1 − D(G(z)))] itself.",
    "non-saturating": "The generator maximises E_z[ln D(G(z))] instead, whose gradient does not vanish while D(G(z)) is"
    " small.",
    "hinge": "The discriminator pushes scores of real images above 1 and of generated ones below −1, and the generator"
    " maximises the score of its images.",
    "relativistic": "The discriminator compares pairs. It maximises E[ln σ(s(x) − s(G(z)))], where s is the score"
    " before the sigmoid function, and the generator maximises the same with x and G(z) exchanged.",
}


def context(datasette: Any, builder: str, options: Mapping[str, Any]) -> dict[str, Any] | None:
    """The formula, the loss and a link to the guide; None for a builder other than `gan`."""
    if builder != "gan":
        return None
    technique, loss = TECHNIQUES["gan"], str(options["loss"])
    return {
        "formulas": technique.formulas,
        "loss": loss,
        "about": LOSSES.get(loss, ""),
        "name": technique.name,
        "url": links.lecture(datasette, "gan"),
    }

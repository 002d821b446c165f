"""GAN losses of scores (n,) of real and of generated images, and the gradient penalty.

    minimax         D: -log σ(r) - log(1 - σ(f))     G: log(1 - σ(f))        Goodfellow et al. 2014; σ is the sigmoid
    non-saturating  D: the same                      G: -log σ(f)            the same paper's variant
    hinge           D: (1 - r)⁺ + (1 + f)⁺           G: -f                   Lim & Ye 2017
    relativistic    D: -log σ(r - f)                 G: -log σ(f - r)        Jolicoeur-Martineau 2018, in pairs

r are scores of real images, f of generated ones. In the relativistic loss only the difference of a pair counts, so that
a generator that drops a mode of the data loses against it. With gradient penalties at real and generated images it
converges where the others oscillate (Huang et al. 2024).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def discriminator_loss(name: str) -> Loss:
    """The discriminator's loss of scores (real, fake), (n,) each: a scalar."""
    losses: dict[str, Loss] = {
        "hinge": lambda real, fake: (F.relu(1 - real) + F.relu(1 + fake)).mean(),
        "relativistic": lambda real, fake: F.softplus(fake - real).mean(),
    }
    return losses.get(name, lambda real, fake: (F.softplus(-real) + F.softplus(fake)).mean())


def generator_loss(name: str) -> Loss:
    """The generator's loss of scores (real, fake), (n,) each: a scalar."""
    return {
        "minimax": lambda real, fake: -F.softplus(fake).mean(),
        "non-saturating": lambda real, fake: F.softplus(-fake).mean(),
        "hinge": lambda real, fake: -fake.mean(),
        "relativistic": lambda real, fake: F.softplus(real - fake).mean(),
    }[name]


def gradient_penalty(scores: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """The mean of ‖∇ score‖² over images (n, …) with scores (n,): R1 for real images, R2 for generated ones.

    Mescheder, Geiger & Nowozin 2018. It is differentiable, which takes a second backward pass.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1).mean()

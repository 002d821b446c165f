"""What the two nets of a GAN want: losses of scores (n,) of real and of made pictures, and the penalty on gradients.

    minimax         D: -log s(r) - log(1 - s(f))     G: log(1 - s(f))        Goodfellow et al. 2014; s is the sigmoid
    non-saturating  as above                         G: -log s(f)            the same paper's remedy
    hinge           D: (1 - r)+ + (1 + f)+           G: -f                   Lim & Ye 2017
    relativistic    D: -log s(r - f)                 G: -log s(f - r)        Jolicoeur-Martineau 2018, in pairs

In pairs no score matters but the difference, so that a generator that gives up part of what is real loses against it:
with gradients penalised at real and made pictures alike it converges where the others circle (Huang et al. 2024).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def for_discriminator(name: str) -> Loss:
    """Its loss of (real, made) scores, a scalar."""
    return {"hinge": _hinge, "relativistic": lambda real, made: F.softplus(made - real).mean()}.get(name, _told_apart)


def for_generator(name: str) -> Loss:
    """Its loss of (real, made) scores, a scalar."""
    return {
        "minimax": lambda real, made: -F.softplus(made).mean(),
        "non-saturating": lambda real, made: F.softplus(-made).mean(),
        "hinge": lambda real, made: -made.mean(),
        "relativistic": lambda real, made: F.softplus(real - made).mean(),
    }[name]


def _told_apart(real: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    return (F.softplus(-real) + F.softplus(made)).mean()


def _hinge(real: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    return (F.relu(1 - real) + F.relu(1 + made)).mean()


def gradient_penalty(scores: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """The mean of ‖∇ score‖² over pictures (n, …) that scores (n,) were made of: R1 at real ones, R2 at made ones.

    Mescheder, Geiger & Nowozin 2018. It can be followed itself, which takes a second pass backwards.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return gradient.square().flatten(1).sum(dim=1).mean()

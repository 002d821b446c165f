"""The distribution of latent codes, to sample from: a Gaussian, or a mixture of ten."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import InputError
from semsearch.maths.blas import one_thread

MIXTURE_COMPONENTS = 10  # Gaussians in a mixture
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Gaussians with `weights` (p,), `means` (p, dim) and `roots` (p, dim, dim), each a matrix L with L Lᵀ = Σ."""

    weights: Doubles
    means: Doubles
    roots: Doubles

    def draw(self, n: int, rng: np.random.Generator) -> FloatArray:
        """(n, dim) float32 random codes; the first rows do not depend on n."""
        from scipy.special import ndtr  # takes 50 ms, which other commands need not wait

        noise = rng.standard_normal((n, self.means.shape[1] + 1))
        share = ndtr(noise[:, -1])  # uniform in 0..1
        part = np.searchsorted(np.cumsum(self.weights)[:-1], share, side="right")
        return (self.means[part] + np.einsum("nij,nj->ni", self.roots[part], noise[:, :-1])).astype(np.float32)


@one_thread()
def fit_prior(codes: FloatArray, name: str, *, seed: int) -> Mixture:
    """`normal` N(0, I), `gaussian` with the codes' mean and covariance, or `mixture`: ten Gaussians by EM.

    codes (n, dim). Ghosh et al., "From Variational to Deterministic Autoencoders" (2020), sample from such a mixture.
    Raises InputError for fewer than two codes.
    """
    n, dim = codes.shape
    if name == "normal":
        return Mixture(np.ones(1), np.zeros((1, dim)), np.eye(dim)[None])
    if n < 2:
        raise InputError(f"There is {n} code: a distribution needs two or more")
    X = codes.astype(np.float64)
    floor = 1e-6 * float(X.var(axis=0).mean()) + 1e-12  # gives codes in fewer dimensions a root
    if name == "gaussian" or n < 2 * MIXTURE_COMPONENTS:
        covariance = np.asarray(np.cov(X.T), np.float64).reshape(dim, dim) + floor * np.eye(dim)
        return Mixture(np.ones(1), X.mean(axis=0)[None], np.asarray(np.linalg.cholesky(covariance)[None], np.float64))
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    unit = float(np.sqrt(X.var(axis=0).mean())) or 1.0
    mixture = GaussianMixture(MIXTURE_COMPONENTS, random_state=seed, reg_covar=1e-4, max_iter=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # after 50 iterations it is good enough to sample from
        mixture.fit(X / unit)
    weights = mixture.weights_ / mixture.weights_.sum()
    return Mixture(weights, mixture.means_ * unit, np.linalg.cholesky(mixture.covariances_) * unit)

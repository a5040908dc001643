"""Scores of the samples of a reference panel as if each had been left out of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

NODES = 4
"""Eigenvalues that stand for those of noise."""

BISECTIONS = 45
"""Halvings of the interval that holds an eigenvalue."""


@dataclass(frozen=True)
class Deletion:
    """The loadings that the panel would have without one of its samples, for several samples.

    With V the loadings, x the standardised dosages of the sample, c its scores on all components
    and r = x - V c what they leave over, the loadings without it are V ``mixing`` - r ``own``'.

    Attributes
    ----------
    scores : ndarray of float64, (samples, components)
        c, on all components.
    mixing : ndarray of float64, (samples, components, kept)
    own : ndarray of float64, (samples, kept)
    """

    scores: np.ndarray
    mixing: np.ndarray
    own: np.ndarray

    def __getitem__(self, samples: np.ndarray | slice) -> Deletion:
        return Deletion(*(getattr(self, f.name)[samples] for f in fields(self)))

    def project(self, products: np.ndarray, value: np.ndarray, squared: np.ndarray) -> np.ndarray:
        """Least-squares scores on those loadings, from sums over observed variants o.

        Parameters
        ----------
        products : ndarray of float64, (samples, components, components)
            V_o' V_o.
        value : ndarray of float64, (samples, components)
            Least-squares scores on V.
        squared : ndarray of float64, (samples,)
            Squared length of x_o.

        Returns
        -------
        ndarray of float64, (samples, kept)
        """
        b = times(products, value)
        fitted = times(products, self.scores)
        left = squared - np.einsum("ni,ni->n", self.scores, b)
        turned = self.mixing.swapaxes(1, 2)
        right = times(turned, b) - self.own * left[:, None]
        across = times(turned, b - fitted)
        length = left - np.einsum("ni,ni->n", self.scores, b - fitted)
        normal = turned @ (products @ self.mixing)
        crossed = across[:, :, None] * self.own[:, None]
        normal += (length[:, None] * self.own)[:, :, None] * self.own[:, None]
        normal -= crossed + crossed.swapaxes(1, 2)
        tiny = 1e-9 * np.eye(normal.shape[1])
        return np.asarray(np.linalg.solve(normal + tiny, right[..., None])[..., 0])


def alike(matrices: np.ndarray) -> bool:
    """Whether matrices are one for all samples, as where no call is missing."""
    return len(matrices) > 0 and matrices.strides[0] == 0


def times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The product of each matrix and its vector; (samples, i, j) and (samples, j)."""
    return np.asarray((matrices @ vectors[..., None])[..., 0])


def deletion(
    scores: np.ndarray, length: np.ndarray, eigenvalues: np.ndarray, spread: float, kept: int
) -> Deletion:
    """Loadings without each sample, turned towards those of all samples (Procrustes).

    Removing the sample x from the decomposition V diag(d) V' leaves the eigenvalues t that solve
    the secular equation sum_j u_j^2 / (d_j - t) = 0, with u_j^2 = c_j^2 / d_j and c = V' x
    (Golub 1973), and the eigenvectors (V diag(d) V' - t)^-1 x. The components beyond those that
    are known are noise: they share the rest of the sample's length, and their eigenvalues follow
    a Marchenko-Pastur distribution, of which a few nodes stand for all. A sample of which nothing
    was observed changes nothing.

    Parameters
    ----------
    scores : ndarray of float64, (samples, components)
    length : ndarray of float64, (samples,)
        Squared length of the standardised dosages.
    eigenvalues : ndarray of float64, (components,)
    spread : float
        Relative standard deviation of the eigenvalues of the other components.
    kept : int
    """
    mixing, own = _left_out(scores, length, eigenvalues, spread, kept)
    left, _, right = np.linalg.svd(mixing[:, :kept])
    back = (left @ right).swapaxes(1, 2)
    seen = (length > 0)[:, None]
    nothing = np.eye(scores.shape[1], kept)
    mixing = np.where(seen[..., None], mixing @ back, nothing)
    own = np.where(seen, times(back.swapaxes(1, 2), own), 0.0)
    return Deletion(scores, mixing, own)


def _left_out(
    scores: np.ndarray, length: np.ndarray, eigenvalues: np.ndarray, spread: float, kept: int
) -> tuple[np.ndarray, np.ndarray]:
    """``mixing`` and ``own`` of the components without a sample, in the order of eigenvalues."""
    u = scores**2 / eigenvalues
    rest = np.maximum(1 - u.sum(axis=1), 1e-6)
    remaining = np.maximum(length - (scores**2).sum(axis=1), 0)
    middle = remaining / rest
    nodes, share = _marchenko_pastur(spread)
    noise = np.minimum(nodes[:, None] * middle, eigenvalues[-1])
    roots = _roots(u, share[:, None] * rest, eigenvalues, noise, kept)
    gap = eigenvalues[:, None] - roots[:, None, :]
    floor = 1e-12 * eigenvalues[:, None]
    mixing = scores[:, :, None] / np.where(np.abs(gap) < floor, floor, gap)
    apart = np.maximum(np.abs(noise[..., None] - roots), 1e-9 * eigenvalues[-1])
    of_noise = ((share[:, None] * rest * noise)[..., None] / apart**2).sum(axis=0)
    norm = np.maximum(np.sqrt((mixing**2).sum(axis=1) + of_noise), 1e-6)
    mixing = mixing / norm[:, None, :]
    along = times(mixing.swapaxes(1, 2), scores) - 1 / norm
    return mixing, along / np.maximum(remaining, 1e-9)[:, None]


def _roots(
    u: np.ndarray, rest: np.ndarray, eigenvalues: np.ndarray, noise: np.ndarray, kept: int
) -> np.ndarray:
    """The ``kept`` largest roots of the secular equation, by bisection; (samples, kept)."""
    roots = np.empty((len(u), kept))
    for k in range(kept):
        below = eigenvalues[k + 1] if k + 1 < len(eigenvalues) else 0.0
        low = np.maximum(noise.max(axis=0), below) if below == 0 else np.full(len(u), below)
        high = np.full(len(u), eigenvalues[k])
        low = np.minimum(low, high)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            with np.errstate(divide="ignore", invalid="ignore"):
                value = (u / (eigenvalues - middle[:, None])).sum(axis=1)
                value += (rest / (noise - middle)).sum(axis=0)
            low, high = np.where(value < 0, middle, low), np.where(value < 0, high, middle)
        roots[:, k] = (low + high) / 2
    return roots


def _marchenko_pastur(spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss quadrature for eigenvalues of noise of mean 1; (nodes,) each.

    The recurrence of its orthogonal polynomials has the coefficients 1, 1 + g, 1 + g, .. and
    sqrt(g), with g the variance.
    """
    matrix = np.diag([1.0] + [1 + spread**2] * (NODES - 1))
    matrix += spread * (np.eye(NODES, k=1) + np.eye(NODES, k=-1))
    nodes, vectors = np.linalg.eigh(matrix)
    return nodes, vectors[0] ** 2

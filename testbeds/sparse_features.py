"""Features that are sparse and as unevenly frequent as words: adaptive steps per coordinate pay."""

from __future__ import annotations

from functools import cache

import numpy as np

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.linear_model import LinearModel
from ratecheck.testbeds.losses import Absolute
from ratecheck.theory.errors import require_count, require_positive

SEED = 4_409


@cache
def zipf_features(m: int = 400, n: int = 50, exponent: float = 1.0, samples: int = 1, seed: int = 0) -> LinearModel:
    """Return least absolute deviations whose feature j is 1 with chance ``j**-exponent`` and else 0.

    The targets are those of x*, a random sign in each coordinate, so that f* = 0 is planted; a feature that no sample
    shows is put into one. The box is [-2, 2]^n.

    Parameters
    ----------
    m, n : int
        Samples and features.
    exponent : float
        1 is Zipf's law.
    samples, seed : int
    """
    require_count("m", m)
    require_count("n", n)
    require_positive("exponent", exponent)
    rng = np.random.default_rng([SEED, m, n, seed])
    A = (rng.random((m, n)) < np.arange(1, n + 1) ** -exponent).astype(np.float64)
    for j in np.flatnonzero(A.sum(axis=0) == 0):
        A[rng.integers(m), j] = 1.0
    x = rng.choice([-1.0, 1.0], n)
    box = Box(np.full(n, -2.0), np.full(n, 2.0))
    return LinearModel("Zipf features", A, A @ x, Absolute(), domain=box, samples=samples, optimum=x)


EXAMPLES = {
    "zipf-features": zipf_features(30, 5),
}

"""The table of AUC maximisation: iterations of MGSR1-SP and of its rivals, on bundled data or on a user's file.

``ratecheck auc a9a w8a`` prints it for files in svmlight form; without a file, for the
breast cancer and digits data that scikit-learn brings along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ratecheck.experiments.saddle_table import Rival, Row, Setting, race
from ratecheck.testbeds.auc import auc_saddle, breast_cancer, digits, training_auc
from ratecheck.testbeds.saddle import QuadraticSaddle
from ratecheck.testbeds.svmlight import read_svmlight
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.methods.quasi_newton import MGSR1SP, ReleasedQuasiNewton
from ratecheck.theory.methods.saddle import EAGV, OGDA, Extragradient
from ratecheck.theory.stationarity.saddle import RELATIVE_OPERATOR_NORM

LEVELS = (1e-3, 1e-6, 1e-10)
SHARES = (100.0, 1.0, 0.01)
UPDATES = (1, 10, 50)
MARGIN = 1.05  # G_0 = (1.05 L)^2 I, so that its top eigenvalue is not met by chance
EXTRA_STEPS = 8  # steps after ceil(n/tau) that an ill-conditioned problem may take to arrive
FIRST_ORDER_STEPS = 3000


def auc_table(
    path: Path | str | None = None,
    *,
    shares: Sequence[float] = SHARES,
    updates: Sequence[int] = UPDATES,
    steps: int = FIRST_ORDER_STEPS,
    seed: int = 0,
) -> list[Row]:
    """Return the rows of the table; MGSR1-SP must arrive within ceil(n / tau) + 2 iterations.

    Parameters
    ----------
    path : path, optional
        Data in svmlight form; the bundled data sets if None.
    shares : sequence of float
        lambda = share / samples.
    updates : sequence of int
        tau of MGSR1-SP; a number above the dimension is taken as the dimension.
    steps : int
        Steps of the first-order methods and of BFGS.
    seed : int
        Root seed of the random directions.

    Raises
    ------
    InputError
        If the file cannot be read or holds a single class, or a number is not allowed.
    """
    require_count("steps", steps)
    for share in shares:
        require_positive("lambda times the samples", share)
    for count in updates:
        require_count("updates", count)
    rows = []
    for name, features, labels in _data(path):
        for share in shares:
            problem = auc_saddle(features, labels, share / len(labels), f"AUC maximisation, {name}")
            score = training_auc(features @ problem.facts["x_star"][: features.shape[1]], labels)
            setting = Setting(name, f"{share:g}/m", float(problem.facts["condition"]), score)
            rivals = _rivals(problem, updates, steps)
            rows += race(problem, setting, rivals, RELATIVE_OPERATOR_NORM, LEVELS, seed)
    return rows


def _data(path: Path | str | None) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    if path is not None:
        yield (Path(path).name, *read_svmlight(path))
        return
    yield ("breast cancer", *breast_cancer())
    yield ("digits, 0 against rest", *digits())


def _rivals(problem: QuadraticSaddle, updates: Sequence[int], steps: int) -> list[Rival]:
    L, n = problem.facts["smoothness"], problem.facts["dimension"]
    scale = (MARGIN * L) ** 2
    blocks = {tau: -(-n // tau) for tau in (min(count, n) for count in updates)}
    return [
        *(Rival("MGSR1-SP", MGSR1SP(scale, tau), tau, k + EXTRA_STEPS, k + 2) for tau, k in blocks.items()),
        Rival("random SR1, inverse form", ReleasedQuasiNewton(scale, "sr1"), 1, n + EXTRA_STEPS),
        Rival("random BFGS, inverse form", ReleasedQuasiNewton(scale, "bfgs"), 1, steps),
        Rival("extragradient", Extragradient(float(np.sqrt(0.5)) / L), 0, steps),
        Rival("OGDA", OGDA(0.5 / L), 0, steps),
        Rival("EAG-V", EAGV(0.618 / L, L), 0, steps),
    ]

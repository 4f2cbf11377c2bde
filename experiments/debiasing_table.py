"""The table of adversarial debiasing: MGSR1-SP and its rivals near the saddle point, on synthetic data or on a file.

The game is strongly convex and strongly concave near its saddle point only, so that every method starts after the same
extragradient steps, and no number of iterations is promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ratecheck.experiments.saddle_table import Rival, Row, Setting, race
from ratecheck.testbeds.saddle_debiasing import Debiasing, debiasing_from_file, synthetic_debiasing
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.methods.quasi_newton import MGSR1SP, PartialQuasiNewton, ReleasedQuasiNewton
from ratecheck.theory.methods.saddle import OGDA, Extragradient
from ratecheck.theory.stationarity.saddle import OPERATOR_NORM

LEVELS = (1e-6, 1e-8, 1e-10)
UPDATES = (1, 5, 25)
STEPS = 1000
WARM_START = 3000
MARGIN = 2.0  # the spectrum moves little near the saddle point; twice its top covers the way there


def debiasing_table(
    path: Path | str | None = None,
    *,
    protected: int = 0,
    regularisation: float = 1e-4,
    warm_start: int = WARM_START,
    updates: Sequence[int] = UPDATES,
    steps: int = STEPS,
    seed: int = 0,
) -> list[Row]:
    """Return the rows of the table; the score is the share of training labels that the saddle point gets right.

    Parameters
    ----------
    path : path, optional
        Data in svmlight form; synthetic data if None.
    protected : int
        Column of the file, from 0, that holds the protected attribute.
    regularisation : float
        lambda and gamma.
    warm_start : int
        Extragradient steps from the origin before any method starts.
    updates : sequence of int
        tau of MGSR1-SP; a number above the dimension is taken as the dimension.
    steps : int
        The most that any method takes.
    seed : int
        Root seed of the random directions.

    Raises
    ------
    InputError
        If the file cannot be read, the labels or the protected attribute have not two classes, a number is not
        allowed, or the warm start does not lead to a saddle point.
    """
    require_positive("lambda", regularisation)
    for name, count in (("steps", steps), ("the warm start", warm_start), *(("updates", tau) for tau in updates)):
        require_count(name, count)
    if path is None:
        data, problem = "synthetic", synthetic_debiasing(regularisation=regularisation, warm_start=warm_start)
    else:
        data = Path(path).name
        problem = debiasing_from_file(path, protected, regularisation, warm_start)
    problem = problem.started_warm()
    facts = problem.facts
    right = np.sign(problem.features @ facts["x_star"][: problem.split]) == problem.labels
    condition = facts["local_smoothness"] / facts["local_singular_min"]
    setting = Setting(data, f"{regularisation:g}", float(condition), float(right.mean()))
    return race(problem, setting, _rivals(problem, updates, steps), OPERATOR_NORM, LEVELS, seed)


def _rivals(problem: Debiasing, updates: Sequence[int], steps: int) -> list[Rival]:
    L, n = problem.facts["local_smoothness"], problem.facts["dimension"]
    scale = MARGIN * L**2
    taus = dict.fromkeys(min(count, n) for count in updates)
    return [
        *(
            Rival(f"MGSR1-SP, M = {M:g}", MGSR1SP(scale, tau, correction=M, signed=True), tau, steps)
            for M in (0.0, 1.0)
            for tau in taus
        ),
        Rival("partial quasi-Newton", PartialQuasiNewton(MARGIN * L), 1, steps),
        Rival("random SR1, inverse form", ReleasedQuasiNewton(scale, "sr1"), 1, steps),
        Rival("random BFGS, inverse form", ReleasedQuasiNewton(scale, "bfgs"), 1, steps),
        Rival("extragradient", Extragradient(float(np.sqrt(0.5)) / L), 0, steps),
        Rival("OGDA", OGDA(0.5 / L), 0, steps),
    ]

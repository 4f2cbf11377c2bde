"""Which families of instances a theorem can be attacked with: those of the class that it speaks about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.experiments.theorem_class import Statement
from ratecheck.testbeds.families import Family, Maxima, SharpMaxima
from ratecheck.testbeds.families_noisy import Coins
from ratecheck.testbeds.families_online import Losses
from ratecheck.testbeds.families_operators import LinearOperators
from ratecheck.testbeds.families_smooth import Bent, Dips, quadratics
from ratecheck.theory import function_class as classes
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.gradient import Projected

MOST_PIECES = 24  # of a maximum, or of a sequence of losses: each step of a run can be shown one
BENDS = 8  # pieces on each side of a function with a bent derivative
MOST_DIPS = 41
LOSS_DIM = 3
MOST_NOISY_PIECES = 12  # of a maximum with a row for each outcome
MOST_COINS = 5  # answers with noise, whose outcomes are all run: 32 rows for each function


def _maxima(theorem: Statement) -> list[Family]:
    lipschitz, radius, diameter = _number(theorem, "lipschitz"), _radius(theorem), _diameter(theorem)
    pieces = min(theorem.horizon + 1, MOST_PIECES)
    sizes = sorted({(min(pieces, 3), 2), (pieces, pieces)})
    return [Maxima(lipschitz, radius, m, d, diameter) for m, d in sizes]


def _sharp(theorem: Statement) -> list[Family]:
    return [SharpMaxima(_number(theorem, "lipschitz"), _radius(theorem), d) for d in (2, 4)]


def _smooth_convex(theorem: Statement) -> list[Family]:
    _require_whole_space(theorem)
    L, R = _number(theorem, "smoothness"), _radius(theorem)
    return [Bent(L, 0.0, R, BENDS, 1), Bent(L, 0.0, R, 3, 2)]


def _strongly_convex(theorem: Statement) -> list[Family]:
    _require_whole_space(theorem)
    L, mu, R = _number(theorem, "smoothness"), _number(theorem, "strong_convexity"), _radius(theorem)
    return [Bent(L, mu, R, BENDS, 1), Bent(L, mu, R, 3, 2)]


def _smooth(theorem: Statement) -> list[Family]:
    _require_whole_space(theorem)
    L = _number(theorem, "smoothness")
    return [Dips(L, L, 4), Dips(L, L, min(2 * theorem.horizon + 1, MOST_DIPS))]


def _quadratics(theorem: Statement) -> list[Family]:
    _require_whole_space(theorem)
    L, mu = _number(theorem, "smoothness"), _number(theorem, "strong_convexity")
    return [quadratics(L, mu, _radius(theorem), d) for d in (1, 3)]


def _losses(theorem: Statement) -> list[Family]:
    G, D = _number(theorem, "gradient_bound"), _number(theorem, "diameter")
    centred = theorem.function_class is classes.LOSSES_ON_BALL
    return [Losses(G, D, theorem.horizon, LOSS_DIM, min(theorem.horizon, MOST_PIECES), centred)]


def _noisy_maxima(theorem: Statement) -> list[Family]:
    facts = theorem.facts
    square = float(facts["second_moment"] if "second_moment" in facts else facts["lipschitz"] ** 2)
    variance = float(facts["noise_variance"]) if "noise_variance" in theorem.read else None
    surely = not theorem.claim.bound.measure.id.startswith("mean ")
    coins, pieces = (
        min(theorem.horizon, MOST_PIECES if surely else MOST_COINS),
        min(theorem.horizon + 1, MOST_NOISY_PIECES),
    )
    inner = [
        Maxima(square**0.5, _radius(theorem), m, d, _diameter(theorem)) for m, d in sorted({(2, 2), (pieces, pieces)})
    ]
    return [Coins(one, coins, variance, square, surely=surely) for one in inner]


def _noisy_bent(theorem: Statement) -> list[Family]:
    _require_whole_space(theorem)
    facts = theorem.facts
    L = float(facts["smoothness"] if "smoothness" in facts else facts["sample_smoothness"])
    strong = theorem.function_class is classes.NOISY_STRONGLY_CONVEX
    mu = _number(theorem, "strong_convexity") if strong else 0.0
    variances = [float(facts[name]) for name in ("noise_variance", "noise_at_optimum") if name in facts]
    if not variances:
        raise InputError(
            f"claim {theorem.claim.id} has no search space: {theorem.problem.name} does not know the variance of its "
            "answers."
        )
    coins = min(theorem.horizon, MOST_COINS)
    return [Coins(Bent(L, mu, _radius(theorem), m, d), coins, min(variances)) for m, d in ((3, 1), (1, 2))]


def _operators(theorem: Statement) -> list[Family]:
    _require_whole_space(theorem)
    strong = theorem.function_class is classes.STRONGLY_MONOTONE
    mu = _number(theorem, "strong_convexity") if strong else 0.0
    return [LinearOperators(_number(theorem, "smoothness"), mu, _radius(theorem), d) for d in (2, 3)]


_FAMILIES: dict[str, Callable[[Statement], list[Family]]] = {
    classes.CONVEX_LIPSCHITZ.id: _maxima,
    classes.SHARP_LIPSCHITZ.id: _sharp,
    classes.SMOOTH_CONVEX.id: _smooth_convex,
    classes.SMOOTH_STRONGLY_CONVEX.id: _strongly_convex,
    classes.SMOOTH.id: _smooth,
    classes.QUADRATIC.id: _quadratics,
    classes.ONLINE_LOSSES.id: _losses,
    classes.LOSSES_ON_BALL.id: _losses,
    classes.MONOTONE.id: _operators,
    classes.STRONGLY_MONOTONE.id: _operators,
    classes.NOISY_CONVEX.id: _noisy_maxima,
    classes.NOISY_SMOOTH_CONVEX.id: _noisy_bent,
    classes.NOISY_STRONGLY_CONVEX.id: _noisy_bent,
}


def families(theorem: Statement) -> list[Family]:
    """Return the families of the theorem's class, each member with exactly the claim's constants.

    Raises
    ------
    InputError
        If there is none for this class, or a constant differs from instance to instance.
    """
    make = _FAMILIES.get(theorem.function_class.id)
    if make is None:
        raise InputError(
            f"claim {theorem.claim.id} has no search space: there is no family of {theorem.function_class.title} here; "
            f"the classes with one are {', '.join(_FAMILIES)}."
        )
    return make(theorem)


def _number(theorem: Statement, name: str) -> float:
    return float(theorem.facts[name])


def _radius(theorem: Statement) -> float:
    return _number(theorem, "radius") if "radius" in theorem.facts else 1.0


def _diameter(theorem: Statement) -> float | None:
    domain: Any = getattr(theorem.problem, "domain", None)
    diameter = getattr(domain, "diameter", None)
    return None if diameter is None else float(diameter)


def _require_whole_space(theorem: Statement) -> None:
    # Where the method does not project, the set says nothing about its run.
    if _diameter(theorem) is not None and _projects(theorem.method()):
        raise InputError(
            f"claim {theorem.claim.id} has no search space: its problem is on a bounded set, and the families of "
            f"{theorem.function_class.title} are on the whole space."
        )


def _projects(method: Any) -> bool:
    while hasattr(method, "inner"):
        if isinstance(method, Projected):
            return True
        method = method.inner
    return False

"""The classes of functions, losses and operators that theorems speak about, by the constants that define them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionClass:
    """A class that a theorem quantifies over.

    Parameters
    ----------
    id : str
    title : str
        In words, in the plural.
    constants : tuple of str
        Names of the facts that define it.
    """

    id: str
    title: str
    constants: tuple[str, ...]


CONVEX_LIPSCHITZ = FunctionClass(
    "convex-lipschitz", "convex functions with subgradients of norm at most M", ("lipschitz",)
)
STRONGLY_CONVEX_LIPSCHITZ = FunctionClass(
    "strongly-convex-lipschitz",
    "mu-strongly convex functions with subgradients of norm at most M",
    ("lipschitz", "strong_convexity"),
)
SHARP_LIPSCHITZ = FunctionClass(
    "sharp-lipschitz", "convex M-Lipschitz functions with f - f* at least m dist(x, X*)", ("lipschitz", "sharpness")
)
SMOOTH_CONVEX = FunctionClass("smooth-convex", "L-smooth convex functions", ("smoothness",))
SMOOTH_STRONGLY_CONVEX = FunctionClass(
    "smooth-strongly-convex", "L-smooth mu-strongly convex functions", ("smoothness", "strong_convexity")
)
INEXACT_GRADIENTS = FunctionClass(
    "inexact-gradients",
    "L-smooth mu-strongly convex functions seen through gradients with a relative error of at most eps",
    ("smoothness", "strong_convexity", "relative_error"),
)
SMOOTH = FunctionClass("smooth", "L-smooth functions, convex or not, that are bounded below", ("smoothness",))
QUADRATIC = FunctionClass(
    "quadratic", "quadratics with eigenvalues between mu and L", ("smoothness", "strong_convexity")
)
LOJASIEWICZ = FunctionClass(
    "lojasiewicz", "L-smooth functions with f - f* at most |grad f|^2/(2 mu)", ("smoothness", "lojasiewicz")
)
ONLINE_LOSSES = FunctionClass(
    "online-losses",
    "sequences of convex losses with subgradients of norm at most G on a convex set of diameter D",
    ("gradient_bound", "diameter"),
)
LOSSES_ON_BALL = FunctionClass(
    "losses-on-ball",
    "sequences of convex losses with subgradients of norm at most G on the ball of diameter D around the start",
    ("gradient_bound", "diameter"),
)
NOISY_CONVEX = FunctionClass(
    "noisy-convex",
    "convex functions with unbiased stochastic subgradients of second moment at most G^2",
    ("second_moment",),
)
NOISY_SMOOTH_CONVEX = FunctionClass(
    "noisy-smooth-convex",
    "L-smooth convex functions with unbiased stochastic gradients of variance at most sigma^2",
    ("smoothness", "noise_variance"),
)
NOISY_STRONGLY_CONVEX = FunctionClass(
    "noisy-smooth-strongly-convex",
    "L-smooth mu-strongly convex functions with unbiased stochastic gradients of variance at most sigma^2",
    ("smoothness", "strong_convexity", "noise_variance"),
)
MONOTONE = FunctionClass("monotone", "monotone L-Lipschitz operators", ("smoothness",))
STRONGLY_MONOTONE = FunctionClass(
    "strongly-monotone", "mu-strongly monotone L-Lipschitz operators", ("smoothness", "strong_convexity")
)
ITS_OWN_INSTANCE = FunctionClass("its-own-instance", "the instance that the claim names, and no other", ())

CLASSES = {
    one.id: one
    for one in (
        CONVEX_LIPSCHITZ,
        STRONGLY_CONVEX_LIPSCHITZ,
        SHARP_LIPSCHITZ,
        SMOOTH_CONVEX,
        SMOOTH_STRONGLY_CONVEX,
        INEXACT_GRADIENTS,
        SMOOTH,
        QUADRATIC,
        LOJASIEWICZ,
        ONLINE_LOSSES,
        LOSSES_ON_BALL,
        NOISY_CONVEX,
        NOISY_SMOOTH_CONVEX,
        NOISY_STRONGLY_CONVEX,
        MONOTONE,
        STRONGLY_MONOTONE,
        ITS_OWN_INSTANCE,
    )
}
# What a theorem that does not name its class is taken to speak about. A class that needs a further hypothesis, such as
# nonconvex or quadratic functions, cannot be told by constants and must be named in the bound.
_SUGGESTED = (
    INEXACT_GRADIENTS,
    LOJASIEWICZ,
    SMOOTH_STRONGLY_CONVEX,
    SMOOTH_CONVEX,
    SHARP_LIPSCHITZ,
    STRONGLY_CONVEX_LIPSCHITZ,
    CONVEX_LIPSCHITZ,
    ONLINE_LOSSES,
)
# Noise that is added to the gradient is the same everywhere, and every sample bends as the function does.
SAME_WITH_ADDED_NOISE = {
    "sample_smoothness": "smoothness",
    "sample_strong_convexity": "strong_convexity",
    "noise_at_optimum": "noise_variance",
}
START_FACTS = frozenset({"radius", "initial_gap", "initial_gradient_norm"})
OTHER_FACTS = frozenset({"f_star", "x_star", "dim", "diameter", "widths"})


def suggested_operator_class(read: Set[str]) -> FunctionClass | None:
    """Return the class of operators that the constants in a theorem suggest, None if they suggest none."""
    known = read - START_FACTS - OTHER_FACTS
    if not known <= {"smoothness", "strong_convexity"}:
        return None
    return STRONGLY_MONOTONE if "strong_convexity" in known else MONOTONE


def suggested_noisy_class(read: Set[str]) -> FunctionClass | None:
    """Return the class with stochastic answers that the constants in a theorem suggest, None if they suggest none."""
    plain = {SAME_WITH_ADDED_NOISE.get(name, name) for name in read}
    others = START_FACTS | OTHER_FACTS
    if plain & {"second_moment", "lipschitz"}:
        return NOISY_CONVEX if plain - others <= {"second_moment", "lipschitz", "noise_variance"} else None
    # A false theorem may read less than it should: that its variance matters is what it leaves out.
    known = plain - others
    if not known or not known <= {"smoothness", "strong_convexity", "noise_variance"}:
        return None
    return NOISY_STRONGLY_CONVEX if "strong_convexity" in known else NOISY_SMOOTH_CONVEX


def suggested_class(read: Set[str]) -> FunctionClass | None:
    """Return the class that the constants in a theorem suggest, None if they suggest none.

    Parameters
    ----------
    read : set of str
        Names of the facts that the bound, its assumptions and the step rule read.
    """
    for one in _SUGGESTED:
        needed = frozenset(one.constants)
        if needed <= read and read - needed <= START_FACTS | OTHER_FACTS:
            return one
    return None

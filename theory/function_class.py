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
START_FACTS = frozenset({"radius", "initial_gap", "initial_gradient_norm"})
OTHER_FACTS = frozenset({"f_star", "x_star", "dim", "diameter", "widths"})


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

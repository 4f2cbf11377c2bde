"""Claims on accelerated and optimal methods for smooth convex functions, and on what no method can do."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.smooth import (
    CURVATURE,
    LADDER,
    TAGS,
    descent,
    exact,
    half_square_with,
    random_batch,
    smooth_batch,
    strong_batch,
    worst_for_gap,
)
from ratecheck.testbeds.worst_case_chain import TridiagonalQuadratic
from ratecheck.testbeds.worst_case_univariate import half_square, huber, huber_threshold
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds.accelerated import (
    SM_10,
    SM_11,
    SM_11_EXTRAPOLATED,
    SM_12,
    SM_13,
    SM_14,
    SM_15,
    SM_16,
    SM_17,
    ogm_factor,
)
from ratecheck.theory.bounds.smooth_lower import SML_01, SML_01_DISTANCE, SML_02, SML_03, SML_03_DISTANCE
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.accelerated import ITEM, OGM, OGMG, Silver, TripleMomentum
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.nesterov import Extrapolated, Fista, Nesterov, constant_momentum

CHAIN_SIZE = 400


def nesterov(facts: Facts, horizon: int) -> Nesterov:
    """Return Nesterov's method with momentum k/(k+3)."""
    return Nesterov(1 / facts["smoothness"])


def fista(facts: Facts, horizon: int) -> Fista:
    """Return FISTA."""
    return Fista(1 / facts["smoothness"])


def fista_extrapolated(facts: Facts, horizon: int) -> Extrapolated:
    """Return FISTA's extrapolated point."""
    return Extrapolated(Fista(1 / facts["smoothness"]))


def nesterov_strong(facts: Facts, horizon: int) -> Nesterov:
    """Return Nesterov's method with constant momentum."""
    return Nesterov(1 / facts["smoothness"], constant_momentum(facts["smoothness"], facts["strong_convexity"]))


def ogm(facts: Facts, horizon: int) -> OGM:
    """Return OGM for the horizon."""
    return OGM(facts["smoothness"], horizon)


def ogm_g(facts: Facts, horizon: int) -> OGMG:
    """Return OGM-G for the horizon."""
    return OGMG(facts["smoothness"], horizon)


def triple_momentum(facts: Facts, horizon: int) -> TripleMomentum:
    """Return the triple momentum method."""
    return TripleMomentum(facts["smoothness"], facts["strong_convexity"])


def item(facts: Facts, horizon: int) -> ITEM:
    """Return ITEM."""
    return ITEM(facts["smoothness"], facts["strong_convexity"])


def silver(facts: Facts, horizon: int) -> Subgradient:
    """Return gradient descent with silver steps."""
    return Subgradient(Silver(1 / facts["smoothness"]))


def huber_for_nesterov(horizon: int) -> Any:
    """Return the worst Huber function of Nesterov's method, which walks (N^2+5N+2)/8 thresholds in N steps."""
    return huber(huber_threshold((horizon**2 + 5 * horizon + 2) / 8))


def huber_for_ogm(horizon: int) -> Any:
    """Return the worst Huber function of OGM, which walks (theta_N^2-1)/2 thresholds."""
    return huber(huber_threshold((ogm_factor(horizon) ** 2 - 1) / 2))


def _huber_for_ogm_g(horizon: int) -> Any:
    return huber(2 / (ogm_factor(horizon) ** 2 + 1))


def _half_square(horizon: int) -> Any:
    return half_square(1.0)


def _huber(horizon: int) -> Any:
    return huber(0.01)


def _chain(horizon: int) -> TridiagonalQuadratic:
    return TridiagonalQuadratic(2 * horizon + 1)


def _strong_chain(horizon: int) -> TridiagonalQuadratic:
    return TridiagonalQuadratic(CHAIN_SIZE, 1.0, CURVATURE)


def _upper(id: str, title: str, bound: Bound, problem: Any, method: Any, **other: Any) -> Claim:
    fields: dict[str, Any] = {"horizons": (200,), "tags": (*TAGS, "momentum"), **other}
    return Claim(id=id, title=title, bound=bound, problem=problem, method=method, **fields)


def _lower(id: str, title: str, bound: Bound, problem: Any, method: Any, **other: Any) -> Claim:
    fields: dict[str, Any] = {"horizons": (2, 5, 10, 20, 40), "tags": (*TAGS, "lower-bound"), **other}
    return Claim(id=id, title=title, bound=bound, problem=problem, method=method, **fields)


_MOMENTUM = (*TAGS, "momentum", "exact")
_CHAIN_METHODS = {"gradient-descent": descent(1.0), "nesterov": nesterov, "ogm": ogm}
_STRONG_METHODS = {"gradient-descent": descent(1.0), "nesterov": nesterov_strong, "triple-momentum": triple_momentum}
_ATTAINED: dict[str, Any] = {"attained": 1.0, "attained_tolerance": 1e-9}

CLAIMS = (
    exact("sm-10-huber", "Nesterov's method", SM_10, huber_for_nesterov, nesterov, tags=_MOMENTUM),
    random_batch(SM_10, "Nesterov's method", smooth_batch, nesterov),
    _upper("sm-11-huber", "FISTA on the worst Huber function of Nesterov's method", SM_11, _huber, fista),
    random_batch(SM_11, "FISTA", smooth_batch, fista, horizons=(40,)),
    _upper("sm-11-extrapolated-huber", "FISTA's extrapolated point", SM_11_EXTRAPOLATED, _huber, fista_extrapolated),
    random_batch(SM_11_EXTRAPOLATED, "FISTA's extrapolated point", smooth_batch, fista_extrapolated, horizons=(40,)),
    _upper("sm-12-chain", "constant momentum on the strongly convex chain", SM_12, _strong_chain, nesterov_strong),
    random_batch(SM_12, "constant momentum", strong_batch, nesterov_strong, horizons=(40,)),
    exact("sm-13-huber", "OGM on its Huber function", SM_13, huber_for_ogm, ogm, tags=_MOMENTUM),
    exact("sm-13-half-square", "OGM on the half square", SM_13, _half_square, ogm, tags=_MOMENTUM),
    random_batch(SM_13, "OGM", smooth_batch, ogm),
    exact(
        "sm-14-huber",
        "OGM-G on its Huber function",
        SM_14,
        _huber_for_ogm_g,
        ogm_g,
        tags=_MOMENTUM,
        horizons=LADDER[:-2],
    ),
    random_batch(SM_14, "OGM-G", smooth_batch, ogm_g),
    exact(
        "sm-15-half-square",
        "triple momentum on the half square",
        SM_15,
        half_square_with(1.0),
        triple_momentum,
        tags=_MOMENTUM,
        horizons=(30,),
    ),
    random_batch(SM_15, "triple momentum", strong_batch, triple_momentum, horizons=(40,)),
    *(
        exact(
            f"sm-16-{end}", f"ITEM, curvature {end}", SM_16, half_square_with(c), item, tags=_MOMENTUM, horizons=(30,)
        )
        for end, c in (("mu", CURVATURE), ("l", 1.0))
    ),
    random_batch(SM_16, "ITEM", strong_batch, item, horizons=(40,)),
    _upper("sm-17-huber", "silver steps", SM_17, _huber, silver, horizons=(1, 3, 7, 15, 31, 63, 127), tags=TAGS),
    random_batch(SM_17, "silver steps", smooth_batch, silver, horizons=(1, 3, 7, 15, 31)),
    *(
        _lower(
            f"sml-01-{name}",
            f"{name.replace('-', ' ')}: the gap on the chain",
            SML_01,
            _chain,
            method,
            quick=name == "ogm",
        )
        for name, method in _CHAIN_METHODS.items()
    ),
    *(
        _lower(
            f"sml-01-distance-{name}", f"{name.replace('-', ' ')} stays far from x*", SML_01_DISTANCE, _chain, method
        )
        for name, method in _CHAIN_METHODS.items()
    ),
    _lower(
        "sml-02-ogm",
        "OGM meets the lower bound of all methods",
        SML_02,
        huber_for_ogm,
        ogm,
        horizons=LADDER,
        **_ATTAINED,
    ),
    _lower("sml-02-nesterov", "Nesterov's method is above it", SML_02, huber_for_nesterov, nesterov, horizons=LADDER),
    _lower("sml-02-gradient-descent", "gradient descent is above it", SML_02, worst_for_gap(1.0), descent(1.0)),
    *(
        _lower(f"sml-03-{name}", f"{name.replace('-', ' ')}: strongly convex chain", SML_03, _strong_chain, method)
        for name, method in _STRONG_METHODS.items()
    ),
    *(
        _lower(f"sml-03-distance-{name}", f"{name.replace('-', ' ')}: distance", SML_03_DISTANCE, _strong_chain, method)
        for name, method in _STRONG_METHODS.items()
    ),
)

"""Measures of how far a point or a run is from being optimal."""

from ratecheck.theory.stationarity import (
    aggregation,
    carried,
    certificate,
    estimation,
    generalized,
    goldstein,
    moments,
    moreau,
    quasi_newton,
    relative,
    saddle,
    saddle_steps,
)
from ratecheck.theory.stationarity.basic import (
    DISTANCE,
    GAP,
    GRADIENT_NORM,
    GRADIENT_NORM_L1,
    REGRET,
    SQUARED_DISTANCE,
    SQUARED_GRADIENT_NORM,
)
from ratecheck.theory.stationarity.measure import Measure

MEASURES = {
    measure.id: measure
    for measure in (
        GAP,
        DISTANCE,
        SQUARED_DISTANCE,
        GRADIENT_NORM,
        GRADIENT_NORM_L1,
        SQUARED_GRADIENT_NORM,
        REGRET,
        *saddle.MEASURES,
        *saddle_steps.MEASURES,
        *quasi_newton.MEASURES,
        *aggregation.MEASURES,
        *certificate.MEASURES,
        *estimation.MEASURES,
        *moments.MEASURES,
        *relative.MEASURES,
        *carried.MEASURES,
        *moreau.MEASURES,
        *goldstein.MEASURES,
        *generalized.MEASURES,
    )
}

__all__ = [
    "DISTANCE",
    "GAP",
    "GRADIENT_NORM",
    "GRADIENT_NORM_L1",
    "MEASURES",
    "REGRET",
    "SQUARED_DISTANCE",
    "SQUARED_GRADIENT_NORM",
    "Measure",
]

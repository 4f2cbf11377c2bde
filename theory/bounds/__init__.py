"""Theorems as code, one file per family. `BOUNDS` holds every row of the catalogue by its id."""

from ratecheck.theory.bounds import (
    accelerated,
    adaptive,
    adaptive_smooth,
    decaying_steps,
    heavy_ball,
    nonsmooth,
    nonsmooth_lower,
    polyak_step,
    sign,
    smooth,
    smooth_lower,
    stosign,
    stosign_gap,
    stosign_law,
)

FAMILIES = (
    stosign,
    stosign_gap,
    stosign_law,
    sign,
    adaptive,
    adaptive_smooth,
    nonsmooth,
    decaying_steps,
    polyak_step,
    nonsmooth_lower,
    smooth,
    accelerated,
    heavy_ball,
    smooth_lower,
)

BOUNDS = {bound.id: bound for family in FAMILIES for bound in family.BOUNDS}

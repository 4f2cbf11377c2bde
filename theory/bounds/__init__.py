"""Theorems as code, one file per family. `BOUNDS` holds every row of the catalogue by its id."""

from ratecheck.theory.bounds import nonsmooth

BOUNDS = {bound.id: bound for family in (nonsmooth,) for bound in family.BOUNDS}

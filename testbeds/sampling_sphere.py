"""Gaussian and spherical random vectors from uniform numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray

HALF_STEP = 2.0**-54  # uniform numbers are multiples of 2^-53 from 0 on; this keeps both tails finite and alike


class SphereMean(NamedTuple):
    """The mean of a sample of vectors, shape (runs, dim), which is all that a linear tilt needs, and its size."""

    mean: FloatArray
    points: int


def gaussian(u: FloatArray) -> FloatArray:
    """Return independent standard normal numbers of the shape of `u`."""
    from scipy.special import ndtri

    return ndtri(u + HALF_STEP)


def on_sphere(u: FloatArray, radius: float) -> FloatArray:
    """Return vectors uniform on the sphere of a radius, one along the last axis."""
    z = gaussian(u)
    return z * (radius / np.sqrt(np.einsum("...j,...j->...", z, z)))[..., None]

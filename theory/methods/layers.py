"""Layers: the parts of a flat parameter that a method treats as one tensor each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ratecheck.theory.errors import InputError, require_count


@dataclass(frozen=True, slots=True)
class Layer:
    """A slice of the flat parameter and the shape of the tensor that it holds.

    A layer is the slice ``start : start + size`` of the last axis; a low-rank adapter is two layers, one for each
    factor.

    Parameters
    ----------
    start : int
        First coordinate.
    shape : tuple of int
        Shape of the tensor; the product is the number of coordinates.
    """

    start: int
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.start < 0:
            raise InputError(f"start is {self.start!r}, but a layer must start at coordinate 0 or later.")
        for length in self.shape:
            require_count("length of a layer's side", length)

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return math.prod(self.shape)

    @property
    def slice(self) -> slice:
        """Its coordinates."""
        return slice(self.start, self.start + self.size)


Layers = tuple[Layer, ...]


def layers_of(*shapes: int | tuple[int, ...]) -> Layers:
    """Return consecutive layers of the given shapes; a number is the shape of a flat layer.

    Examples
    --------
    >>> [layer.start for layer in layers_of((2, 3), (4,))]
    [0, 6]
    """
    layers: list[Layer] = []
    start = 0
    for shape in shapes:
        layers.append(Layer(start, shape if isinstance(shape, tuple) else (shape,)))
        start += layers[-1].size
    return tuple(layers)


def covering(layers: Layers, dim: int) -> Layers:
    """Return `layers`, or one flat layer where none is given.

    Raises
    ------
    InputError
        If they overlap, leave a coordinate out, or do not add up to `dim`.
    """
    if not layers:
        return layers_of(dim)
    ends = [0]
    for layer in layers:
        if layer.start != ends[-1]:
            raise InputError(
                f"a layer starts at coordinate {layer.start}, but the one before ends at {ends[-1]}; "
                "layers must follow each other without gaps."
            )
        ends.append(layer.start + layer.size)
    if ends[-1] != dim:
        raise InputError(f"the layers have {ends[-1]} coordinates together, but the parameter has {dim}.")
    return layers

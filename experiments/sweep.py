"""Stores a quantity against one parameter for several series, or over two, in the form that the figures read."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ratecheck.experiments.digest import FORMAT
from ratecheck.experiments.store import write_whole
from ratecheck.theory.arrays import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A quantity against a parameter.

    Parameters
    ----------
    name, title, problem, caption : str
    command : str
        The command that makes it.
    parameter, measure : str
        Axis labels; dollar signs enclose LaTeX.
    labels : tuple of str
        Name of each series.
    scales : tuple of str
        Scale of both axes, ``"log"`` or ``"linear"``.
    floor : float
        Values at or below it are not known.
    grid : (points,) array
    values : (series, points, runs) array
        NaN or infinity marks a run that diverged.
    reference : (series, points) array, optional
        The bound or the law for each series.
    """

    name: str
    title: str
    problem: str
    caption: str
    command: str
    parameter: str
    measure: str
    labels: tuple[str, ...]
    grid: FloatArray
    values: FloatArray
    reference: FloatArray | None = None
    scales: tuple[str, str] = ("log", "log")
    floor: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A quantity over two parameters.

    Parameters
    ----------
    name, title, problem, caption, command : str
        As of `Sweep`.
    parameters : tuple of str
        Labels of the horizontal and the vertical axis.
    measure : str
        Label of the colours.
    scales : tuple of str
        Scale of the horizontal axis, the vertical axis and the colours.
    x, y : (columns,), (rows,) arrays
    values : (rows, columns) array
        NaN or infinity marks divergence.
    boundary : (2, points) array, optional
        Curve that theory draws between the phases.
    """

    name: str
    title: str
    problem: str
    caption: str
    command: str
    parameters: tuple[str, str]
    measure: str
    scales: tuple[str, str, str]
    x: FloatArray
    y: FloatArray
    values: FloatArray
    boundary: FloatArray | None = None


_TEXTS = ("name", "title", "problem", "caption", "command", "measure")


def save_sweep(folder: Path, sweep: Sweep) -> Path:
    """Write ``sweep-<name>.npz``, whole or not at all, its bytes a function of the sweep alone.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    header: dict[str, object] = {
        "parameter": sweep.parameter,
        "labels": list(sweep.labels),
        "scales": list(sweep.scales),
        "floor": sweep.floor.hex(),
    }
    arrays = {"grid": sweep.grid, "values": sweep.values, "reference": sweep.reference}
    return _save(folder / f"sweep-{sweep.name}.npz", sweep, header, arrays)


def save_map(folder: Path, diagram: Map) -> Path:
    """Write ``map-<name>.npz``, in the manner of `save_sweep`."""
    header: dict[str, object] = {"parameters": list(diagram.parameters), "scales": list(diagram.scales)}
    arrays = {"x": diagram.x, "y": diagram.y, "values": diagram.values, "boundary": diagram.boundary}
    return _save(folder / f"map-{diagram.name}.npz", diagram, header, arrays)


def _save(path: Path, stored: Sweep | Map, header: dict[str, object], arrays: dict[str, FloatArray | None]) -> Path:
    header |= {"format": FORMAT} | {name: getattr(stored, name) for name in _TEXTS}
    buffer = io.BytesIO()
    present = {name: array for name, array in arrays.items() if array is not None}
    np.savez(buffer, header=np.array(json.dumps(header, sort_keys=True)), **present)  # type: ignore[arg-type]
    write_whole(path, buffer.getvalue(), f"the study's {path.name}")
    return path

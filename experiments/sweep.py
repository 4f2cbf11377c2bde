"""Stores a quantity against one parameter, for several series, in the form that the figures read."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ratecheck.experiments.digest import FORMAT
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError


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


_TEXTS = ("name", "title", "problem", "caption", "command", "parameter", "measure")


def save_sweep(folder: Path, sweep: Sweep) -> Path:
    """Write ``sweep-<name>.npz``, whole or not at all, its bytes a function of the sweep alone.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    header = {
        "format": FORMAT,
        **{name: getattr(sweep, name) for name in _TEXTS},
        "labels": list(sweep.labels),
        "scales": list(sweep.scales),
        "floor": sweep.floor.hex(),
    }
    arrays = {"grid": sweep.grid, "values": sweep.values}
    if sweep.reference is not None:
        arrays["reference"] = sweep.reference
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(json.dumps(header, sort_keys=True)), **arrays)  # type: ignore[arg-type]
    path = folder / f"sweep-{sweep.name}.npz"
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(buffer.getvalue())
        os.replace(partial, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); name another folder with --out.") from error
    return path

"""Stored sweeps over one parameter and maps over two, as the figures see them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from ratecheck.figures.files import MissingResultError, read
from ratecheck.figures.grids import Grid
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A quantity against a parameter, for several series, as ``sweep-<name>.npz`` holds it.

    The file holds the arrays `grid`, `values` and, where there is one, `reference`, and as `header` the JSON text of
    ``format`` and of the other fields, `floor` in hexadecimal.

    Parameters
    ----------
    name, title, problem, caption : str
    parameter, measure : str
        Axis labels; dollar signs enclose LaTeX.
    labels : tuple of str
        Name of each series, such as a method.
    scales : tuple of str
        Scale of both axes, ``"log"`` or ``"linear"``.
    floor : float
        Values at or below it are not known and not drawn on a log axis.
    grid : (points,) array
        Increasing values of the parameter.
    values : (series, points, runs) array
        NaN or infinity marks a run that diverged.
    reference : (series, points) array, optional
        The bound or the law for each series; None if there is none.
    """

    name: str
    title: str
    problem: str
    caption: str
    parameter: str
    measure: str
    labels: tuple[str, ...]
    scales: tuple[str, str]
    floor: float
    grid: FloatArray
    values: FloatArray
    reference: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A quantity over two parameters, as ``map-<name>.npz`` holds it, in the manner of `Sweep`.

    Parameters
    ----------
    name, title, problem, caption : str
    parameters : tuple of str
        Labels of the horizontal and the vertical axis.
    measure : str
        Label of the colours.
    scales : tuple of str
        Scale of the horizontal axis, the vertical axis and the colours, ``"log"`` or ``"linear"``.
    x, y : (columns,), (rows,) arrays
        Increasing values of the parameters.
    values : (rows, columns) array
        NaN or infinity marks divergence.
    boundary : (2, points) array, optional
        Curve that theory draws between the phases, x and y; None if there is none.
    """

    name: str
    title: str
    problem: str
    caption: str
    parameters: tuple[str, str]
    measure: str
    scales: tuple[str, str, str]
    x: FloatArray
    y: FloatArray
    values: FloatArray
    boundary: FloatArray | None = None


def stored_names(folder: Path) -> dict[str, type[Sweep] | type[Map] | type[Grid]]:
    """Return the names of the sweeps, maps and grids of a folder, each with its kind."""
    kinds: dict[str, type[Sweep] | type[Map] | type[Grid]] = {"sweep": Sweep, "map": Map, "grid": Grid}
    return {
        path.stem.partition("-")[2]: kind
        for prefix, kind in kinds.items()
        for path in sorted(folder.glob(f"{prefix}-*.npz"))
    }


def load_sweep(folder: Path, name: str, command: str = "ratecheck verify") -> Sweep:
    """Read a stored sweep.

    Parameters
    ----------
    folder : Path
    name : str
    command : str
        The command that makes it.

    Raises
    ------
    MissingResultError
        If there is none; the sentence names the command.
    InputError
        If it is truncated or of another version.
    """
    return _load(Sweep, folder / f"sweep-{name}.npz", command, ("grid", "values"), ("reference",))


def load_map(folder: Path, name: str, command: str = "ratecheck verify") -> Map:
    """Read a stored map, in the manner of `load_sweep`."""
    return _load(Map, folder / f"map-{name}.npz", command, ("x", "y", "values"), ("boundary",))


T = TypeVar("T", Sweep, Map)


def _load(kind: type[T], path: Path, command: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> T:
    if not path.exists():
        raise MissingResultError(f"{path} is missing; run `{command}` first.")
    header, arrays = read(path, f"run `{command}` again", needed, optional)
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in header.items()}
    if "floor" in plain:
        plain["floor"] = float.fromhex(plain["floor"])
    names = {field.name for field in fields(kind)}
    try:
        return kind(**{name: value for name, value in plain.items() if name in names}, **arrays)
    except TypeError as error:
        raise InputError(f"{path} was written by another version of ratecheck; run `{command}` again.") from error

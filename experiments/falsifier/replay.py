"""One member of a family as a problem, as a claim that `verify` judges, and as a file that says it again."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.falsifier.expectation import in_expectation
from ratecheck.testbeds.families import Family, Maxima, SharpMaxima
from ratecheck.testbeds.families_noisy import Coins
from ratecheck.testbeds.families_online import Losses
from ratecheck.testbeds.families_operators import LinearOperators
from ratecheck.testbeds.families_smooth import Bent, Dips
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError

FORMAT = "ratecheck-instance-1"
FAMILIES: dict[str, Any] = {
    "maxima": Maxima,
    "sharp-maxima": SharpMaxima,
    "bent": Bent,
    "dips": Dips,
    "losses": Losses,
    "coins": Coins,
    "linear-operators": LinearOperators,
}


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A problem for any number of steps: the member of a family that a row of numbers names."""

    family: Family
    parameters: FloatArray

    def __call__(self, horizon: int) -> Any:
        """Return the problem."""
        return self.family.problem(self.parameters[None])


def claim_on(claim: Claim, horizon: int, member: Member) -> Claim:
    """Return the claim on one member of a family, after one number of steps; as stated, it should hold."""
    return dataclasses.replace(
        in_expectation(claim) if isinstance(member.family, Coins) else claim,
        id=f"{claim.id}-instance",
        title=f"{claim.title}, on an instance that was searched for",
        problem=member,
        horizons=(horizon,),
        expected="holds",
        runs=member(horizon).instances,
        max_runs=0,
        attained=None,
        quick=False,
    )


def family_name(family: Family) -> str:
    """Return the name under which a family is written to a file."""
    return next(name for name, kind in FAMILIES.items() if type(family) is kind)


def _as_data(family: Any) -> dict[str, Any]:
    """Return the kind and the constants of a family, whose parts may be families themselves."""
    values = {f.name: getattr(family, f.name) for f in dataclasses.fields(family)}
    parts = {name: _as_data(value) if dataclasses.is_dataclass(value) else value for name, value in values.items()}
    return {"kind": family_name(family), **parts}


def _from_data(data: dict[str, Any]) -> Any:
    parts = {name: _from_data(value) if isinstance(value, dict) else value for name, value in data.items()}
    return FAMILIES[parts.pop("kind")](**parts)


def as_instance(claim: Claim, file: Path | None, horizon: int, member: Member) -> dict[str, Any]:
    """Return plain JSON data from which `claims_of_instance` makes the same claim again."""
    return {
        "format": FORMAT,
        "claim": claim.id,
        "file": None if file is None else str(file),
        "horizon": horizon,
        "family": _as_data(member.family),
        "parameters": member.parameters.tolist(),
    }


def claims_of_instance(path: Path) -> tuple[Claim, ...]:
    """Return the claim that a file of an instance holds.

    Raises
    ------
    InputError
        If the file is not one that `falsify` wrote, or its claim is not there any more.
    """
    try:
        data = json.loads(path.read_text())
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']!r}")
        family = _from_data(data["family"])
        parameters = np.array(data["parameters"], dtype=np.float64)
        if parameters.shape != (family.size,) or not np.isfinite(parameters).all():
            raise ValueError(f"it has {parameters.size} parameters, but the family needs {family.size} finite numbers")
        target, horizon = data["file"] or data["claim"], int(data["horizon"])
        name = str(data["claim"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is no instance that `ratecheck falsify` wrote ({type(error).__name__}: {error})."
        ) from error
    from ratecheck.experiments.selection import select

    for one in select([target]):
        if one.claim.id == name:
            return (claim_on(one.claim, horizon, Member(family, parameters)),)
    raise InputError(f"{path} is about the claim {name!r}, which {target} does not define any more.")

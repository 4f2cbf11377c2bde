"""Which claims a command is about: all, a suite, a tag, an id, or those of a user's own file."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger import claims
from ratecheck.theory.errors import InputError

DATA_SUFFIXES = (".csv", ".svm", ".libsvm", ".svmlight", ".txt")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A claim and the user's file that defines it, None for the built-in ledger."""

    claim: Claim
    file: Path | None = None


def select(targets: Sequence[str], suite: str = "full", tags: Sequence[str] = ()) -> list[Chosen]:
    """Return the claims that a command line names.

    Parameters
    ----------
    targets : sequence of str
        Claim ids, Python files with a list ``CLAIMS``, data files, or instances that `falsify` wrote; none means the
        whole ledger.
    suite : {"quick", "full"}
        Restricts the ledger where no target is given.
    tags : sequence of str
        Keep only claims with all of these tags.

    Raises
    ------
    InputError
        If a target, a tag or a file cannot be used, or nothing is left.
    """
    chosen: dict[str, Chosen] = {}
    for target in targets:
        for one in _resolve(target):
            if one.claim.id in chosen and chosen[one.claim.id].file != one.file:
                raise InputError(f"two of the given files define the claim {one.claim.id!r}; rename one of them.")
            chosen[one.claim.id] = one
    if not targets:
        chosen = {claim.id: Chosen(claim) for claim in claims().values() if suite == "full" or claim.quick}
    for tag in tags:
        known = sorted({name for claim in claims().values() for name in claim.tags})
        if not any(tag in one.claim.tags for one in chosen.values()):
            raise InputError(f"no claim has the tag {tag!r}{_nearest(tag, known)}; `ratecheck list` shows the tags.")
    return [one for one in chosen.values() if all(tag in one.claim.tags for tag in tags)]


def find(claim_id: str, file: Path | None) -> Chosen:
    """Return one claim of the ledger or of a user's file; a worker process finds it by these two."""
    if file is None:
        return Chosen(claims()[claim_id])
    return next(one for one in _claims_of_file(file) if one.claim.id == claim_id)


def _resolve(target: str) -> list[Chosen]:
    if target in claims():
        return [Chosen(claims()[target])]
    path = Path(target)
    if path.suffix in (".py", ".json") or path.suffix in DATA_SUFFIXES or path.exists():
        return list(_claims_of_file(path.resolve()))
    raise InputError(
        f"no claim is called {target!r}{_nearest(target, list(claims()))}; `ratecheck list` shows them all."
    )


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.3)
    return f", the nearest is {close[0]!r}" if close else ""


@cache
def _claims_of_file(path: Path) -> tuple[Chosen, ...]:
    if not path.is_file():
        raise InputError(f"the file {path} does not exist; give the path of a Python file or of a data file.")
    if path.suffix == ".py":
        found = getattr(_module(path), "CLAIMS", None)
        if not isinstance(found, (list, tuple)) or not all(isinstance(claim, Claim) for claim in found) or not found:
            raise InputError(f"{path} defines no list CLAIMS of ratecheck.Claim; add one, as the README shows.")
    elif path.suffix == ".json":
        from ratecheck.experiments.falsifier.replay import claims_of_instance

        found = claims_of_instance(path)
    else:
        from ratecheck.experiments.user_data import claims_for_file

        found = claims_for_file(path)
    for claim in found:
        if claim.id in claims():
            raise InputError(f"{path} defines the claim {claim.id!r}, which the ledger has already; rename it.")
    return tuple(Chosen(claim, path) for claim in found)


def _module(path: Path) -> ModuleType:
    # The name carries the path's digest: two user files of the same name are two modules.
    name = f"ratecheck_user_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:
        raise InputError(f"{path} could not be run: {type(error).__name__}: {error}") from error
    return module

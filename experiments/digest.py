"""Content keys: what was run, as canonical JSON, and the code that ran it."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.theory.errors import InputError

FORMAT = 1  # of a stored result; raise it when the fields change
_ENGINE = "ratecheck.experiments.run"


def canonical(thing: Any) -> Any:
    """Return plain JSON data that tells two different configurations apart (1 and 1.0 and "1" too).

    Arrays are replaced by their digest and callables by their name: what a callable does is covered by the code
    digest.
    """
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        fields = {f.name: canonical(getattr(thing, f.name)) for f in dataclasses.fields(thing)}
        return {"class": _name(type(thing)), "fields": fields}
    if isinstance(thing, np.ndarray):
        data = np.ascontiguousarray(thing)
        return {
            "array": hashlib.sha256(data.tobytes()).hexdigest(),
            "shape": data.shape,
            "dtype": str(data.dtype),
        }
    if isinstance(thing, dict):
        return {"dict": [[canonical(key), canonical(value)] for key, value in sorted(thing.items())]}
    if isinstance(thing, (tuple, list)):
        return [canonical(item) for item in thing]
    if isinstance(thing, (np.integer, np.floating)):
        return canonical(thing.item())
    if isinstance(thing, float):
        return {"float": thing.hex()}
    if thing is None or isinstance(thing, (bool, int, str)):
        return thing
    if hasattr(thing, "func") and hasattr(thing, "keywords"):  # functools.partial
        return {
            "partial": canonical(thing.func),
            "args": canonical(thing.args),
            "kw": canonical(thing.keywords),
        }
    if callable(thing):
        return {"callable": _name(thing), "bound to": [canonical(value) for value in _captured(thing)]}
    raise InputError(
        f"a claim contains {thing!r}, whose content cannot be told apart from that of another {type(thing).__name__}; "
        "use numbers, text, arrays, tuples and frozen dataclasses."
    )


def _captured(function: Any) -> Iterable[Any]:
    """Yield what a function captured from outside: closure cells and default arguments."""
    for cell in getattr(function, "__closure__", None) or ():
        yield cell.cell_contents
    yield from getattr(function, "__defaults__", None) or ()
    yield from (getattr(function, "__kwdefaults__", None) or {}).values()


def _name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def content_key(claim: Claim, seed: int) -> str:
    """Return the key under which the run of a claim is stored.

    Parameters
    ----------
    claim : Claim
    seed : int
        Root seed.
    """
    ignored = {
        "title",
        "tags",
        "expected",
        "attained",
        "attained_tolerance",
        "attained_everywhere",
        "quick",
        "slope_from",
        "value_range",
    }
    fields = {f.name: canonical(getattr(claim, f.name)) for f in dataclasses.fields(claim) if f.name not in ignored}
    problem = claim.problem(claim.horizons[-1])
    method = claim.method(problem.facts, claim.horizons[-1])
    modules = {
        _ENGINE,
        *(_module(part) for part in (claim.problem, claim.method, claim.bound.value, claim.bound.measure.compute)),
        *(cls.__module__ for part in (problem, method, claim.bound.output) for cls in _classes(part)),
    }
    text = json.dumps([FORMAT, seed, fields, _code_digest(frozenset(modules))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _classes(thing: Any) -> Iterable[type]:
    """Yield the class of a dataclass and of every dataclass inside it."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        yield type(thing)
        for field in dataclasses.fields(thing):
            yield from _classes(getattr(thing, field.name))


def _module(thing: Callable[..., Any]) -> str:
    while hasattr(thing, "func"):
        thing = thing.func
    return thing.__module__


def code_digest(modules: Iterable[str]) -> str:
    """Return a digest of the source of the modules and of everything of the package that they import."""
    return _code_digest(frozenset(modules))


@cache
def _code_digest(modules: frozenset[str]) -> str:
    """Return a digest of the source of the modules and of everything of the package that they import."""
    seen: dict[str, bytes] = {}
    waiting = sorted(modules)
    while waiting:
        module = waiting.pop()
        path = _source_path(module)
        if module in seen or path is None:
            continue
        seen[module] = path.read_bytes()
        waiting.extend(_imports(module, seen[module]))
    digest = hashlib.sha256()
    for module in sorted(seen):
        digest.update(module.encode() + b"\0" + seen[module] + b"\0")
    return digest.hexdigest()


def _source_path(module: str) -> Path | None:
    loaded = sys.modules.get(module)
    origin = getattr(loaded, "__file__", None)
    if origin is None:
        spec = importlib.util.find_spec(module)
        origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _imports(module: str, source: bytes) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ratecheck."):
            found.append(node.module)
            found.extend(
                f"{node.module}.{name.name}" for name in node.names if _is_module(f"{node.module}.{name.name}")
            )
        elif isinstance(node, ast.Import):
            found.extend(name.name for name in node.names if name.name.startswith("ratecheck."))
    return found


@cache
def _is_module(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False

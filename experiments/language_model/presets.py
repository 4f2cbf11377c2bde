"""Sizes from a minute on two cores to hours on a GPU."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from ratecheck.experiments.language_model.setup import Shape
from ratecheck.theory.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A shape with the text, batch and number of steps that fit it."""

    shape: Shape
    source: str
    batch: int
    steps: int


PRESETS = {
    "tiny": Preset(
        shape=Shape(vocabulary=64, width=32, layers=1, heads=2, context=32, hidden=64), source="zsg", batch=8, steps=60
    ),
    "smoke": Preset(
        shape=Shape(vocabulary=64, width=64, layers=2, heads=4, context=64, hidden=176),
        source="zsg",
        batch=16,
        steps=700,
    ),
    "10m": Preset(
        shape=Shape(vocabulary=8192, width=320, layers=6, heads=5, context=256, hidden=864),
        source="zsg:vocabulary=8192,symbols=48,density=0.1",
        batch=64,
        steps=5000,
    ),
    "60m": Preset(
        shape=Shape(vocabulary=32000, width=512, layers=8, heads=8, context=256, hidden=1376, tied=False),
        source="zsg:vocabulary=32000,symbols=64,density=0.1",
        batch=512,
        steps=10_000,
    ),
    "130m": Preset(
        shape=Shape(vocabulary=32000, width=768, layers=12, heads=12, context=256, hidden=2048, tied=False),
        source="zsg:vocabulary=32000,symbols=64,density=0.1",
        batch=512,
        steps=20_000,
    ),
    "350m": Preset(
        shape=Shape(vocabulary=32000, width=1024, layers=24, heads=16, context=256, hidden=2736, tied=False),
        source="zsg:vocabulary=32000,symbols=64,density=0.1",
        batch=512,
        steps=60_000,
    ),
}


def preset(name: str) -> Preset:
    """Return a preset by name; raise `InputError` if there is none."""
    if name not in PRESETS:
        close = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0.3)
        nearest = f", the nearest is {close[0]!r}" if close else ""
        raise InputError(f"no preset is called {name!r}{nearest}; allowed are {', '.join(PRESETS)}.")
    return PRESETS[name]

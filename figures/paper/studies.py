"""Numbers of the studies, which no theorem decides, by the keys that the paper prints them under."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ratecheck.figures.files import MissingResultError
from ratecheck.figures.paper.text import decimal, escape
from ratecheck.figures.sweeps import Sweep, load_sweep

UNMEASURED = r"\emph{(not measured in this copy)}"
CONJUGATE = "SCS"  # how the names of conjugate subgradient methods begin


def loaded(folder: Path, name: str) -> Sweep | None:
    """Return a stored sweep of a study, or None if the study was not run."""
    try:
        return load_sweep(folder, name, "ratecheck study")
    except MissingResultError:
        return None


def study_numbers(folder: Path) -> Mapping[str, str]:
    """Return the text of every number of a study; where the study was not run it says so."""
    keys = ("sample-size.least", "sample-size.most", "scs-ecdf.first", "scs-ecdf.firstshare", "scs-ecdf.firstscs")
    found = dict.fromkeys((f"sweep-{key}" for key in (*keys, "scs-ecdf.firstscsshare")), UNMEASURED)
    sizes, reached = loaded(folder, "sample-size"), loaded(folder, "scs-ecdf")
    if sizes is not None and sizes.reference is not None:
        ratios = sizes.reference / np.median(sizes.values, axis=2)
        found["sweep-sample-size.least"] = decimal(float(ratios.min()), 2)
        found["sweep-sample-size.most"] = decimal(float(ratios.max()), 2)
    if reached is not None:
        shares = dict(zip(reached.labels, np.median(reached.values[:, -1], axis=1), strict=True))
        for key, names in (("first", list(shares)), ("firstscs", [n for n in shares if n.startswith(CONJUGATE)])):
            best = max(names, key=lambda name: shares[name], default=None)
            if best is not None:
                found[f"sweep-scs-ecdf.{key}"] = escape(best)
                found[f"sweep-scs-ecdf.{key}share"] = percent(float(shares[best]))
    return found


def percent(share: float) -> str:
    """Return a share in per cent."""
    return rf"{100 * share:.0f}\,\%"

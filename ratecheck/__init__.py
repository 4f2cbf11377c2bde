"""ratecheck: does an optimizer obey its theorem, how tight is it, and would a failure have been noticed?

Public names are loaded on first use, so that ``import ratecheck`` costs nothing and one BLAS thread is set
before NumPy is imported (more threads change the last bits of a result and slow small problems down).
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

# Torch reads the same variables: whether they, and not the user, will have told it to take one thread.
_HOLDS_TORCH_BACK = "OMP_NUM_THREADS" not in os.environ and "torch" not in sys.modules

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_variable] = "1"

__version__ = "0.1.0"

_PUBLIC = {
    "Assumption": "ratecheck.theory.bound",
    "Bound": "ratecheck.theory.bound",
    "Source": "ratecheck.theory.bound",
    "Fact": "ratecheck.theory.facts",
    "Facts": "ratecheck.theory.facts",
    "InputError": "ratecheck.theory.errors",
    "Claim": "ratecheck.experiments.claim",
    "verify": "ratecheck.experiments.verify",
    "simulate": "ratecheck.experiments.engine",
    "methods": "ratecheck.theory.methods",
    "bounds": "ratecheck.theory.bounds",
    "measures": "ratecheck.theory.stationarity",
    "outputs": "ratecheck.theory.outputs",
    "schedules": "ratecheck.theory.schedules",
    "testbeds": "ratecheck.testbeds",
    "optimizers": "ratecheck.experiments.language_model.optimizers",
}
_MODULES = {"methods", "bounds", "measures", "outputs", "schedules", "testbeds", "optimizers"}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ratecheck' has no attribute {name!r}")
    module = importlib.import_module(_PUBLIC[name])
    return module if name in _MODULES else getattr(module, name)


def __dir__() -> list[str]:
    return __all__

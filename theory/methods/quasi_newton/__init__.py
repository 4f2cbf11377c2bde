"""Quasi-Newton methods for saddle points: estimates of the squared, indefinite Hessian.

Methods ask the saddle oracle for ``gradient`` (no sign flip), ``hessian_product``, ``hessian_block``, ``hessian`` and
``squared_diagonal``. They are dense linear algebra on NumPy arrays of shape (runs, n, n); the limited-memory form keeps
a few vectors and takes one run at a time.
"""

from ratecheck.theory.methods.quasi_newton.broyden import BroydenSP, ReleasedQuasiNewton
from ratecheck.theory.methods.quasi_newton.limited_memory import LimitedMemorySP
from ratecheck.theory.methods.quasi_newton.mgsr1 import MGSR1SP, Estimate
from ratecheck.theory.methods.quasi_newton.partial import PartialQuasiNewton

EXAMPLES = {
    "MGSR1-SP": MGSR1SP(1.0, updates=2),
    "MGSR1-SP, random directions": MGSR1SP(1.0, updates=2, directions="random"),
    "MGSR1-SP, inverse form": MGSR1SP(1.0, updates=2, directions="random", form="inverse"),
    "greedy DFP for saddle points": BroydenSP(1.0, rule="dfp"),
    "scaled random BFGS for saddle points": BroydenSP(1.0, rule="bfgs", directions="scaled"),
    "random SR1 for saddle points, as released": ReleasedQuasiNewton(1.0),
    "partial quasi-Newton": PartialQuasiNewton(1.0),
    "limited-memory saddle, extragradient": LimitedMemorySP(memory=2),
    "limited-memory saddle, Newton": LimitedMemorySP(mode="newton", directions="history", memory=2, step_size=1.0),
}

__all__ = [
    "EXAMPLES",
    "MGSR1SP",
    "BroydenSP",
    "Estimate",
    "LimitedMemorySP",
    "PartialQuasiNewton",
    "ReleasedQuasiNewton",
]

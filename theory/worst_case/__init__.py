"""Exact worst cases over a whole class of functions, by performance estimation (PEPit, CLARABEL)."""

from ratecheck.theory.worst_case.estimation import Start, WorstCase, worst_case
from ratecheck.theory.worst_case.symbolic import NotExpressibleError, SymbolicRun, symbolic_run

__all__ = ["NotExpressibleError", "Start", "SymbolicRun", "WorstCase", "symbolic_run", "worst_case"]

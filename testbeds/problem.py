"""What a problem is."""

from __future__ import annotations

from typing import Any, Protocol

from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.facts import Facts


class Problem(Protocol):
    """A frozen dataclass: its data, its exact value, its oracle and a record of facts.

    ``name`` is shown to the user; ``start`` has shape (dim,), or (runs, dim) for a batch of instances, whose length
    is then `instances` (None elsewhere).
    """

    @property
    def name(self) -> str:
        """Short name."""
        ...

    @property
    def start(self) -> FloatArray:
        """Where every method starts."""
        ...

    @property
    def instances(self) -> int | None:
        """Number of instances in a batch whose run r is instance r; None for a single problem."""
        ...

    @property
    def facts(self) -> Facts:
        """What is known exactly."""
        ...

    def value(self, x: FloatArray) -> FloatArray:
        """Return the exact value at each row, shape (runs,)."""
        ...

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return an exact subgradient at each row, shape (runs, dim)."""
        ...

    def oracle(self, streams: Streams, watch: Watch | None = None) -> Any:
        """Return a fresh oracle for the runs of `streams`; `watch` is called with every (x, answer)."""
        ...

"""Fixtures that every room's tests share."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest

# As a user would who wants one thread of torch: threads that wait for a loaded machine are slower than none.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger import claims
from ratecheck.experiments.run import run_claim
from ratecheck.experiments.verdict import Judged, judge

# The same examples in every run, so that a failure belongs to the change that made it. HYPOTHESIS_PROFILE=explore
# draws new ones, and many. No deadline: a slow machine is not a fault.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.fixture(scope="session")
def check() -> Callable[..., Judged]:
    """Run and judge one claim of the ledger, by id, with some of its parts replaced (a planted fault)."""

    def run(claim: str | Claim, **planted: Any) -> Judged:
        original = claims()[claim] if isinstance(claim, str) else claim
        changed = dataclasses.replace(original, **planted)
        return judge([changed], {changed.id: run_claim(changed, seed=0)})[0]

    return run

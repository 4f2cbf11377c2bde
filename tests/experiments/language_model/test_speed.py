"""The table of step times: what it holds, and that no optimizer is far slower than it was."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.language_model import speed


def test_uncompiled_steps_are_not_far_slower_than_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "PERIOD", 10_000)
    rows = speed.table(2_000_000, 6, ("stosignsgd", "lion", "signum", "momentum", "sgg-momentum"), compiled=False)[
        "rows"
    ]
    assert all(row["seconds"] > 0 for row in rows.values())
    # Measured on a quiet machine: 1.6, 0.6 and 0.5. A busy one moves the ratio of two processor times by a half.
    for name in ("stosignsgd", "lion", "signum"):
        assert rows[name]["to_foreach"] < 5
    assert rows["sgg-momentum"]["to_base"] < 5

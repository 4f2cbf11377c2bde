"""A folder of stored results of every kind, with runs whose shape is known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.digest import FORMAT
from ratecheck.experiments.ledger import claims
from ratecheck.experiments.ledger.nonsmooth import CLAIMS
from ratecheck.experiments.run import ClaimRun, run_claim
from ratecheck.experiments.store import path_of, save
from ratecheck.experiments.verdict import as_json, judge
from ratecheck.experiments.verify import described
from ratecheck.figures.paper import build
from ratecheck.figures.results import Assumed, Result, Results, load_results

STEPS = np.unique(np.round(np.geomspace(1, 10_000, 48)).astype(np.int64))
REAL = CLAIMS[0]
FLOOR = 1e-14
PAPER_STEPS = np.unique(np.round(np.geomspace(1, 1000, 12)).astype(np.int64))
PROBLEMS = ("opposed pairs", "rare outliers", "mean against median", "periodic spikes")


def planted_run(values: np.ndarray, bound: np.ndarray, **changed: Any) -> ClaimRun:
    """A stored run with given measures and bound."""
    fields: dict[str, Any] = {
        "steps": STEPS,
        "calls": 2 * STEPS,
        "values": values,
        "bound": bound,
        "floor": FLOOR,
        "excess": {assumption.text: -0.25 for assumption in REAL.bound.assumptions},
        "pvalue": 1.0,
        "detectable": 1.2,
        "method": "Averaged(inner=Subgradient(step_size=0.1))",
        "problem": "least absolute deviations <m=200, n=50> & noise",
    } | changed
    return ClaimRun(**fields)


def planted_claim(claim_id: str, source: str = "foundations", **changed: Any) -> Claim:
    """A claim whose bound has some parts changed."""
    own = {name: changed.pop(name) for name in ("expected", "runs", "attained") if name in changed}
    bound = dataclasses.replace(REAL.bound, **({"anytime": True} | changed))
    tags = (source, "planted")
    return dataclasses.replace(
        REAL, id=claim_id, bound=bound, tags=tags, title=f"planted: {claim_id}", **({"attained": None} | own)
    )


def planted() -> dict[str, tuple[Claim, ClaimRun]]:
    """Claims of every kind and side, by what is special about them."""
    rng = np.random.default_rng(5)
    law = STEPS**-0.5
    noisy = law * np.exp(0.4 * rng.standard_normal((64, STEPS.size)))
    geometric = 0.97 ** STEPS.astype(float)
    diverging = np.minimum(10.0 ** np.minimum(STEPS / 20, 300), 1e300)[None]
    diverging = np.where(STEPS > 5000, np.nan, diverging)
    many = (4, STEPS.size)
    return {
        "ladder": (REAL, run_claim(REAL, seed=0)),
        "mean": (planted_claim("a-mean", kind="expectation", runs=64), planted_run(noisy, 2.5 * law)),
        "refuted": (
            planted_claim("b-refuted", "stosignsgd", kind="expectation", expected="refuted", runs=64),
            planted_run(noisy + 0.5, law, pvalue=0.0),
        ),
        "odd": (planted_claim("c-odd", "stosignsgd"), planted_run(3 * law[None], law)),
        "lower": (planted_claim("d-lower", "scs", side="lower"), planted_run(1.5 * law[None], law)),
        "law": (planted_claim("e-law", "sgg", side="equal", exponent=None), planted_run(law[None], law)),
        "batch": (
            planted_claim("f-batch", "mgsr1-sp"),
            planted_run(rng.uniform(0.2, 1, many) * law, np.broadcast_to(law, many).copy()),
        ),
        "floor": (planted_claim("g-floor", exponent=None), planted_run(geometric[None], 2 * geometric)),
        "diverged": (planted_claim("h-diverged", expected="refuted"), planted_run(diverging, law)),
        "negative": (planted_claim("i-negative", "sgg"), planted_run(-law[None], law)),
        "single": (
            planted_claim("j-single"),
            planted_run(np.array([[0.5]]), np.array([1.0]), steps=np.array([100]), calls=np.array([100])),
        ),
        "constant": (planted_claim("k-constant", expected="refuted"), planted_run(np.ones((1, STEPS.size)), law)),
    }


def store_claims(folder: Path, pairs: list[tuple[Claim, ClaimRun]]) -> Path:
    """Store runs and verdicts as `ratecheck verify` does."""
    judged = judge([claim for claim, _ in pairs], {claim.id: run for claim, run in pairs})
    records = []
    for one in judged:
        key = one.claim.id.encode().hex().ljust(64, "0")
        save(folder, one.claim.id, key, one.run)
        record = as_json(one, key, 0.0)
        del record["seconds"]
        records.append(record | described(one, path_of(folder, one.claim.id, key).name))
    (folder / "verdicts.json").write_text(json.dumps(records))
    return folder


def write_sweep(folder: Path, name: str) -> Path:
    """Store a sweep of U-curves, the last step sizes diverging."""
    rng = np.random.default_rng(6)
    grid = np.geomspace(1e-4, 1e1, 16)
    curves = np.stack([s * grid + 1e-3 / grid for s in (1.0, 3.0)])
    values = curves[:, :, None] * np.exp(0.2 * rng.standard_normal((2, 16, 24)))
    values[1, -1] = np.nan
    values[1, -2] = 1e200
    header = {
        "format": FORMAT,
        "name": name,
        "title": "final gap against step size",
        "problem": "hinge loss on breast cancer",
        "caption": "One dip for each method.",
        "parameter": "step size",
        "measure": "final gap",
        "labels": ["SGD", "Adam"],
        "scales": ["log", "log"],
        "floor": (1e-12).hex(),
    }
    arrays = {"grid": grid, "values": values, "reference": 0.5 * curves}
    path = folder / f"sweep-{name}.npz"
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    return path


def write_map(folder: Path, name: str) -> Path:
    """Store a phase diagram with a diverging corner."""
    x, y = np.linspace(0.1, 4, 12), np.linspace(0, 0.95, 10)
    values = np.where(x[None, :] < 2 * (1 + y[:, None]), 10.0 ** (-x[None, :]), np.inf)
    header = {
        "format": FORMAT,
        "name": name,
        "title": "gap after 100 steps of heavy ball",
        "problem": "quadratic with condition number 100",
        "caption": "Stable below the line.",
        "parameters": ["step size \N{MULTIPLICATION SIGN} L", "momentum"],
        "measure": "gap",
        "scales": ["linear", "linear", "log"],
    }
    path = folder / f"map-{name}.npz"
    boundary = np.stack([2 * (1 + y), y])
    np.savez(path, header=np.array(json.dumps(header)), x=x, y=y, values=values, boundary=boundary)
    return path


@pytest.fixture(scope="session")
def pairs() -> dict[str, tuple[Claim, ClaimRun]]:
    return planted()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, tuple[Claim, ClaimRun]]) -> Path:
    """A folder with the planted claims and a sweep and a map; not to be changed."""
    path = store_claims(tmp_path_factory.mktemp("results"), list(pairs.values()))
    write_sweep(path, "step-size")
    write_map(path, "heavy-ball")
    return path


@pytest.fixture(scope="session")
def results(folder: Path) -> Results:
    return load_results(folder)


@pytest.fixture(scope="session")
def store_sweep() -> Callable[[Path, str], Path]:
    return write_sweep


@pytest.fixture
def own_folder(tmp_path: Path, pairs: dict[str, tuple[Claim, ClaimRun]]) -> Path:
    """A small folder that a test may damage."""
    return store_claims(tmp_path, [pairs["mean"], pairs["odd"]])


@pytest.fixture(scope="session")
def claim_ids(pairs: dict[str, tuple[Claim, ClaimRun]]) -> Callable[[str], str]:
    return lambda name: pairs[name][0].id


def ledger_result(claim_id: str) -> Result:
    """A claim of the ledger with a run that nobody made: the tests look at the paper, not at the findings."""
    claim = claims()[claim_id]
    refuted = claim.expected == "refuted"
    bound = 1 / np.sqrt(PAPER_STEPS)
    counterexample = next(
        (i for i, key in enumerate(("pairs", "outliers", "median", "spikes")) if key in claim_id), None
    )
    method = "SignSGD(step_size=0.1)" if claim_id.startswith("signsgd") else "StoSignSGD(step_size=0.1)"
    return Result(
        id=claim.id,
        title=claim.title,
        source=str(claim.bound.source),
        provenance=claim.bound.provenance,
        evidence=claim.bound.evidence,
        kind=claim.bound.kind,
        side=claim.bound.side,
        anytime=True,
        method=method,
        problem="planted" if counterexample is None else PROBLEMS[counterexample],
        measure=claim.bound.measure.id,
        symbol=claim.bound.measure.symbol,
        bound_id=claim.bound.id,
        bound_title=claim.bound.title,
        formula="",
        remark="",
        assumptions=(Assumed("planted", 0.0),),
        expected=claim.expected,
        verdict=claim.expected,
        certified=False,
        as_expected=True,
        tightness=2.0 if refuted else 0.5,
        attained=claim.attained,
        horizon=1000,
        runs=2,
        oracle_calls=1000,
        slope=-0.5,
        slope_ci=None,
        slope_claimed=claim.bound.exponent,
        slope_from=0.1,
        detectable=1.2,
        reason="",
        tags=claim.tags,
        key="0",
        file="",
        steps=PAPER_STEPS,
        calls=PAPER_STEPS,
        values=np.stack([bound, bound * 1.1]) * (2 if refuted else 0.5),
        bound=bound,
        floor=1e-14,
    )


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of the whole ledger, each claim as it is expected to come out."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "verdicts.json").write_text("[]\n")
    return Results(folder, tuple(ledger_result(claim_id) for claim_id in sorted(claims())))


@pytest.fixture
def stored(ledger: Results, monkeypatch: pytest.MonkeyPatch) -> Results:
    """The same, in place of what a folder holds when the paper is built."""
    monkeypatch.setattr(build, "load_results", lambda folder: ledger)
    return ledger

"""Claims on the data sets that ship inside scikit-learn, as LAD, SVM, logistic, Huber and ridge problems."""

from __future__ import annotations

from functools import partial
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.data_claims import claims_on
from ratecheck.experiments.ledger.stochastic import inverse_time
from ratecheck.testbeds.real_data import real_problem
from ratecheck.theory.bounds.stochastic_strong import SC_03

RIDGE = 0.1
PAIRS = (
    ("breast-cancer", "lad"),
    ("breast-cancer", "svm"),
    ("breast-cancer", "logistic"),
    ("digits", "lad"),
    ("digits", "svm"),
    ("digits", "logistic"),
    ("wine", "lad"),
    ("wine", "svm"),
    ("wine", "logistic"),
    ("diabetes", "lad"),
    ("diabetes", "huber"),
)
QUICK = {("wine", "svm"): ("sgd", "stosign"), ("diabetes", "lad"): ("subgradient", "adagrad")}


def _problem(horizon: int, *, data: str, loss: str, samples: int, ridge: float = 0.0) -> Any:
    return real_problem(data, loss, samples, ridge)


def _of(data: str, loss: str) -> tuple[Claim, ...]:
    return claims_on(
        f"{data}-{loss}",
        f"{data}, {loss}",
        partial(_problem, data=data, loss=loss, samples=0),
        partial(_problem, data=data, loss=loss, samples=1),
        tags=(loss,),
        quick=QUICK.get((data, loss), ()),
    )


def _strong(data: str, loss: str) -> Claim:
    return Claim(
        id=f"{data}-{loss}-strong",
        title=f"{data}, {loss} with a ridge: the t-weighted average of SGD with steps 2/(mu (t+1))",
        bound=SC_03,
        problem=partial(_problem, data=data, loss=loss, samples=1, ridge=RIDGE),
        method=inverse_time(2, 2),
        horizons=(1000,),
        runs=64,
        tags=("foundations", "real-data", "stochastic", "strong", loss),
    )


CLAIMS = (
    *(claim for pair in PAIRS for claim in _of(*pair)),
    *(_strong(*pair) for pair in PAIRS),
    _strong("diabetes", "ridge"),
)

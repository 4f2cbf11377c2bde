"""The saddle-point wing as a whole: its claims, the AUC table on bundled data and on files, speed and memory."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from ratecheck.experiments import auc_table, debiasing_table, saddle_table
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.ledger import quasi_newton, quasi_newton_local, saddle, saddle_linear
from ratecheck.testbeds.auc import auc_saddle, digits
from ratecheck.testbeds.saddle_instances import bilinear_game, quadratic_saddle
from ratecheck.testbeds.saddle_logistic import logistic_bilinear_game
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.quasi_newton import MGSR1SP
from ratecheck.theory.methods.saddle import Extragradient, Observed
from ratecheck.theory.stationarity.saddle import RELATIVE_OPERATOR_NORM

CLAIMS = (*saddle.CLAIMS, *saddle_linear.CLAIMS, *quasi_newton.CLAIMS, *quasi_newton_local.CLAIMS)


def test_the_ledger_of_the_wing() -> None:
    assert len(CLAIMS) >= 35
    refuted = [claim.id for claim in CLAIMS if claim.expected == "refuted"]
    assert len(refuted) >= 8
    assert all("saddle" in claim.tags for claim in CLAIMS)
    assert all(("mgsr1-sp" in claim.tags) == claim.id.startswith("qn-") for claim in CLAIMS)
    # What is exact is exact to 1e-6.
    assert all(claim.attained_tolerance <= 1e-6 for claim in CLAIMS if claim.attained is not None)
    assert sum(claim.attained is not None for claim in CLAIMS) >= 12


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_comes_out_as_expected(claim: Any, check: Callable[..., Any]) -> None:
    judged = check(claim)
    assert judged.as_expected, judged.reason


@pytest.mark.parametrize(
    ("claim", "planted", "words"),
    [
        ("sp-32-eg-quadratic", {"problem": lambda horizon: bilinear_game()}, "strongly convex"),
        ("sp-04-eg-norms", {"method": lambda facts, horizon: Observed(Extragradient(1.2))}, "at most 1/L"),
        ("qn-01-kappa10-tau1", {"method": lambda facts, horizon: Observed(MGSR1SP(0.5))}, "at least L^2"),
        ("qn-21-logistic5-tau3", {"method": lambda facts, horizon: Observed(MGSR1SP(9.0, 3))}, "at least M"),
        ("qn-24-logistic5-tau3", {"problem": lambda horizon: logistic_bilinear_game(20, 10)}, "ln 2"),
    ],
)
def test_outside_of_its_assumptions_a_claim_is_not_applicable(
    claim: str, planted: dict[str, Any], words: str, check: Callable[..., Any]
) -> None:
    judged = check(claim, **planted)
    assert judged.verdict == "not-applicable"
    assert words in judged.reason


def iterations(problem: Any, updates: int, most: int) -> int | None:
    """Return the number of iterations to a relative gradient norm of 1e-10."""
    method = MGSR1SP(problem.facts["smoothness"] ** 2, updates)
    oracle = problem.oracle(Streams(0, "test", range(1)))
    z = problem.start[None]
    state = method.init(z)
    for k in range(most + 1):
        if RELATIVE_OPERATOR_NORM.compute(problem, z, oracle)[0] <= 1e-10:
            return k
        z, state = method.step(z, state, oracle)
    return None


@pytest.mark.parametrize("digit", range(10))
def test_every_digit_is_solved_in_time(digit: int) -> None:
    features, labels = digits(digit)
    for share in (100.0, 1.0, 0.01):
        problem = auc_saddle(features, labels, share / len(labels))
        for updates in (1, 10, 50):
            limit = -(-67 // updates) + 2
            taken = iterations(problem, updates, limit)
            assert taken is not None, (share, updates)
            assert taken <= limit


def test_the_table_of_the_bundled_data() -> None:
    rows = auc_table.auc_table(steps=400)
    assert saddle_table.within_limits(rows)
    assert {row.data for row in rows} == {"breast cancer", "digits, 0 against rest"}
    # The 33 coordinates of the breast cancer data take 33 updates where 50 are asked for.
    assert {row.updates for row in rows if row.method == "MGSR1-SP"} == {1, 10, 33, 50}
    assert {row.method for row in rows} >= {"extragradient", "OGDA", "EAG-V", "random SR1, inverse form"}
    text = saddle_table.formatted(rows, auc_table.LEVELS, "AUC").splitlines()
    assert len(text) == len(rows) + 1
    assert text[0].split()[:5] == ["data", "lambda", "n", "kappa", "method"]


def one_hot_file(path: Path, samples: int, features: int, share: float, active: int, seed: int) -> Path:
    """Write one-hot data of the shape of a9a (123 features, 14 active) or w8a (300 features, 12 active).

    Each group of features sums to one, so that the data matrix is exactly rank deficient and the condition number is
    that of the regularisation.
    """
    rng = np.random.default_rng(seed)
    positive = rng.random(samples) < share
    chosen = np.empty((samples, active), dtype=int)
    for g, group in enumerate(np.array_split(np.arange(features), active)):
        popularity = 1.0 / np.arange(1, len(group) + 1)
        for label in (True, False):
            weight = popularity * np.where(np.arange(len(group)) % 3 == 0, 1.6 if label else 0.7, 1.0)
            rows = positive == label
            chosen[rows, g] = rng.choice(group, rows.sum(), p=weight / weight.sum())
        chosen[: len(group), g] = group  # every feature is seen at least once, as in the real files
    lines = [
        f"{'+1' if label else '-1'} " + " ".join(f"{j + 1}:1" for j in row) for label, row in zip(positive, chosen)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "samples", "features", "share", "active"),
    [("a9a", 2000, 123, 0.24, 14), ("w8a", 3000, 300, 0.03, 12)],
)
def test_one_command_makes_the_table_of_a_file_of_the_users(
    name: str, samples: int, features: int, share: float, active: int, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = one_hot_file(tmp_path / name, samples, features, share, active, seed=1)
    written = tmp_path / "rows.json"
    assert main(["auc", str(path), "--steps", "50", "--json", str(written)]) == 0
    assert name in capsys.readouterr().out
    rows = [row for row in json.loads(written.read_text()) if row["method"] == "MGSR1-SP"]
    assert {row["dimension"] for row in rows} == {features + 3}
    assert {(row["regularisation"], row["updates"]) for row in rows} == {
        (share, tau) for share in ("100/m", "1/m", "0.01/m") for tau in (1, 10, 50)
    }
    for row in rows:
        assert row["iterations"][-1] <= -(-(features + 3) // row["updates"]) + 1


def test_the_command_of_the_table_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["auc", str(tmp_path / "missing")]) == 2
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "one").write_text("+1 1:1\n+1 2:1\n")
    assert main(["auc", str(tmp_path / "one")]) == 2
    assert "1 class" in capsys.readouterr().err
    assert main(["auc", "--updates", "0"]) == 2
    assert "updates is 0" in capsys.readouterr().err
    unwritable = tmp_path / "no" / "rows.json"
    assert main(["auc", "--share", "100", "--updates", "10", "--steps", "1", "--json", str(unwritable)]) == 2
    assert "cannot be written" in capsys.readouterr().err
    for arguments in ({"shares": (-1.0,)}, {"steps": 0}):
        with pytest.raises(InputError):
            auc_table.auc_table(**arguments)


def test_a_row_that_arrives_late_is_outside_its_limit() -> None:
    row = saddle_table.Row("data", "1/m", 10, 5.0, "MGSR1-SP", 5, (1, 2, 3), 30, 3, "arrived", 0.9)
    assert saddle_table.within_limits([row])
    assert not saddle_table.within_limits([dataclasses.replace(row, limit=2)])
    assert not saddle_table.within_limits([dataclasses.replace(row, iterations=(1, 2, None))])


def test_one_command_makes_the_debiasing_table_of_a_file_of_the_users(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = one_hot_file(tmp_path / "census", 400, 30, 0.3, 5, seed=2)
    written = tmp_path / "rows.json"
    options = ["--protected", "3", "--regularisation", "0.01", "--warm-start", "500", "--steps", "300"]
    assert main(["debias", str(path), *options, "--updates", "5", "--updates", "50", "--json", str(written)]) == 0
    assert "accuracy" in capsys.readouterr().out.splitlines()[0]
    rows = json.loads(written.read_text())
    ours = [row for row in rows if row["method"] == "MGSR1-SP, M = 0"]
    # 29 features are left beside the protected one, and the adversary's scalar: 50 updates are cut to 30.
    assert {(row["dimension"], row["updates"]) for row in ours} == {(30, 5), (30, 30)}
    assert all(row["outcome"] == "arrived" for row in ours)
    slow = {row["method"]: row for row in rows}["extragradient"]
    assert slow["iterations"][0] is None or slow["iterations"][0] > max(row["iterations"][0] for row in ours)
    assert {row["data"] for row in rows} == {"census"}
    assert debiasing_table.LEVELS[-1] == 1e-10


def test_the_command_of_the_debiasing_table_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = one_hot_file(tmp_path / "census", 60, 12, 0.3, 3, seed=2)
    for arguments, says in [
        ([str(path)], "needs --protected"),
        (["--protected", "0"], "needs a file"),
        ([str(path), "--protected", "99"], "column is 99"),
        ([str(tmp_path / "missing"), "--protected", "0"], "there is no file"),
        (["--regularisation", "-1"], "lambda is -1"),
        (["--warm-start", "0"], "the warm start is 0"),
        (["--updates", "0"], "updates is 0"),
    ]:
        assert main(["debias", *arguments]) == 2
        assert says in capsys.readouterr().err


@pytest.mark.slow
def test_a_dense_iteration_costs_little_more_than_its_products() -> None:
    """n = 2000, tau = 50: Hessian times gradient and tau columns, the rank-tau update, Cholesky and two solves."""
    n, updates = 2000, 50
    problem = quadratic_saddle(n // 2, condition=100.0)
    A, method = problem.hessian_matrix, MGSR1SP(1.0, updates)
    C = np.asfortranarray(np.random.default_rng(0).standard_normal((n, updates)))

    def products(G: np.ndarray) -> None:
        A @ A[0]
        A @ (A @ A[1])
        A @ A[:, :updates]
        cho_solve(cho_factor(G.T, lower=True, check_finite=False), A[0], check_finite=False)
        G - C @ C.T

    with threadpool_limits(1):
        oracle = problem.oracle(Streams(0, "speed", range(1)))
        z = problem.start[None]
        state = method.init(z)
        ours, theirs = [], []
        for _ in range(6):
            begin = time.process_time()
            z, state = method.step(z, state, oracle)
            middle = time.process_time()
            products(state.estimate[0])
            ours.append(middle - begin)
            theirs.append(time.process_time() - middle)
    assert min(ours) <= 1.5 * min(theirs)


MEMORY = """
import sys
import numpy as np
from ratecheck.testbeds.saddle_shift import ShiftSaddle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.methods.quasi_newton import LimitedMemorySP
problem = ShiftSaddle(500_000, 0.05, 1.0)
method = LimitedMemorySP(mode=sys.argv[1], directions=sys.argv[2], memory=8, refresh=5)
oracle = problem.oracle(Streams(0, "memory", range(1)))
z = problem.start[None].copy()
state = method.init(z)
for _ in range(11):
    z, state = method.step(z, state, oracle)
assert np.linalg.norm(problem.operator(z)) < 0.5 * problem.facts["start_residual"]
# The peak of this program alone: the resource usage of a child also counts the parent's pages before it starts.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "directions"), [("extragradient", "lanczos"), ("newton", "history")])
def test_limited_memory_with_a_million_coordinates_fits_one_gibibyte(mode: str, directions: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, mode, directions], capture_output=True, text=True, check=True, timeout=300
    )
    assert int(done.stdout) <= 2**30

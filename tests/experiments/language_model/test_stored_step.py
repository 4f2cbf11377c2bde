"""Steps that read states as stored, and states rounded after the step, against their definitions."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from ratecheck.experiments.language_model.low_precision import quantised, store_states  # noqa: E402
from ratecheck.experiments.language_model.optimizers import make_optimizer, rules  # noqa: E402
from ratecheck.experiments.language_model.precision import Precision  # noqa: E402
from ratecheck.experiments.language_model.stored_step import ALREADY_STORED, MOVES, stored_rule  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402

GROUP: dict[str, Any] = {
    "weight_decay": 0.1,
    "momentum": 0.9,
    "nesterov": False,
    "damping": 1.0,
    "betas": (0.9, 0.95),
    "eps": 1e-8,
}
E4M3 = {"state": "e4m3", "state_scale": "tensor"}
STORED = E4M3 | {"step_reads": "stored"}


def arguments(rule: rules.Rule, seed: int = 0) -> list[Any]:
    """Return a point, a gradient, states at least 0 and, where the rule takes it, noise; 500 entries each."""
    generator = torch.Generator().manual_seed(seed)
    x, g = torch.randn(2, 500, generator=generator)
    return [x, g, *torch.rand(len(rule.states) + rule.noisy, 500, generator=generator)]


@pytest.mark.parametrize("options", [{}, {"nesterov": True}, {"weight_decay": 0.0}])
@pytest.mark.parametrize("rule", [*MOVES, *ALREADY_STORED], ids=lambda rule: rule.update.__name__)
def test_states_that_are_stored_exactly_leave_the_rule_as_it_is(rule: rules.Rule, options: dict[str, Any]) -> None:
    how = {"group": GROUP | options, "t": 3, "step_size": 0.01}
    exact = stored_rule(rule, lambda name, state: state)
    for plain, stored in zip(rule.update(*arguments(rule), **how), exact.update(*arguments(rule), **how), strict=True):
        assert torch.equal(plain, stored)


def test_adamw_divides_by_the_second_moment_that_is_stored() -> None:
    """A flushed second moment leaves m / eps: with eps = 1e-8 the point moves by 1e8 step sizes times m."""
    flush = stored_rule(rules.ADAMW, lambda name, state: torch.zeros_like(state) if name == "exp_avg_sq" else state)
    x, g, m, v = (torch.tensor([value]) for value in (1.0, 0.5, 0.2, 0.3))
    after, *_ = flush.update(x, g, m, v, group=GROUP | {"weight_decay": 0.0}, t=1, step_size=1e-10)
    # m = 0.9 * 0.2 + 0.1 * 0.5 = 0.23, corrected by 1 - 0.9; 1e-10 * 2.3 / 1e-8 = 0.023.
    assert after.item() == pytest.approx(1 - 0.023, rel=1e-5)


def test_lion_reads_the_state_of_the_step_before() -> None:
    zero = stored_rule(rules.LION, lambda name, state: torch.zeros_like(state))
    given = arguments(rules.LION)
    how = {"group": GROUP, "t": 3, "step_size": 0.01}
    after, momentum = zero.update(*given, **how)
    assert torch.equal(after, rules.LION.update(*given, **how)[0])
    assert not momentum.any()


class Trained:
    """An optimizer that takes steps on fixed gradients whose sizes span five orders of magnitude."""

    def __init__(self, name: str, low: dict[str, Any] | None = None, **options: Any) -> None:
        self.x = torch.nn.Parameter(torch.ones(8, 40))
        self.optimizer = make_optimizer(name, [self.x], 0.01, **options)
        self.precision = Precision(low or {}, bf16=False)
        self.precision.attach(self.optimizer)
        self.flushed: dict[str, list[float]] = {}

    def steps(self, count: int) -> Any:
        generator = torch.Generator().manual_seed(2)
        size = torch.logspace(-5, 0, 320).view(8, 40)
        for _ in range(count):
            self.x.grad = size * torch.randn(8, 40, generator=generator)
            self.optimizer.step()
            self.precision.states(self.optimizer, self.flushed)
        return self

    @property
    def states(self) -> dict[str, Any]:
        return {name: value for name, value in self.optimizer.state[self.x].items() if name != "step"}


@pytest.mark.parametrize("name", ["adamw", "stosignsgd", "signum", "lion", "momentum"])
@pytest.mark.parametrize("low", [E4M3, STORED], ids=["computed", "stored"])
def test_states_are_numbers_of_their_format_and_lost_ones_are_counted(name: str, low: dict[str, Any]) -> None:
    trained = Trained(name, low).steps(10)
    for state, value in trained.states.items():
        # Rounding once more changes nothing beyond the scale, which is the quotient of two rounded numbers.
        assert torch.allclose(quantised(value, "e4m3"), value, rtol=1e-6, atol=0)
        assert len(trained.flushed[state]) == 10
        # Gradients are never 0, so that every 0 was flushed in the last step.
        assert trained.flushed[state][-1] == pytest.approx(float((value == 0).double().mean()))


def test_the_second_moment_is_what_underflows() -> None:
    for low in (E4M3, STORED):
        adamw, stosign = (Trained(name, low).steps(20).flushed for name in ("adamw", "stosignsgd"))
        # Flushed below 2^-10 / 448 = 2.2e-6 of the largest, |g| below 1.5e-3 of it: some 40 % of five orders.
        assert 0.3 < adamw["exp_avg_sq"][-1] < 0.6
        assert stosign["envelope"][-1] < 0.01


@pytest.mark.parametrize("name", ["adamw", "stosignsgd", "momentum"])
def test_rounding_after_the_step_is_what_narrow_storage_does(name: str) -> None:
    """`store_states` keeps eight bits for each number; the emulation has the same iterates bit for bit."""
    emulated, narrow = Trained(name, E4M3), Trained(name)
    store_states(narrow.optimizer, "e4m3")
    assert torch.equal(emulated.steps(10).x, narrow.steps(10).x)


def test_the_root_of_a_state_can_be_stored() -> None:
    root = Trained("adamw", STORED | {"state_root": ["exp_avg_sq"]}).steps(20)
    plain = Trained("adamw", STORED).steps(20)
    assert root.flushed["exp_avg_sq"][-1] < 0.05 < plain.flushed["exp_avg_sq"][-1]
    assert torch.allclose(
        quantised(root.states["exp_avg_sq"].sqrt(), "e4m3") ** 2, root.states["exp_avg_sq"], rtol=1e-5
    )


def test_one_scale_is_for_the_whole_of_a_large_tensor() -> None:
    """Large tensors are worked off in blocks otherwise, each of which would get a scale of its own."""
    x = torch.nn.Parameter(torch.zeros(2**17 + 8))
    optimizer = make_optimizer("signum", [x], 0.01)
    precision = Precision(STORED, bf16=False)
    precision.attach(optimizer)
    x.grad = torch.full_like(x, 1e-7)
    x.grad[-1] = 1.0
    optimizer.step()
    assert optimizer.state[x]["momentum"].count_nonzero() == 1


BAD = {
    "rule": (lambda: Trained("lamb", STORED), "no step that could read rounded states"),
    "compiled": (lambda: Trained("adamw", STORED, compiled=True), "this optimizer is compiled"),
    "method": (lambda: Trained("sign-sgdm", STORED), "has no single rule"),
    "reads": (lambda: Precision({"step_reads": "both"}, bf16=False), "step_reads is 'both'"),
    "gemm": (lambda: Precision({"gemm": "fp6"}, bf16=False), "gemm is 'fp6'"),
    "block": (lambda: Precision({"block": 0}, bf16=False), "block is 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_sentence(name: str) -> None:
    make, words = BAD[name]
    with pytest.raises(InputError, match=words):
        make()


def test_float32_states_need_no_rule() -> None:
    assert Trained("lamb", {"step_reads": "stored"}).steps(2).flushed == {}

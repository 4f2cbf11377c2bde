"""Planted faults in the torch optimizers: each must fail a check that the right code passes."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.language_model import noise  # noqa: E402
from ratecheck.experiments.language_model.optimizers import (  # noqa: E402
    RuleOptimizer,
    elementwise,
    from_method,
    grouped,
    make_optimizer,
    paths,
    rules,
    saddle,
)
from ratecheck.experiments.language_model.optimizers.agreement import distances  # noqa: E402
from ratecheck.experiments.language_model.optimizers.entries import Entry, entry_of  # noqa: E402
from ratecheck.theory.methods.adaptive import adam_update  # noqa: E402
from ratecheck.theory.methods.conjugate import aggregate, conjugate_weight  # noqa: E402
from ratecheck.theory.methods.lamb import lamb_update  # noqa: E402
from ratecheck.theory.methods.scs_adamw import preconditioned_update, preconditioner  # noqa: E402
from ratecheck.theory.methods.sign import lion_update, sign_update  # noqa: E402
from ratecheck.theory.methods.stosign import sign_with_noise, stochastic_sign, stosign_momentum_update  # noqa: E402

Plant = Callable[[pytest.MonkeyPatch], None]
Check = Callable[[], bool]


def agrees(name: str) -> bool:
    """Whether torch follows the verified method on NumPy."""
    return bool(distances(name, 60).max() < 1e-12)


def trained(name: str, steps: range, x: Any = None, saved: Any = None, **options: Any) -> tuple[Any, Any]:
    x = torch.nn.Parameter(torch.linspace(-1, 1, 40, dtype=torch.float64) if x is None else x.clone())
    optimizer = make_optimizer(name, [x], 0.01, **options)
    if saved is not None:
        optimizer.load_state_dict(copy.deepcopy(saved))
    for k in steps:
        gradient = torch.randn(40, generator=torch.Generator().manual_seed(k), dtype=torch.float64)
        x.grad = x.detach() + gradient
        optimizer.step()
    return x.detach(), optimizer.state_dict()


def resumes(name: str) -> bool:
    """Whether a run that is saved and loaded goes on as if it had not been."""
    whole, _ = trained(name, range(10))
    x, saved = trained(name, range(6))
    return torch.equal(trained(name, range(6, 10), x, saved)[0], whole)


def replicas_agree() -> bool:
    """Whether two replicas, whose global generators differ, take the same steps."""
    points = []
    for rank in range(2):
        torch.manual_seed(rank)
        points.append(trained("stosignsgd", range(10))[0])
    return torch.equal(*points)


def shards_agree() -> bool:
    """Whether two shards draw the noise of their place in the whole."""
    x = torch.zeros(40, dtype=torch.float64)
    group = {"seed": 0}
    whole = paths.noise(Entry(x, x, [], {"step": torch.tensor(3)}, "w", 0), group)
    parts = [paths.noise(Entry(x[:20], x[:20], [], {"step": torch.tensor(3)}, "w", at), group) for at in (0, 20)]
    return torch.equal(torch.cat(parts), whole)


def climbs() -> bool:
    up, _ = trained("sgd", range(1), maximize=True)
    down, _ = trained("sgd", range(1))
    start = torch.linspace(-1, 1, 40, dtype=torch.float64)
    return torch.allclose(up - start, start - down)


def follows_schedule() -> bool:
    """Whether a step of size 0 is one."""
    x = torch.nn.Parameter(torch.ones(3))
    optimizer = make_optimizer("signum", [x], 0.1)
    optimizer.param_groups[0]["lr"] = 0.0
    x.grad = torch.ones(3)
    optimizer.step()
    return bool((x == 1).all())


def turns_game() -> bool:
    """Whether extragradient-Adam comes nearer to the saddle of x y, from which simultaneous steps run away."""
    x, y = (torch.nn.Parameter(torch.ones(1, dtype=torch.float64)) for _ in range(2))
    groups = [{"params": [x]}, {"params": [y], "maximize": True}]
    optimizer = make_optimizer("extragradient-adam", groups, 0.05, betas=(0.0, 0.999))

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (x * y).sum()
        loss.backward()
        return loss

    for _ in range(300):
        optimizer.step(closure)
    return float((x**2 + y**2).detach()) < 0.5


def same_dropout() -> bool:
    """Whether both gradients of an extragradient step see the same random numbers."""
    x = torch.nn.Parameter(torch.ones(1))
    optimizer = make_optimizer("extragradient-adam", [x], 0.1)
    seen = []

    def closure() -> Any:
        optimizer.zero_grad()
        seen.append(float(torch.rand(1)))
        loss = (x**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return seen[0] == seen[1]


def replaced(target: Any, name: str, value: Any) -> Plant:
    return lambda patch: patch.setattr(target, name, value)


def decay_in_moment(x: Any, g: Any, m: Any, v: Any, *, weight_decay: float, **rest: Any) -> Any:
    return adam_update(x, g + weight_decay * x, m, v, weight_decay=0.0, **rest)


def envelope_of_gradient(x: Any, g: Any, m: Any, G: Any, n: Any, **rest: Any) -> Any:
    m = rest["beta"] * m + (1 - rest["beta"]) * g
    G = torch.maximum(rest["damping"] * G, g.abs())
    return x * (1 - rest["step_size"] * rest["weight_decay"]) - rest["step_size"] * sign_with_noise(m, G, n), m, G


def no_buffer(x: Any, g: Any, m: Any, G: Any, n: Any, **rest: Any) -> Any:
    return stosign_momentum_update(x, g, m, 0 * G, n, **rest)


def summed_momentum(x: Any, g: Any, m: Any, *, step_size: float, momentum: float, weight_decay: float) -> Any:
    # The same signs as an average's, but for decay: what is kept is not what the method keeps.
    m = momentum * m + g
    return sign_update(x, m + g, step_size=step_size, weight_decay=weight_decay), m


def lion_swapped(x: Any, g: Any, m: Any, *, beta1: float, beta2: float, **rest: Any) -> Any:
    return lion_update(x, g, m, beta1=beta2, beta2=beta1, **rest)


def unlimited_trust(x: Any, g: Any, m: Any, v: Any, **rest: Any) -> Any:
    after, m, v = lamb_update(x, g, m, v, **rest)
    return x + (after - x) / (x.norm() + 1e-12), m, v


def swapped_weights(x: Any, g: Any, d: Any, v: Any, k: int, **rest: Any) -> Any:
    v, D = preconditioner(v, g, k, rest["beta2"], rest["epsilon"])
    d = g if k == 0 else aggregate(d, g, 1 - conjugate_weight(d, g))
    return x - rest["step_size"] * (D * d + rest["weight_decay"] * x), d, v, 0, D


def never_fresh(x: Any, g: Any, d: Any, v: Any, k: int, fresh: Any, **rest: Any) -> Any:
    return preconditioned_update(x, g, d, v, k, torch.tensor(k == 0), **rest)


def decay_is_scaled(rule: Any, group: Any, arguments: Any, t: int, factors: Any = None) -> Any:
    lr = float(group["lr"]) if factors is None else float(group["lr"]) * factors
    x = arguments[0] * (1 - lr * group["weight_decay"])
    return rule.update(x, *arguments[1:], group={**group, "weight_decay": 0.0}, t=t, step_size=lr)


def stale_momentum(rule: Any, group: Any, entry: Any) -> Any:
    return entry.arrays[rule.states.index(rule.signal)].numpy().copy()


def global_noise(entry: Any, group: Any, *_: Any) -> Any:
    return torch.rand(entry.x.numel(), dtype=entry.x.dtype)


def local_index(entry: Any, group: Any, *_: Any) -> Any:
    return torch.from_numpy(noise.keyed_uniform(entry.x.numel(), noise.key(0, entry.name, entry.t)))


def half_noise(*given: Any) -> Any:
    return noise.signed_bits(*given).abs()


def uncounted(self: Any, state_dict: Any) -> None:
    saved = copy.deepcopy(state_dict)
    for state in saved["state"].values():
        state["step"] = torch.tensor(0)
    super(RuleOptimizer, self).load_state_dict(saved)


def always_descends(parameter: Any, name: Any, state: Any, group: Any, rule: Any) -> Any:
    return entry_of(parameter, name, state, {**group, "maximize": False}, rule)


def first_lr(rule: Any, group: Any, arguments: Any, t: int, factors: Any = None) -> Any:
    return rule.update(*arguments, group=group, t=t, step_size=0.1)


def no_look_ahead(self: Any, closure: Any = None) -> Any:
    return RuleOptimizer.step(self, closure)


class FreshRandomness:
    def __init__(self, *_: Any) -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        pass


real_key = noise.key
without_correction = functools.partial(adam_update, bias_correction=False)
FAULTS: list[tuple[str, Plant, Check]] = [
    ("bias correction missing", replaced(rules, "adam_update", without_correction), lambda: agrees("adamw")),
    ("weight decay through the moment", replaced(rules, "adam_update", decay_in_moment), lambda: agrees("adamw")),
    (
        "envelope follows the gradient",
        replaced(rules, "stosign_momentum_update", envelope_of_gradient),
        lambda: agrees("stosignsgd"),
    ),
    ("no running maximum", replaced(rules, "stosign_momentum_update", no_buffer), lambda: agrees("stosignsgd")),
    (
        "gradient counted twice in Signum",
        replaced(rules, "signum_update", summed_momentum),
        lambda: agrees("signum"),
    ),
    ("Lion's factors swapped", replaced(rules, "lion_update", lion_swapped), lambda: agrees("lion")),
    ("LAMB divides by the norm again", replaced(rules, "lamb_update", unlimited_trust), lambda: agrees("lamb")),
    (
        "weight of the old direction on the new gradient",
        replaced(rules, "author_pairing_update", swapped_weights),
        lambda: agrees("scs-adamw-euclidean"),
    ),
    ("direction never begins anew", replaced(rules, "preconditioned_update", never_fresh), lambda: agrees("scs-adamw")),
    ("grouping scales the decay", replaced(paths, "updated", decay_is_scaled), lambda: agrees("sgg-adamw")),
    (
        "grouping one step late",
        replaced(grouped, "_signal", stale_momentum),
        lambda: agrees("sgg-momentum"),
    ),
    ("one-sided noise", replaced(paths, "signed_bits", half_noise), lambda: agrees("stosignsgd")),
    (
        "the same noise at every step",
        replaced(paths, "key", lambda seed, name, t: real_key(seed, name, 1)),
        lambda: agrees("stosignsgd"),
    ),
    (
        "the same noise in every tensor",
        replaced(paths, "key", lambda seed, name, t: real_key(seed, 0, t)),
        lambda: agrees("stosignsgd"),
    ),
    (
        "a conversion draws its noise one step late",
        replaced(from_method, "key", lambda seed, name, t: real_key(seed, name, t - 1)),
        lambda: agrees("sign-sgdm"),
    ),
    ("noise different on replicas", replaced(paths, "noise", global_noise), replicas_agree),
    ("a shard counts from its own beginning", replaced(paths, "noise", local_index), shards_agree),
    (
        "state not restored",
        replaced(RuleOptimizer, "load_state_dict", lambda *_: None),
        lambda: resumes("signum"),
    ),
    ("step count not restored", replaced(RuleOptimizer, "load_state_dict", uncounted), lambda: resumes("adamw")),
    (
        "noise not resumed",
        replaced(paths, "noise", global_noise),
        lambda: resumes("stosignsgd"),
    ),
    ("maximize ignored", replaced(elementwise, "entry_of", always_descends), climbs),
    ("schedule ignored", replaced(paths, "updated", first_lr), follows_schedule),
    ("no look-ahead in extragradient", replaced(saddle.ExtragradientAdam, "step", no_look_ahead), turns_game),
    ("other dropout in the second gradient", replaced(saddle, "same_randomness", FreshRandomness), same_dropout),
]


@pytest.mark.parametrize(("plant", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_the_fault_is_noticed(plant: Plant, check: Check) -> None:
    assert check(), "the right code must pass"
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        assert not check()


def test_a_biased_rounding_of_the_noise_shows_in_the_mean_step() -> None:
    v, R = np.full(200_000, 0.25), np.ones(200_000)
    u = noise.keyed_uniform(v.size, noise.key(0, "w", 1))
    # Standard error 0.0022; signs of the same numbers rounded up to eighths lean by 1/8.
    assert abs(stochastic_sign(v, R, u).mean() - 0.25) < 0.011
    assert abs(stochastic_sign(v, R, np.ceil(u * 8) / 8).mean() - 0.25) > 0.05

"""Torch optimizers: they are the verified methods, and they behave as torch optimizers do."""

from __future__ import annotations

import copy
import io
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.language_model.optimizers import (  # noqa: E402
    MGSR1,
    OPTIMIZERS,
    SGD,
    AdamW,
    ExtragradientAdam,
    MethodOptimizer,
    SignSGD,
    StoSignSGD,
    make_optimizer,
    paths,
)
from ratecheck.experiments.language_model.optimizers.agreement import TWINS, distances  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402
from ratecheck.theory.methods.adaptive import adam_update  # noqa: E402
from ratecheck.theory.methods.quasi_newton.limited_memory import LimitedMemorySP  # noqa: E402
from ratecheck.theory.methods.stosign import StoSignP, stosign_momentum_update  # noqa: E402

CLOSURES = {"extragradient-adam", "mgsr1-n", "mgsr1-e"}
ORDINARY = sorted(set(OPTIMIZERS) - CLOSURES)
RULES = [name for name in ORDINARY if not name.startswith("sign-")]
OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"memory": 3} for name in ("mgsr1-n", "mgsr1-e")},
    **{name: {"grouping": {"period": 3}} for name in OPTIMIZERS if name.startswith("sgg-")},
    "scs-adamw": {"reset_every": 4},
}


class Problem:
    """Least squares in a matrix and a vector with gradient noise that depends on the step alone."""

    def __init__(self, name: str, dtype: torch.dtype = torch.float64, **options: Any) -> None:
        generator = torch.Generator().manual_seed(0)
        self.target = torch.randn(4, 6, generator=generator, dtype=torch.float64).to(dtype)
        self.w = torch.nn.Parameter(torch.randn(4, 6, generator=generator, dtype=torch.float64).to(dtype))
        self.b = torch.nn.Parameter(torch.randn(6, generator=generator, dtype=torch.float64).to(dtype))
        self.name = name
        lr = 0.3 if name.startswith("mgsr1") else 0.01
        self.optimizer = make_optimizer(name, [self.w, self.b], lr, **{**OPTIONS.get(name, {}), **options})

    def loss(self) -> torch.Tensor:
        return ((self.w + self.b - self.target) ** 2).sum() + 0.1 * (self.b**2).sum()

    def closure(self) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = self.loss()
        if not self.name.startswith("mgsr1"):
            loss.backward()
        return loss

    def run(self, first: int, last: int) -> None:
        for step in range(first, last):
            if self.name in CLOSURES:
                self.optimizer.step(self.closure)
                continue
            self.closure()
            for parameter in (self.w, self.b):
                noise = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(step))
                parameter.grad += noise.to(parameter.dtype)
            self.optimizer.step()

    def point(self) -> torch.Tensor:
        return torch.cat([self.w.detach().reshape(-1), self.b.detach()])


@pytest.mark.parametrize("name", sorted(TWINS))
def test_every_optimizer_follows_the_verified_method(name: str) -> None:
    # Elementary operations round alike on both; sums may differ by a few ulp, which convex problems do not amplify.
    assert distances(name, 500).max() < 1e-12


def test_no_optimizer_is_left_without_a_twin() -> None:
    grouped_elsewhere = {"sgg-lamb"}  # as sgg-adamw, around another rule
    assert set(OPTIMIZERS) - set(TWINS) == CLOSURES | grouped_elsewhere


@pytest.mark.parametrize("name", [name for name in sorted(TWINS) if name in RULES and "scs" not in name])
def test_one_launch_for_all_tensors_changes_nothing(name: str) -> None:
    assert distances(name, 60, foreach=True).max() < 1e-12


# The compiler imports parts of torch that are deprecated by torch itself.
compiles = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


@compiles
@pytest.mark.slow
@pytest.mark.parametrize("name", ["stosignsgd", "lion", "adamw", "lamb", "sgg-adamw"])
def test_the_compiled_step_changes_nothing(name: str) -> None:
    assert distances(name, 60, compiled=True).max() < 1e-12


@compiles
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("scs-adamw", {"reset_every": 4, "weight_decay": 0.1}),
        ("scs-adamw-euclidean", {}),
        ("stosignsgd", {"damping": 0.9}),
        ("sgg-stosignsgd", {"grouping": {"period": 2, "clusters": 12, "skip_vectors": False}}),
    ],
)
def test_compiled_odd_tensors_move_as_others_do(name: str, options: dict[str, Any]) -> None:
    points = []
    for compiled in (False, True):
        generator = torch.Generator().manual_seed(0)
        shapes = ((0,), (70,), (70,))
        tensors = [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]
        tensors.append(torch.randn(6, 4, generator=generator, dtype=torch.float64).T.requires_grad_())
        optimizer = make_optimizer(name, tensors, 0.01, compiled=compiled, **options)
        for _ in range(9):
            for tensor in tensors:
                tensor.grad = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            optimizer.step()
        points.append(torch.cat([tensor.detach().reshape(-1) for tensor in tensors]))
    assert (points[1] - points[0]).norm() < 1e-12 * points[0].norm()


GOLDEN_G = [(1.0, -0.5), (-2.0, 0.1), (0.3, 0.2)]
GOLDEN_N = [(-0.9, 0.2), (0.5, 0.3), (-0.2, 0.9)]
GOLDEN_X = [(0.989, -1.988), (0.998011, -1.976012), (1.007012989, -1.984035988)]


@pytest.mark.parametrize("library", [np, torch], ids=["numpy", "torch"])
def test_golden_trace_of_the_update_function(library: Any) -> None:
    def array(values: Any) -> Any:
        return library.asarray(values, dtype=library.float64)

    x, m, G = array([1.0, -2.0]), array([0.0, 0.0]), array([0.0, 0.0])
    for g, n, expected in zip(GOLDEN_G, GOLDEN_N, GOLDEN_X, strict=True):
        x, m, G = stosign_momentum_update(x, array(g), m, G, array(n), step_size=0.01, beta=0.9, weight_decay=0.1)
        assert np.allclose(np.asarray(x), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [2, paths.BLOCK + 2], ids=["plain", "in place"])
def test_golden_trace_of_the_optimizer(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = iter(GOLDEN_N)

    def given(*_: Any) -> torch.Tensor:
        row = torch.zeros(size, dtype=torch.float64)
        row[:2] = torch.tensor(next(steps), dtype=torch.float64)
        return row

    monkeypatch.setattr(paths, "noise", given)
    x = torch.nn.Parameter(torch.zeros(size, dtype=torch.float64))
    x.data[:2] = torch.tensor([1.0, -2.0])
    optimizer = StoSignSGD([x], 0.01, weight_decay=0.1, foreach=size > 2)
    for g, expected in zip(GOLDEN_G, GOLDEN_X, strict=True):
        x.grad = torch.zeros_like(x)
        x.grad[:2] = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        assert torch.allclose(x[:2], torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-12)
    # Entries that never saw a gradient stay where they are.
    assert not x[2:].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("damping", [1.0, 0.9])
@pytest.mark.parametrize("name", ["stosignsgd", "signum", "lion"])
def test_the_step_in_place_is_the_plain_rule(name: str, dtype: torch.dtype, damping: float) -> None:
    size = paths.BLOCK + 1000
    options = {"damping": damping} if name == "stosignsgd" else {}
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(size, generator=generator, dtype=dtype)
    # Entries without a gradient at first, and some that never have one.
    gradients = [torch.randn(size, generator=generator, dtype=dtype) for _ in range(4)]
    for k, g in enumerate(gradients):
        g[k * 1000 :: 7] = 0
        g[:50] = 0
    points, states = [], []
    for foreach in (False, True):
        x = torch.nn.Parameter(start.clone())
        optimizer = make_optimizer(name, [x], 1e-3, weight_decay=0.1, foreach=foreach, **options)
        for g in gradients:
            x.grad = g.clone()
            optimizer.step()
        points.append(x.detach())
        states.append(optimizer.state[x])
    # Averages round otherwise, by a few units in the last place of their size, which turns no sign here.
    assert torch.equal(*points)
    for state in set(states[0]) - {"step"}:
        assert (states[0][state] - states[1][state]).abs().max() < 8 * torch.finfo(dtype).eps


@pytest.mark.parametrize(
    ("name", "options", "theirs"),
    [
        ("sgd", {}, lambda p: torch.optim.SGD(p, 0.01)),
        ("momentum", {"nesterov": True}, lambda p: torch.optim.SGD(p, 0.01, momentum=0.9, nesterov=True)),
        ("adamw", {"weight_decay": 0.1}, lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1)),
    ],
)
def test_torch_has_the_same_optimizer(name: str, options: dict[str, Any], theirs: Callable[..., Any]) -> None:
    ours, other = Problem(name, **options), Problem(name)
    other.optimizer = theirs([other.w, other.b])
    ours.run(0, 100)
    other.run(0, 100)
    # torch's fused form of Adam's correction rounds differently.
    assert torch.allclose(ours.point(), other.point(), rtol=1e-12, atol=0)


def test_extragradient_adam_is_two_adam_updates_from_one_point() -> None:
    problem = Problem("extragradient-adam")
    x = problem.point().numpy()
    target = problem.target.numpy()

    def gradient(z: np.ndarray) -> np.ndarray:
        r = 2 * (z[:24].reshape(4, 6) + z[24:] - target)
        return np.concatenate([r.reshape(-1), r.sum(axis=0) + 0.2 * z[24:]])

    m = v = np.zeros_like(x)
    for k in range(100):
        rates = {"step_size": 0.01, "beta1": 0.9, "beta2": 0.95, "eps": 1e-8}
        w, m, v = adam_update(x, gradient(x), m, v, t=2 * k + 1, **rates)
        x, m, v = adam_update(x, gradient(w), m, v, t=2 * k + 2, **rates)
    problem.run(0, 100)
    assert np.linalg.norm(problem.point().numpy() - x) < 1e-12 * np.linalg.norm(x)


@pytest.mark.parametrize("mode", ["newton", "extragradient"])
def test_mgsr1_follows_the_method_on_a_saddle(mode: str) -> None:
    rng = np.random.default_rng(0)
    coupling, shift = rng.standard_normal((5, 5)), rng.standard_normal(10)
    H = np.block([[np.eye(5), coupling], [coupling.T, -0.5 * np.eye(5)]])
    signs = np.repeat([1.0, -1.0], 5)

    class Host:
        def __init__(self) -> None:
            self.signs = signs

        def operator(self, z: np.ndarray) -> np.ndarray:
            return signs * (z @ H - shift)

        def hessian_product(self, z: np.ndarray, v: np.ndarray) -> np.ndarray:
            return v @ H

    method = LimitedMemorySP(mode=mode, step_size=0.7, memory=4, refresh=5)
    z = rng.standard_normal((1, 10))
    x, y = (torch.nn.Parameter(torch.tensor(part)) for part in np.split(z[0], 2))
    optimizer = MGSR1([{"params": [x]}, {"params": [y], "maximize": True}], 0.7, mode=mode, memory=4, refresh=5)
    Ht, shift_t = torch.tensor(H), torch.tensor(shift)

    def loss() -> torch.Tensor:
        w = torch.cat([x, y])
        return 0.5 * w @ Ht @ w - shift_t @ w

    state = method.init(z)
    for _ in range(40):
        z, state = method.step(z, state, Host())
        optimizer.step(loss)
        w = torch.cat([x, y]).detach().numpy()
        # Bases of nearly dependent vectors turn rounding into 1e-10; a wrong formula is off by 1.
        assert np.linalg.norm(w - z[0]) < 1e-8 * max(1.0, np.linalg.norm(z))
    solution = np.linalg.solve(H, shift)
    assert np.linalg.norm(w - solution) < 1e-2 * np.linalg.norm(solution)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_run_that_is_saved_and_resumed_is_the_same_run(name: str) -> None:
    whole, first = Problem(name), Problem(name)
    whole.run(0, 12)
    first.run(0, 7)
    file = io.BytesIO()
    torch.save({"model": [first.w.data, first.b.data], "optimizer": first.optimizer.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    second = Problem(name)
    second.w.data, second.b.data = saved["model"]
    second.optimizer.load_state_dict(saved["optimizer"])
    second.run(7, 12)
    assert torch.equal(second.point(), whole.point())
    for left, right in zip(second.optimizer.state.values(), whole.optimizer.state.values(), strict=True):
        assert left.keys() == right.keys()
        assert all(torch.equal(left[key], right[key]) and left[key].dtype == right[key].dtype for key in left)


@pytest.mark.parametrize("name", ORDINARY)
def test_maximize_climbs_the_negative(name: str) -> None:
    up, down = Problem(name, maximize=True), Problem(name)
    for _ in range(6):
        up.closure()
        for a, b in ((up.w, down.w), (up.b, down.b)):
            b.grad = -a.grad
        up.optimizer.step()
        down.optimizer.step()
    assert torch.equal(up.point(), down.point())


@pytest.mark.parametrize("name", ORDINARY)
def test_a_parameter_without_gradient_is_left_alone(name: str) -> None:
    problem = Problem(name)
    before = problem.b.detach().clone()
    for _ in range(4):
        problem.closure()
        problem.b.grad = None
        problem.optimizer.step()
    assert torch.equal(problem.b, before)
    assert problem.b not in problem.optimizer.state or not problem.optimizer.state[problem.b]


@pytest.mark.parametrize("name", ORDINARY)
def test_odd_tensors_are_taken(name: str) -> None:
    shapes = ((), (0,), (3, 0), (1,), (2, 3, 4, 2))
    tensors = [torch.nn.Parameter(torch.ones(shape)) for shape in shapes]
    tensors.append(torch.nn.Parameter(torch.ones(4, 6).T))
    options = {"grouping": {"period": 2, "skip_vectors": False}} if name.startswith("sgg") else {}
    optimizer = make_optimizer(name, tensors, 0.01, **options)
    for _ in range(3):
        for tensor in tensors:
            tensor.grad = torch.ones_like(tensor)
        optimizer.step()
    assert all(tensor.isfinite().all() for tensor in tensors)
    assert (tensors[-1] < 1).any()


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_updated_in_single(name: str, dtype: torch.dtype) -> None:
    half, single = Problem(name, dtype), Problem(name, torch.float32)
    single.w.data, single.b.data = half.w.data.float(), half.b.data.float()
    half.closure()
    half.optimizer.step()
    single.w.grad, single.b.grad = half.w.grad.float(), half.b.grad.float()
    single.optimizer.step()
    assert torch.equal(half.point(), single.point().to(dtype))


@pytest.mark.parametrize("name", ORDINARY)
def test_schedulers_closures_hooks_groups_and_the_scaler(name: str) -> None:
    problem = Problem(name)
    optimizer = problem.optimizer
    # A warm-up whose first step has size 0.
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: min(k / 2, 1.0))
    before = problem.point()
    seen = []
    optimizer.register_step_post_hook(lambda *_: seen.append(1))
    loss = optimizer.step(problem.closure)
    schedule.step()
    assert float(loss.detach()) > 0
    assert seen == [1]
    assert torch.equal(problem.point(), before)
    optimizer.step(problem.closure)
    assert not torch.equal(problem.point(), before)
    added = torch.nn.Parameter(torch.ones(3, 3, dtype=torch.float64))
    optimizer.add_param_group({"params": [added], "lr": 0.5})
    added.grad = torch.ones_like(added)
    optimizer.step()
    assert (added < 1).any()
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(problem.loss()).backward()
    problem.w.grad[0, 0] = float("inf")
    before = problem.point()
    scaler.step(optimizer)
    scaler.update()
    assert torch.equal(problem.point(), before)


def test_groups_have_options_of_their_own() -> None:
    x, y = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer = StoSignSGD([{"params": [x], "weight_decay": 0.0}, {"params": [y], "lr": 0.5}], 0.1, weight_decay=1.0)
    x.grad, y.grad = torch.ones(3), torch.ones(3)
    optimizer.step()
    # The first step is a plain sign step; decay acts on the old point.
    assert torch.allclose(x, torch.full((3,), 0.9))
    assert torch.allclose(y, torch.full((3,), 0.0))


def test_the_noise_follows_names_not_positions() -> None:
    def run(order: list[str]) -> dict[str, torch.Tensor]:
        tensors = {name: torch.nn.Parameter(torch.zeros(50)) for name in ("a", "b")}
        optimizer = StoSignSGD([(name, tensors[name]) for name in order], 0.1)
        for k in range(5):
            for tensor in tensors.values():
                tensor.grad = torch.full((50,), (-0.5) ** k)
            optimizer.step()
        return {name: tensor.detach() for name, tensor in tensors.items()}

    left, right = run(["a", "b"]), run(["b", "a"])
    assert torch.equal(left["a"], right["a"])
    assert not torch.equal(left["a"], left["b"])


def test_an_infinite_gradient_still_has_a_sign() -> None:
    x = torch.nn.Parameter(torch.ones(3))
    x.grad = torch.tensor([1.0, float("nan"), float("inf")])
    SignSGD([x], 0.5).step()
    assert x.isnan().tolist() == [False, True, False]
    assert x[2] == 0.5


PATHS: list[Any] = [
    pytest.param({}, 3, id="loop"),
    pytest.param({}, paths.BLOCK + 3, id="in place"),
    pytest.param({"foreach": True}, 3, id="foreach"),
    pytest.param({"compiled": True}, 3, id="compiled", marks=[compiles, pytest.mark.slow]),
]


@pytest.mark.parametrize("name", ["signsgd", "signum", "lion", "stosignsgd", "adamw"])
@pytest.mark.parametrize(("options", "size"), PATHS)
@pytest.mark.parametrize("first", [0, 2])
def test_a_gradient_that_is_no_number_shows_in_the_parameter(
    name: str, options: dict[str, Any], size: int, first: int
) -> None:
    # At the first step, where momentum and envelope are 0, and later.
    x = torch.nn.Parameter(torch.ones(size))
    optimizer = make_optimizer(name, [x], 0.01, **options)
    for step in range(first + 2):
        x.grad = torch.ones(size)
        x.grad[0] = 0
        if step == first:
            x.grad[-2] = float("nan")
        optimizer.step()
        expected = torch.zeros(size, dtype=torch.bool)
        # What has no state forgets, but the parameter does not.
        expected[-2] = step >= first
        assert torch.equal(x.isnan(), expected)


@pytest.mark.parametrize(("options", "size"), PATHS)
def test_an_infinite_gradient_shows_in_the_parameter_of_a_random_sign(options: dict[str, Any], size: int) -> None:
    x = torch.nn.Parameter(torch.ones(size))
    optimizer = StoSignSGD([x], 0.01, **options)
    x.grad = torch.ones(size)
    x.grad[-1] = -float("inf")
    optimizer.step()
    assert x.isnan().nonzero().tolist() == [[size - 1]]


def sparse() -> None:
    x = torch.nn.Parameter(torch.ones(3))
    x.grad = torch.sparse_coo_tensor([[0]], [1.0], (3,), check_invariants=False)
    AdamW([x]).step()


PARAMETER = [torch.nn.Parameter(torch.ones(2))]


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (sparse, "is sparse"),
        (lambda: SGD([torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))]), "complex"),
        (lambda: SGD(PARAMETER, -1.0), "lr is -1.0"),
        (lambda: SGD([{"params": PARAMETER, "lr": -2.0}]), "lr is -2.0"),
        (lambda: AdamW(PARAMETER, betas=(0.9, 1.0)), "beta2 is 1.0"),
        (lambda: AdamW(PARAMETER, weight_decay=-1), "weight_decay is -1"),
        (lambda: StoSignSGD(PARAMETER, damping=0.0), "damping is 0.0"),
        (lambda: StoSignSGD(PARAMETER, foreach=True, compiled=True), "choose one"),
        (lambda: make_optimizer("adam", PARAMETER, 0.1), "optimizer is 'adam'"),
        (lambda: make_optimizer("adamw", PARAMETER, 0.1, beta=0.9), "cannot be made"),
        (lambda: make_optimizer("scs-adamw", PARAMETER, 0.1, metric="l1"), "metric is 'l1'"),
        (lambda: make_optimizer("sgg-adamw", PARAMETER, 0.1, grouping={"delay": True}), "not an option"),
        (lambda: make_optimizer("sign-adam", PARAMETER, 0.1, scope="layer"), "scope is 'layer'"),
        (lambda: ExtragradientAdam(PARAMETER).step(), "needs a closure"),
        (lambda: MGSR1(PARAMETER, memory=1).step(), "needs a closure"),
        (lambda: MGSR1(PARAMETER, memoria=1), "LimitedMemorySP"),
    ],
)
def test_bad_input_is_told(act: Callable[[], Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        act()


def test_any_method_trains() -> None:
    problem = Problem("sgd")
    problem.optimizer = MethodOptimizer([problem.w, problem.b], lambda layers: StoSignP(1.0), 0.05)
    before = float(problem.loss().detach())
    problem.run(0, 60)
    assert float(problem.loss().detach()) < 0.3 * before


@pytest.mark.parametrize("chosen", [None, "1"])
def test_a_training_loop_keeps_its_threads(chosen: str | None) -> None:
    code = "import ratecheck as rc; rc.optimizers; import torch; print(torch.get_num_threads())"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment |= {} if chosen is None else {"OMP_NUM_THREADS": chosen}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) == int(chosen or len(os.sched_getaffinity(0)))

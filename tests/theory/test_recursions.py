"""The update rules against the papers' recursions.

The recursions are transcribed here a second time, for one run and plain one-dimensional arrays. They must agree in
every bit, except for the methods in `ROUNDED`, whose operations come in another order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from ratecheck.theory.methods import (
    accelerated,
    adam,
    adam_variants,
    adaptive,
    averaging,
    clipping,
    frank_wolfe,
    gradient,
    line_search,
    momentum,
    nesterov,
    normalized,
    sign,
    variance_reduced,
)
from ratecheck.theory.schedules import InverseTime

OWN = {
    **gradient.EXAMPLES,
    **averaging.EXAMPLES,
    **momentum.EXAMPLES,
    **nesterov.EXAMPLES,
    **adaptive.EXAMPLES,
    **adam.EXAMPLES,
    **adam_variants.EXAMPLES,
    **sign.EXAMPLES,
    **normalized.EXAMPLES,
    **line_search.EXAMPLES,
    **frank_wolfe.EXAMPLES,
    **accelerated.EXAMPLES,
    **variance_reduced.EXAMPLES,
    **clipping.EXAMPLES,
}
RUNS = 5


def over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, where 0 / 0 is 0: one start coordinate is such that some first samples have a zero there."""
    return np.divide(a, b, out=np.zeros(3), where=b != 0)


Recursion = Callable[[np.ndarray, Any], Iterator[np.ndarray]]


# --- subgradient rules -------------------------------------------------------------------------------------------


def _subgradient(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    while True:
        x = x - 0.1 * ask.g(x)
        yield x


def _normalized(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    while True:
        g = ask.g(x)
        x = x - 0.1 * (g / math.sqrt(g[0] ** 2 + g[1] ** 2 + g[2] ** 2))
        yield x


def _polyak(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    while True:
        g = ask.g(x)
        x = x - (ask.gap(x) / (g[0] ** 2 + g[1] ** 2 + g[2] ** 2)) * g
        yield x


def _projected(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    while True:
        x = np.clip(x - 0.1 * ask.g(x), -1.0, 2.0)
        yield x


# --- sums of subgradients ----------------------------------------------------------------------------------------


def _dual_averaging(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    first, total = x, np.zeros(3)
    while True:
        total = total + ask.g(x)
        x = first - 0.1 * total
        yield x


def _quasi_monotone(gamma: Callable[[int], float]) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        first, total, i = x, np.zeros(3), 0
        while True:
            i += 1
            total = total + ask.g(x)
            x = (i * x + first) / (i + 1) - gamma(i - 1) * total / (i + 1)
            yield x

    return points


def _minimax_player(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    first, S, t = x, np.zeros(3), 0
    while True:
        t += 1
        S = S + ask.g(x)
        x = first - S / math.sqrt(S[0] ** 2 + S[1] ** 2 + S[2] ** 2 + 9.0 * (100 - t))
        yield x


def _averaged(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    points = [x]
    while True:
        points.append(points[-1] - 0.1 * ask.g(points[-1]))
        yield sum(points[5:]) / (len(points) - 5) if len(points) > 5 else points[-1]


def _frank_wolfe(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    first, total = x, np.zeros(3)
    while True:
        total = total + ask.g(x)
        direction = x - first + 0.1 * total
        # Every point minimises along a coordinate of direction 0; the method takes the one nearest to 0.
        vertex = np.select([direction > 0, direction < 0], [-1.0, 2.0], 0.0)
        x = (1 - 0.3) * x + 0.3 * vertex
        yield x


# --- momentum ----------------------------------------------------------------------------------------------------


def _momentum(nesterov_step: bool) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        v = np.zeros(3)
        while True:
            g = ask.g(x)
            v = 0.9 * v + g
            x = x - 0.1 * (g + 0.9 * v if nesterov_step else v)
            yield x

    return points


def _averaged_momentum(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    m = np.zeros(3)
    while True:
        m = 0.9 * m + (1 - 0.9) * ask.g(x)
        x = x - 0.1 * m
        yield x


def _heavy_ball(alpha: Callable[[int], float], beta: Callable[[int], float]) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        before, t = x, 0
        while True:
            x, before = x - alpha(t) * ask.g(x) + beta(t) * (x - before), x
            t += 1
            yield x

    return points


def _nesterov(beta: Callable[[int], float], show_y: bool = False) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        y, t = x, 0
        while True:
            before, x = x, y - 0.1 * ask.g(y)
            y = x + beta(t) * (x - before)
            t += 1
            yield y if show_y else x

    return points


def _fista_momentum(t: int) -> float:
    lam = 1.0
    for _ in range(t):
        lam = (1 + math.sqrt(1 + 4 * lam**2)) / 2
    return (lam - 1) / ((1 + math.sqrt(1 + 4 * lam**2)) / 2)


def _look_ahead(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    v = np.zeros(3)
    while True:
        v = 0.9 * v + 0.1 * ask.g(x - 0.9 * v)
        x = x - v
        yield x


# --- adaptive ----------------------------------------------------------------------------------------------------


def _adagrad(eps: float) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        total = np.zeros(3)
        while True:
            g = ask.g(x)
            total = total + g**2
            x = x - 0.1 * over(g, np.sqrt(total) + eps)
            yield x

    return points


def _adagrad_norm(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    total = 0.0
    while True:
        g = ask.g(x)
        total = total + (g[0] ** 2 + g[1] ** 2 + g[2] ** 2)
        x = x - 0.1 * (g / math.sqrt(total))
        yield x


def _rmsprop(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    v = np.zeros(3)
    while True:
        g = ask.g(x)
        v = 0.99 * v + (1 - 0.99) * g**2
        x = x - 0.1 * (g / (np.sqrt(v) + 1e-8))
        yield x


def _adam(
    eta: Callable[[int], float] = lambda t: 0.1,
    b1: float = 0.9,
    b2: float = 0.999,
    root: Callable[[np.ndarray], np.ndarray] = lambda v: np.sqrt(v) + 1e-8,
    correct: bool = True,
    decay: float = 0.0,
) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        m, v, t = np.zeros(3), np.zeros(3), 0
        while True:
            t += 1
            g = ask.g(x)
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g**2
            mhat, vhat = (m / (1 - b1**t), v / (1 - b2**t)) if correct else (m, v)
            x = x * (1 - eta(t) * decay) - eta(t) * over(mhat, root(vhat))
            yield x

    return points


def _amsgrad(kind: str, eta: Callable[[int], float], eps: float) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        m, v, top, t = np.zeros(3), np.zeros(3), np.zeros(3), 0
        while True:
            t += 1
            g = ask.g(x)
            m = 0.9 * m + (1 - 0.9) * g
            v = 0.999 * v + (1 - 0.999) * g**2
            top = np.maximum(top, v / (1 - 0.999**t) if kind == "optax" else v)
            numerator = m if kind == "paper" else m / (1 - 0.9**t)
            inside = top / (1 - 0.999**t) if kind == "torch" else top
            x = x - eta(t) * over(numerator, np.sqrt(inside) + eps)
            yield x

    return points


def _unified(b1: float, b2: float) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        gradients: list[np.ndarray] = []
        while True:
            gradients.append(ask.g(x))
            n = len(gradients)
            m = sum(b1 ** (n - 1 - j) * g for j, g in enumerate(gradients))
            v = sum(b2 ** (n - 1 - j) * g**2 for j, g in enumerate(gradients))
            alpha = 0.1 * (1 - b1) * (math.sqrt(sum(b2**j for j in range(n))) if b2 < 1 else 1.0)
            x = x - alpha * m / np.sqrt(1e-8 + v)
            yield x

    return points


def _adamax(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    m, u, t = np.zeros(3), np.zeros(3), 0
    while True:
        t += 1
        g = ask.g(x)
        m = 0.9 * m + (1 - 0.9) * g
        u = np.maximum(0.999 * u, abs(g) + 1e-8)
        x = x - 0.1 * (m / (1 - 0.9**t) / u)
        yield x


def _nadam(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    m, v, t = np.zeros(3), np.zeros(3), 0
    while True:
        t += 1
        g = ask.g(x)
        m = 0.9 * m + (1 - 0.9) * g
        v = 0.999 * v + (1 - 0.999) * g**2
        ahead = 0.9 * (m / (1 - 0.9 ** (t + 1))) + (1 - 0.9) * (g / (1 - 0.9**t))
        x = x - 0.1 * (ahead / (np.sqrt(v / (1 - 0.999**t)) + 1e-8))
        yield x


# --- signs -------------------------------------------------------------------------------------------------------


def _signsgd(decay: float) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        while True:
            x = x * (1 - 0.1 * decay) - 0.1 * np.sign(ask.g(x))
            yield x

    return points


def _signum(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    m = np.zeros(3)
    while True:
        m = 0.9 * m + (1 - 0.9) * ask.g(x)
        x = x - 0.1 * np.sign(m)
        yield x


def _lion(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    m = np.zeros(3)
    while True:
        g = ask.g(x)
        update = np.sign(0.9 * m + (1 - 0.9) * g)
        x = x * (1 - 0.1 * 0.1) - 0.1 * update
        m = 0.99 * m + (1 - 0.99) * g
        yield x


def _error_feedback(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    e = np.zeros(3)
    while True:
        p = 0.1 * ask.g(x) + e
        delta = ((abs(p[0]) + abs(p[1]) + abs(p[2])) / 3) * np.sign(p)
        x, e = x - delta, p - delta
        yield x


def _sto_sign(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    while True:
        g = ask.g(x)
        x = x - 0.1 * np.where(ask.u() >= (1 - g / 2.0) / 2, 1.0, -1.0)
        yield x


def _ssdm(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    m = np.zeros(3)
    while True:
        m = 0.9 * m + ask.g(x)
        minus = 0.5 - m / (2 * math.sqrt(m[0] ** 2 + m[1] ** 2 + m[2] ** 2))
        x = x - 0.1 * np.where(ask.u() >= minus, 1.0, -1.0)
        yield x


# --- optimal and variance-reduced --------------------------------------------------------------------------------


def _ogm(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    theta, primary, y = 1.0, x, x
    for i in range(100):
        old = primary
        primary = y - (1 / 10) * ask.g(y)
        before = theta
        theta = (1 + math.sqrt((4 if i < 99 else 8) * theta**2 + 1)) / 2
        y = primary + (before - 1) / theta * (primary - old) + before / theta * (primary - y)
        yield y


def _ogm_g(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    th = [1.0]
    for i in range(100):
        th.insert(0, (1 + math.sqrt((4 if i < 99 else 8) * th[0] ** 2 + 1)) / 2)
    y = x
    for i in range(100):
        old, y = y, x - (1 / 10) * ask.g(x)
        first = (th[i] - 1) * (2 * th[i + 1] - 1) / (th[i] * (2 * th[i] - 1))
        x = y + first * (y - old) + (2 * th[i + 1] - 1) / (2 * th[i] - 1) * (y - x)
        yield x


def _triple(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    rho = 1 - 1 / math.sqrt(10)
    xi, before, y = x, x, x
    while True:
        xi, before = (
            (1 + rho**2 / (2 - rho)) * xi - rho**2 / (2 - rho) * before - (1 + rho) / 10 * ask.g(y),
            xi,
        )
        gamma, delta = rho**2 / (1 + rho) / (2 - rho), rho**2 / (1 - rho**2)
        y = (1 + gamma) * xi - gamma * before
        yield (1 + delta) * xi - delta * before


def _item(z: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    A, x, q = 0.0, z, 0.1
    while True:
        A, old = ((1 + q) * A + 2 * (1 + math.sqrt((1 + A) * (1 + q * A)))) / (1 - q) ** 2, A
        beta = old / (1 - q) / A
        delta = 0.5 * ((1 - q) ** 2 * A - (1 + q) * old) / (1 + q + q * old)
        y = (1 - beta) * z + beta * x
        g = ask.g(y)
        x, z = y - g / 10, (1 - q * delta) * z + q * delta * y - delta / 10 * g
        yield z


def _accelerated_sa(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    z, t = x, 0
    while True:
        t += 1
        a = 2 / (t + 1)
        y = (1 - a) * x + a * z
        z = z - 0.025 * t * ask.g(y)
        x = (1 - a) * x + a * z
        yield x


def _silver(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    # Altschuler and Parrilo's construction: h_{2n+1} = [h_n, 1 + rho^(level - 1), h_n].
    rho = 1 + math.sqrt(2)
    pattern: list[float] = []
    for level in range(6):
        pattern = [*pattern, 1 + rho ** (level - 1), *pattern]
    for h in pattern:
        x = x - 0.1 * h * ask.g(x)
        yield x


def _steepest(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    # The noise of the sampled gradients is part of the rule here: two answers, each of its own sample.
    while True:
        g = ask.g(x)
        probed = ask.g(x - 0.1 * g)
        change = g - probed
        bend = (g[0] * change[0] + g[1] * change[1] + g[2] * change[2]) / 0.1
        x = x - (g[0] ** 2 + g[1] ** 2 + g[2] ** 2) / bend * g
        yield x


def _svrg(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    while True:
        anchor, full = x, ask.full(x)
        for _ in range(5):
            g, at_anchor = ask.two(x, anchor)
            x = x - 0.1 * (g - at_anchor + full)
            yield x


def _normalized_momentum(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    m = ask.g(x)
    while True:
        x = x - 0.1 * (m / math.sqrt(m[0] ** 2 + m[1] ** 2 + m[2] ** 2))
        yield x
        m = (1 - 0.1) * m + 0.1 * ask.g(x)


def _iterate_averaging(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
    z, t = x, 0
    while True:
        z = z - 0.1 * ask.g(x)
        lam = (t + 1) / 2
        x = (lam * x + z) / (lam + 1)
        t += 1
        yield x


# --- changed gradients -------------------------------------------------------------------------------------------


def _changed(change: Callable[[np.ndarray, np.ndarray], np.ndarray], beta: float = 0.0) -> Recursion:
    def points(x: np.ndarray, ask: Any) -> Iterator[np.ndarray]:
        v = np.zeros(3)
        while True:
            v = beta * v + change(x, ask.g(x))
            x = x - 0.1 * v
            yield x

    return points


def _shortened(g: np.ndarray, c: float) -> np.ndarray:
    norm = math.sqrt(sum(entry**2 for entry in g))
    return g * (c / norm) if norm > c else g


RECURSIONS: dict[str, Recursion] = {
    "subgradient": _subgradient,
    "normalized-subgradient": _normalized,
    "polyak": _polyak,
    "projected-subgradient": _projected,
    "dual-averaging": _dual_averaging,
    "quasi-monotone": _quasi_monotone(lambda i: 0.1),
    "double-averaging": _quasi_monotone(lambda i: 0.1 / math.sqrt(i + 1)),
    "minimax-player": _minimax_player,
    "averaged-subgradient": _averaged,
    "online-frank-wolfe": _frank_wolfe,
    "momentum": _momentum(False),
    "nesterov-momentum": _momentum(True),
    "averaged-momentum": _averaged_momentum,
    "heavy-ball": _heavy_ball(lambda t: 0.1, lambda t: 0.9),
    "heavy-ball-goujaud": _heavy_ball(lambda t: 0.1 / (t + 2), lambda t: t / (t + 2)),
    "nesterov": _nesterov(lambda t: t / (t + 3)),
    "nesterov-constant-momentum": _nesterov(lambda t: (math.sqrt(10) - 1) / (math.sqrt(10) + 1)),
    "nesterov-look-ahead": _look_ahead,
    "fista": _nesterov(_fista_momentum),
    "fista-extrapolated": _nesterov(_fista_momentum, show_y=True),
    "adagrad": _adagrad(1e-10),
    "adagrad-theory": _adagrad(0.0),
    "adagrad-norm": _adagrad_norm,
    "rmsprop": _rmsprop,
    "adam": _adam(),
    "adam-without-correction": _adam(
        lambda t: 0.1 / math.sqrt(t), b1=0.0, b2=0.9, root=lambda v: np.sqrt(v), correct=False
    ),
    "adam-eps-inside": _adam(root=lambda v: np.sqrt(v + 1e-8)),
    "adamw": _adam(decay=0.1),
    "amsgrad": _amsgrad("paper", lambda t: 0.1 / math.sqrt(t), 0.0),
    "amsgrad-textbook": _amsgrad("textbook", lambda t: 0.1, 1e-8),
    "amsgrad-torch": _amsgrad("torch", lambda t: 0.1, 1e-8),
    "amsgrad-optax": _amsgrad("optax", lambda t: 0.1, 1e-8),
    "unified-adam": _unified(0.9, 0.999),
    "unified-adagrad": _unified(0.0, 1.0),
    "adamax": _adamax,
    "nadam": _nadam,
    "signsgd": _signsgd(0.0),
    "signsgd-decay": _signsgd(0.1),
    "signum": _signum,
    "lion": _lion,
    "ef-signsgd": _error_feedback,
    "sto-sign": _sto_sign,
    "ssdm": _ssdm,
    "ogm": _ogm,
    "ogm-g": _ogm_g,
    "triple-momentum": _triple,
    "item": _item,
    "accelerated-sa": _accelerated_sa,
    "silver": _silver,
    "steepest-descent": _steepest,
    "svrg": _svrg,
    "normalized-momentum": _normalized_momentum,
    "iterate-averaging": _iterate_averaging,
    "clipped-sgd": _changed(lambda x, g: _shortened(g, 1.0)),
    "clipped-value": _changed(lambda x, g: np.clip(g, -0.5, 0.5)),
    "clipped-groups": _changed(lambda x, g: np.append(_shortened(g[:2], 0.5), _shortened(g[2:], 0.5))),
    "l2-momentum": _changed(lambda x, g: g + 0.1 * x, beta=0.9),
}
# Methods whose operations come in another order than in the transcription: 23 steps, each of fewer than 20 roundings
# of numbers below 100, on a recursion that does not amplify them (all are run within their stable step sizes).
ROUNDED = {
    "averaged-subgradient",
    "quasi-monotone",
    "double-averaging",
    "unified-adam",
    "unified-adagrad",
    "ogm-g",
    "triple-momentum",
    "item",
    "silver",
}
ROUNDING = 23 * 20 * 100 * np.finfo(float).eps


def test_every_method_is_transcribed() -> None:
    assert set(RECURSIONS) == set(OWN)


@pytest.mark.parametrize("name", sorted(OWN))
def test_recursion_of_the_paper(name: str, points_of: Any, ask_of: Any, start: np.ndarray) -> None:
    points = points_of(OWN[name], range(RUNS))
    for run in range(RUNS):
        recursion = RECURSIONS[name](start, ask_of(run))
        for k in range(1, len(points)):
            expected = next(recursion)
            if name in ROUNDED:
                np.testing.assert_allclose(points[k][run], expected, rtol=0, atol=ROUNDING)
            else:
                np.testing.assert_array_equal(points[k][run], expected, err_msg=f"step {k} of run {run}")


FAULTS = {
    "momentum": momentum.AveragedMomentum(0.1),
    "averaged-momentum": momentum.Momentum(0.1),
    "heavy-ball-goujaud": momentum.HeavyBall(InverseTime(0.1, 1.0), momentum.Ramp(2.0)),
    "nesterov": nesterov.Nesterov(0.1, momentum.Ramp(2.0)),
    "nesterov-look-ahead": momentum.HeavyBall(0.1),
    "fista": nesterov.Extrapolated(nesterov.Fista(0.1)),
    "adagrad-norm": adaptive.AdaGrad(0.1, eps=0.0),
    "adam": adam.Adam(0.1, bias_correction=False),
    "adam-eps-inside": adam.Adam(0.1),
    "adamax": adam.Adam(0.1),
    "nadam": adam.Adam(0.1),
    "averaged-subgradient": averaging.Averaged(gradient.Subgradient(0.1), since=6),
    "adamw": clipping.L2Decay(adam.Adam(0.1), 0.1),
    "amsgrad-textbook": adam.Adam(0.1),
    "amsgrad-torch": adam.AMSGrad(0.1, eps=1e-8, correction="before max"),
    "unified-adam": adam.Adam(0.1, eps_place="inside"),
    "signsgd-decay": sign.SignSGD(0.1),
    "lion": sign.Lion(0.1, beta1=0.99, beta2=0.9, weight_decay=0.1),
    "sto-sign": sign.SSDM(0.1),
    "ogm": accelerated.OGM(10.0, 23),
    "quasi-monotone": averaging.DualAveraging(0.1),
    "svrg": variance_reduced.SVRG(0.1, 6),
    "clipped-sgd": clipping.ClipValue(gradient.Subgradient(0.1), 1.0),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_near_relative_is_told_apart(name: str, points_of: Any, ask_of: Any, start: np.ndarray) -> None:
    points = points_of(FAULTS[name], range(1))[1:]
    recursion = RECURSIONS[name](start, ask_of(0))
    worst = max(float(np.abs(point[0] - next(recursion)).max()) for point in points)
    assert worst > 10 * ROUNDING

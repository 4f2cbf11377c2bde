"""The keyed noise: a battery of statistical tests, which weaker generators fail, and what it must be the same for.

Each statistic is a z-score or a chi-square brought to one. Limits are 5 standard deviations; with some 400 statistics a
right generator fails with probability 2e-4, and seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from ratecheck.experiments.language_model.noise import (
    MIX_FIRST,
    Key,
    key,
    keyed_uniform,
    require_countable,
    signed_bits,
)
from ratecheck.theory.errors import InputError

N = 2**18
LIMIT = 5.0
Draw = Callable[[str, int], np.ndarray]
GOLDEN_KEY = (-281287405, -141048829)
GOLDEN_BITS = [4749107, 7699687, 13429402]


def chi_square_z(counts: np.ndarray) -> float:
    """Return the chi-square of equal cells as a z-score (Wilson and Hilferty)."""
    freedom = counts.size - 1
    chi = ((counts - counts.mean()) ** 2).sum() / counts.mean()
    return float(((chi / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / np.sqrt(2 / (9 * freedom)))


def correlation_z(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a - 0.5) * (b - 0.5)).mean() * 12 * np.sqrt(a.size))


def statistics(draw: Draw) -> Iterator[tuple[str, float]]:
    """Yield a name and a z-score: moments, cells, pairs, triples, bits, runs, lags, steps, parameters, rows."""
    draws = {(name, t): draw(name, t) for name in ("w", "b") for t in (1, 2, 3, 1000)}
    for (name, t), u in draws.items():
        at = f"{name}, step {t}: "
        yield at + "mean", float((u.mean() - 0.5) * np.sqrt(12 * N))
        yield at + "variance", float((((u - 0.5) ** 2).mean() - 1 / 12) * np.sqrt(180 * N))
        yield at + "256 cells", chi_square_z(np.bincount((u * 256).astype(int), minlength=256))
        pairs = (u[::2] * 16).astype(int) * 16 + (u[1::2] * 16).astype(int)
        yield at + "pairs", chi_square_z(np.bincount(pairs, minlength=256))
        cube = (u[: N // 3 * 3].reshape(-1, 3) * 6).astype(int) @ [36, 6, 1]
        yield at + "triples", chi_square_z(np.bincount(cube, minlength=216))
        words = (u * 2**24).astype(np.int64)
        for bit in range(24):
            yield at + f"bit {bit}", float((((words >> bit) & 1).mean() - 0.5) * 2 * np.sqrt(N))
        below = u[1:] < u[:-1]
        # A pair of neighbouring descents shares a number: variance 1/12 for each.
        yield at + "descents", float((below.mean() - 0.5) * np.sqrt(12 * (N - 1)))
        for lag in (1, 2, 3, 64, 255, 256, 512, 768, 4096, 65536):
            yield at + f"lag {lag}", correlation_z(u[lag:], u[:-lag])
    names = list(draws)
    for i, first in enumerate(names):
        for second in names[:i]:
            for shift in (0, 1, 2, 16, 999):
                a, b = draws[first], draws[second]
                yield f"{first} against {second}, shift {shift}", correlation_z(a[shift:], b[: N - shift])
    # One entry followed over many steps, which is what an optimizer's random walk sees.
    walk = np.array([draw("w", t)[:256] for t in range(1, 513)])
    yield "one entry over steps", chi_square_z(np.bincount((walk.ravel() * 256).astype(int), minlength=256))
    yield "consecutive steps", correlation_z(walk[1:].ravel(), walk[:-1].ravel())
    sums = (walk - 0.5).sum(axis=0) * np.sqrt(12 / walk.shape[0])
    yield "variance of sums over steps", float(((sums**2).mean() - 1) * np.sqrt(sums.size / 2))


def keyed(name: str, t: int) -> np.ndarray:
    return keyed_uniform(N, key(0, name, t))


def unmixed(name: str, t: int) -> np.ndarray:
    """The line alone: a lattice."""
    factor, start = key(0, name, t)
    with np.errstate(over="ignore"):
        line = np.arange(N, dtype=np.int32) * np.int32(factor) + np.int32(start)
    return (line >> 8) * 2.0**-24 + 0.5


def added_steps(name: str, t: int) -> np.ndarray:
    """Mixing of index + step: steps see shifted copies of the same numbers."""
    with np.errstate(over="ignore"):
        return signed_bits(np.arange(N, dtype=np.int32), np.int32(1), np.int32(999 * t + len(name))) * 2.0**-24 + 0.5


def one_round(name: str, t: int) -> np.ndarray:
    """Mixing without its second multiplication, of index + start."""
    with np.errstate(over="ignore"):
        x = np.arange(N, dtype=np.int32) + np.int32(key(0, name, t).start)
        x = (x ^ ((x >> 16) & 0xFFFF)) * np.int32(MIX_FIRST)
    return (x >> 8) * 2.0**-24 + 0.5


def coarse(name: str, t: int) -> np.ndarray:
    """Numbers rounded to bfloat16's 8 bits: towards zero, so that their mean is too low."""
    return np.floor(keyed(name, t) * 256) / 256


def test_the_noise_passes_the_battery() -> None:
    found = {name: z for name, z in statistics(keyed) if abs(z) > LIMIT}
    assert not found


def test_a_reference_generator_passes_the_battery() -> None:
    def philox(name: str, t: int) -> np.ndarray:
        return np.random.Generator(np.random.Philox(key=[len(name) + ord(name[0]), t])).random(N)

    assert not {name: z for name, z in statistics(philox) if abs(z) > LIMIT}


@pytest.mark.parametrize("weak", [unmixed, added_steps, one_round, coarse])
def test_a_weak_generator_fails_the_battery(weak: Draw) -> None:
    assert any(abs(z) > LIMIT for _, z in statistics(weak))


def test_a_changed_bit_of_the_index_changes_half_of_the_bits() -> None:
    factor, start = key(0, "w", 1)
    index = np.arange(2**14, dtype=np.int32)
    with np.errstate(over="ignore"):
        base = signed_bits(index, np.int32(factor), np.int32(start))
        for bit in range(24):
            changed = signed_bits(index ^ np.int32(1 << bit), np.int32(factor), np.int32(start))
            flipped = np.array([(((base ^ changed) >> b) & 1).mean() for b in range(24)])
            # Five standard deviations of 2**14 trials are 0.02; the mixing function adds a bias below 0.01.
            assert np.abs(flipped - 0.5).max() < 0.03


def test_shards_draw_what_the_whole_draws() -> None:
    whole = keyed_uniform(1000, key(3, "w", 7))
    assert np.array_equal(
        np.concatenate([keyed_uniform(400, key(3, "w", 7)), keyed_uniform(600, key(3, "w", 7), 400)]), whole
    )
    assert whole.min() >= 0
    assert whole.max() < 1


def test_the_noise_depends_on_seed_name_and_step_and_on_nothing_else() -> None:
    keys = {key(seed, name, t) for seed in (0, 1) for name in ("w", "b", 0, 1) for t in (1, 2, 3)}
    assert len(keys) == 24
    assert key(0, "w", 1) == key(0, "w", 1)
    assert all(k.factor % 2 for k in keys)
    # A regression value: a changed generator would change every stored result.
    assert key(0, "w", 1) == Key(*GOLDEN_KEY)
    assert np.array_equal(keyed_uniform(3, key(0, "w", 1)), np.array(GOLDEN_BITS) * 2.0**-24)


def test_bad_keys_are_told() -> None:
    with pytest.raises(InputError, match="seed is -1"):
        key(-1, "w", 1)
    with pytest.raises(InputError, match="split it"):
        require_countable(2**32 + 1)


def test_torch_draws_the_same_numbers() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")
    factor, start = key(5, "w", 9).shifted(2**31 - 3)
    ours = signed_bits(torch.arange(1000, dtype=torch.int32), factor, start).double() * 2.0**-24 + 0.5
    assert np.array_equal(ours.numpy(), keyed_uniform(1000, key(5, "w", 9), 2**31 - 3))

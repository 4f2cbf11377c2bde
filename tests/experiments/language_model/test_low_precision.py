"""Formats against their definition, and states that are kept in them."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.language_model.low_precision import (  # noqa: E402
    FORMATS,
    FP4,
    SCALES,
    encode,
    largest,
    quantised,
    shares,
    smallest,
    store_states,
)
from ratecheck.experiments.language_model.optimizers import make_optimizer  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402


def numbers(exponent_bits: int, fraction_bits: int, bias: int, top: float) -> list[float]:
    """All non-negative finite numbers of a format, by its definition."""
    values = [f * 2.0 ** (1 - bias - fraction_bits) for f in range(2**fraction_bits)]
    for e in range(1, 2**exponent_bits):
        values += [(1 + f * 2.0**-fraction_bits) * 2.0 ** (e - bias) for f in range(2**fraction_bits)]
    return [value for value in values if value <= top]


DEFINED = {
    "e4m3": numbers(4, 3, 7, 448.0),
    "e5m2": numbers(5, 2, 15, 57344.0),
    "fp4": numbers(2, 1, 1, 6.0),
}


def test_the_table_of_fp4_is_its_definition() -> None:
    assert list(FP4) == DEFINED["fp4"]


@pytest.mark.parametrize("form", sorted(DEFINED))
def test_a_plain_cast_takes_the_nearest_number_and_even_ones_at_ties(form: str) -> None:
    grid = torch.tensor(DEFINED[form], dtype=torch.float64)
    assert largest(form) == grid[-1]
    assert smallest(form) == grid[1]
    generator = torch.Generator().manual_seed(0)
    x = torch.cat([grid, (grid[1:] + grid[:-1]) / 2, grid[-1] * torch.rand(4000, generator=generator) ** 8])
    distance = (x[:, None].double() - grid).abs()
    nearest = distance.min(dim=1, keepdim=True).values
    index = torch.arange(grid.numel())
    # Of two equally near numbers the one with an even code is taken.
    order = torch.where(distance == nearest, index % 2, 2)
    expected = grid[order.argmin(dim=1)]
    for sign in (1, -1):
        assert torch.equal(quantised(sign * x, form, "none"), sign * expected)


@pytest.mark.parametrize("form", FORMATS)
def test_numbers_beyond_the_largest_are_clamped_and_counted(form: str) -> None:
    x = torch.tensor([2 * largest(form), -3 * largest(form), 0.0, smallest(form) / 4], dtype=torch.float64)
    encoded = encode(x, form, "none")
    assert quantised(x, form, "none")[:3].tolist() == [largest(form), -largest(form), 0.0]
    assert shares(x, encoded, form) == (0.25, 0.5)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("scale", SCALES)
def test_scales_bring_the_largest_entry_into_range(form: str, scale: str) -> None:
    x = torch.randn(7, 45, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 1e-3
    encoded = encode(x, form, scale)
    if scale == "none":
        return
    fraction = {"e4m3": 3, "e5m2": 2, "fp16": 10, "bf16": 7, "fp4": 1}[form]
    # Half a unit in the last place of the largest entry, at most 2**-fraction of it, bounds every error.
    assert (quantised(x, form, scale) - x).abs().max() <= 2.0**-fraction * x.abs().max()
    assert shares(x, encoded, form).saturated == 0
    if scale == "pow2":
        assert torch.equal(torch.log2(encoded.factors), torch.log2(encoded.factors).round())
    assert torch.equal(quantised(torch.zeros(3, dtype=torch.float64), form, scale), torch.zeros(3, dtype=torch.float64))


def test_finer_blocks_flush_less() -> None:
    x = torch.logspace(-8, 0, 4096, dtype=torch.float64)
    flushed = [shares(x, encode(x, "e4m3", *how), "e4m3", how[1]).flushed for how in (("tensor", 128), ("block", 128))]
    assert flushed[0] > 0.2
    assert flushed[1] < 0.01


def run(name: str, steps: int, **stored: str) -> tuple[torch.Tensor, object, object]:
    x = torch.nn.Parameter(torch.ones(64))
    optimizer = make_optimizer(name, [x], 0.01)
    log = store_states(optimizer, **stored) if stored else None
    generator = torch.Generator().manual_seed(2)
    # Gradients whose sizes span six orders of magnitude, as embeddings of rare and frequent tokens do.
    size = torch.logspace(-6, 0, 64)
    for _ in range(steps):
        x.grad = size * torch.randn(64, generator=generator)
        optimizer.step()
    return x.detach(), optimizer, log


def test_the_second_moment_underflows_in_e4m3_and_the_envelope_does_not() -> None:
    _, _, adamw = run("adamw", 20, forms="e4m3")
    _, _, stosign = run("stosignsgd", 20, forms="e4m3")
    lost = adamw.history["exp_avg_sq"][-1].flushed
    # v is lost below 2^-9 / 448 / 2 of its largest entry, |g| below the root of that: half of the six orders.
    assert 0.35 < lost < 0.65
    assert stosign.history["envelope"][-1].flushed < lost - 0.2
    assert len(adamw.history["exp_avg"]) == 20


def test_stored_states_are_narrow_and_come_back_from_a_checkpoint() -> None:
    x, optimizer, _ = run("stosignsgd", 5, forms="e4m3")
    state = optimizer.state_dict()["state"][0]
    assert state["momentum"].dtype == torch.float8_e4m3fn
    other = torch.nn.Parameter(x.clone())
    resumed = make_optimizer("stosignsgd", [other], 0.01)
    store_states(resumed, "e4m3")
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    (original,) = optimizer.param_groups[0]["params"]
    for parameter, own in ((original, optimizer), (other, resumed)):
        parameter.grad = torch.linspace(-1, 1, 64)
        own.step()
    assert torch.equal(original, other)


def test_bad_formats_are_told() -> None:
    with pytest.raises(InputError, match="format is 'fp3'"):
        quantised(torch.ones(2), "fp3")
    with pytest.raises(InputError, match="scale is 'row'"):
        quantised(torch.ones(2), "e4m3", "row")
    with pytest.raises(InputError, match="give a dict"):
        store_states(torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1), "e4m3")

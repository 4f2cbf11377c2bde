"""The decoder: causal, right sizes, right loss, variants, adapters, rounding."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from ratecheck.experiments.language_model.lora import add_adapters, merge_adapters  # noqa: E402
from ratecheck.experiments.language_model.low_precision import quantised  # noqa: E402
from ratecheck.experiments.language_model.model import Decoder, rotate, token_losses  # noqa: E402
from ratecheck.experiments.language_model.precision import Precision, Switches  # noqa: E402
from ratecheck.experiments.language_model.presets import PRESETS  # noqa: E402
from ratecheck.experiments.language_model.setup import Shape  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402

SHAPE = Shape(vocabulary=32, width=16, layers=2, heads=2, context=12, hidden=24)
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "untied": {"tied": False},
    "relu": {"feed_forward": "relu"},
    "relu squared": {"feed_forward": "relu2"},
    "mixture": {"experts": 4, "active": 2},
}


def decoder(**changes: Any) -> Any:
    return Decoder(dataclasses.replace(SHAPE, **changes), torch.Generator().manual_seed(0))


def tokens(seed: int = 0) -> Any:
    return torch.randint(0, 32, (3, 13), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("variant", VARIANTS)
def test_parameters_are_counted_without_building(variant: str) -> None:
    model = decoder(**VARIANTS[variant])
    assert sum(value.numel() for value in model.parameters()) == model.shape.parameters


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_token_does_not_see_the_next_ones(variant: str) -> None:
    model, x = decoder(**VARIANTS[variant]), tokens()[:, :12]
    changed = x.clone()
    changed[:, 7:] = (changed[:, 7:] + 1) % 32
    with torch.no_grad():
        first, second = model(x), model(changed)
    assert torch.allclose(first[:, :7], second[:, :7], atol=1e-6)
    assert not torch.allclose(first[:, 7:], second[:, 7:], atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_parameter_gets_a_gradient(variant: str) -> None:
    model = decoder(**VARIANTS[variant])
    token_losses(model, tokens()).mean().backward()
    for name, value in model.named_parameters():
        assert value.grad is not None, name
        assert value.grad.abs().sum() > 0, name


def test_an_untrained_model_loses_the_logarithm_of_the_vocabulary() -> None:
    assert float(token_losses(decoder(), tokens()).mean().detach()) == pytest.approx(math.log(32), abs=0.05)


def test_attention_sees_distances_not_places() -> None:
    """Inner products of rotated vectors depend on the difference of their places alone."""
    model = decoder()
    q, k = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(1))
    products = [
        float(
            (
                rotate(q, model.cosine[a : a + 1], model.sine[a : a + 1])
                * rotate(k, model.cosine[b : b + 1], model.sine[b : b + 1])
            ).sum()
        )
        for a, b in ((3, 1), (7, 5), (11, 9))
    ]
    assert products == pytest.approx([products[0]] * 3, abs=1e-5)


def test_a_mixture_of_equal_experts_is_the_dense_layer() -> None:
    mixture, dense = decoder(experts=3, active=3), decoder()
    for block, plain in zip(mixture.blocks, dense.blocks, strict=True):
        block.attention.load_state_dict(plain.attention.state_dict())
        for expert in block.feed_forward.experts:
            expert.load_state_dict(plain.feed_forward.state_dict())
    mixture.embedding.load_state_dict(dense.embedding.state_dict())
    with torch.no_grad():
        assert torch.allclose(mixture(tokens()[:, :12]), dense(tokens()[:, :12]), atol=1e-5)


def test_adapters_change_nothing_at_first_and_merge_into_the_weights() -> None:
    model, x = decoder(), tokens()[:, :12]
    with torch.no_grad():
        before = model(x)
    add_adapters(model, 2, torch.Generator().manual_seed(0))
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    assert trained
    assert all("down" in name or name.endswith("up") for name in trained)
    with torch.no_grad():
        assert torch.equal(model(x), before)
        for name, value in model.named_parameters():
            if name.endswith(".up") and value.requires_grad:
                value.normal_(generator=torch.Generator().manual_seed(1))
        adapted = model(x)
        merge_adapters(model)
        assert not torch.allclose(adapted, before, atol=1e-3)
        assert torch.allclose(model(x), adapted, atol=1e-4)
    assert sum(value.numel() for value in model.parameters()) == SHAPE.parameters


@pytest.mark.parametrize("name", ["10m", "60m", "130m", "350m"])
def test_presets_have_the_size_in_their_name(name: str) -> None:
    size = float(name.rstrip("m")) * 1e6
    assert abs(PRESETS[name].shape.parameters / size - 1) < 0.06
    assert PRESETS["smoke"].shape.parameters < 1e6


@pytest.mark.parametrize(
    ("form", "dtype", "smallest", "largest"),
    [("e4m3", "float8_e4m3fn", 2.0**-9, 448.0), ("e5m2", "float8_e5m2", 2.0**-16, 57344.0)],
)
def test_rounding_to_eight_bits(form: str, dtype: str, smallest: float, largest: float) -> None:
    numbers = torch.arange(256, dtype=torch.uint8).view(getattr(torch, dtype)).float()
    numbers = numbers[numbers.isfinite()]
    assert torch.equal(quantised(numbers, form, "none"), numbers)
    x = torch.linspace(-20, 20, 4001)
    nearest = numbers[(x[:, None] - numbers[None]).abs().argmin(dim=1)]
    assert torch.equal((quantised(x, form, "none") - x).abs(), (nearest - x).abs())
    limits = torch.tensor([smallest, smallest * 0.49, 1e9, -1e9])
    assert quantised(limits, form, "none").tolist() == [smallest, 0.0, largest, -largest]


def test_a_scale_per_tensor_keeps_small_numbers_alive() -> None:
    x = torch.tensor([1e-6, 1e-7, 1e-12])
    assert quantised(x, "e4m3", "none").tolist() == [0.0, 0.0, 0.0]
    kept = quantised(x, "e4m3", "tensor")
    assert kept[:2] == pytest.approx(x[:2], rel=2.0**-4)
    assert kept[2] == 0.0
    assert torch.equal(quantised(torch.zeros(3), "e4m3", "tensor"), torch.zeros(3))
    blocks = torch.cat([torch.full((128,), 1.0), torch.full((5,), 1e-9)])
    assert quantised(blocks, "e4m3", "block")[-1] == pytest.approx(1e-9, rel=2.0**-4)
    assert torch.isnan(quantised(torch.tensor([float("nan"), 1.0]), "e4m3", "tensor")).any()


def test_rounded_products_are_products_of_rounded_operands() -> None:
    model = Precision({"gemm": "fp8"}, bf16=False).prepare(decoder())
    layer = model.blocks[0].attention.qkv
    x = torch.randn(5, 16, generator=torch.Generator().manual_seed(2), requires_grad=True)
    y = layer(x)
    expected = quantised(x.detach(), "e4m3", "tensor") @ quantised(layer.weight.detach(), "e4m3", "tensor").T
    assert torch.allclose(y, expected, rtol=1e-6, atol=1e-7)
    g = torch.randn(y.shape, generator=torch.Generator().manual_seed(3))
    y.backward(g)
    g8 = quantised(g, "e5m2", "tensor")
    assert torch.allclose(x.grad, g8 @ quantised(layer.weight.detach(), "e4m3", "tensor"), rtol=1e-5, atol=1e-6)
    assert torch.allclose(layer.weight.grad, g8.T @ quantised(x.detach(), "e4m3", "tensor"), rtol=1e-5, atol=1e-6)


BAD = {
    "heads": (lambda: dataclasses.replace(SHAPE, heads=3), "cannot be split into 3 heads"),
    "experts": (lambda: dataclasses.replace(SHAPE, active=2), "only 1 experts"),
    "feed_forward": (lambda: dataclasses.replace(SHAPE, feed_forward="gelu"), "feed_forward is 'gelu'"),
    "rank": (lambda: add_adapters(decoder(), 100), "no such rank"),
    "switch": (lambda: Switches.from_dict({"gem": True}), "has the switches"),
    "format": (lambda: Switches.from_dict({"state": "e3m4"}), "state is 'e3m4'"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_sentence(name: str) -> None:
    make, words = BAD[name]
    with pytest.raises(InputError, match=words):
        make()

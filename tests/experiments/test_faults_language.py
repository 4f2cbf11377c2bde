"""Planted faults in language models and what they are trained on: each must fail a check that the right code passes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.language_model import data, texts, validation  # noqa: E402
from ratecheck.experiments.language_model import model as decoder  # noqa: E402
from ratecheck.experiments.language_model.data import SyntheticCorpus, open_corpus  # noqa: E402
from ratecheck.experiments.language_model.model import Decoder, rotate  # noqa: E402
from ratecheck.experiments.language_model.setup import Recipe, Setup, Shape  # noqa: E402
from ratecheck.experiments.language_model.train import begin, train  # noqa: E402
from ratecheck.testbeds import markov_language as markov  # noqa: E402
from ratecheck.testbeds.grammar import START, Grammar, simple_grammar  # noqa: E402

Plant = Callable[[pytest.MonkeyPatch], None]
Check = Callable[[], bool]
SHAPE = Shape(vocabulary=64, width=16, layers=1, heads=2, context=16, hidden=24)


def setup(source: str = "zsg", shape: Shape = SHAPE, **changes: Any) -> Setup:
    recipe: dict[str, Any] = {"optimizer": "adamw", "step_size": 4e-3, "steps": 10, "batch": 8, "device": "cpu"}
    return Setup(shape=shape, source=source, recipe=Recipe(**(recipe | changes)))


class Exact(torch.nn.Module):
    """The exact predictor of a Markov language of order 1."""

    def __init__(self, transition: Any) -> None:
        super().__init__()
        self.logs = torch.from_numpy(transition).float().log()

    def forward(self, tokens: Any) -> Any:
        return self.logs[tokens]


def the_exact_predictor_has_no_excess() -> bool:
    """Whether the excess loss of the exact predictor is 0, sequence by sequence, up to float32."""
    run = begin(setup("markov:order=1,vocabulary=16", dataclasses.replace(SHAPE, vocabulary=16)))
    run.model = Exact(run.corpus.language.transition)
    loss, excess, error = validation.validate(run)
    return abs(excess) < 1e-5 and error < 1e-5 and abs(loss - run.corpus.floor) < 0.1


def does_not_beat_the_exact_predictor() -> bool:
    """Whether a model that is trained until it could cheat stays above the exact predictor, but for noise."""
    long = {"steps": 200, "step_size": 0.01, "records": 1}
    last = train(begin(setup("markov:order=1,vocabulary=8", dataclasses.replace(SHAPE, vocabulary=8), **long))).last
    return -4 * last.error < last.excess < 0.05


def distances_are_seen() -> bool:
    """Whether products of rotated vectors depend on the distance of their places, and on it alone."""
    made = Decoder(SHAPE)
    q, k = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(1))
    turned = [decoder.rotate(one.expand(SHAPE.context, 8), made.cosine, made.sine) for one in (q, k)]
    products = turned[0] @ turned[1].T
    diagonals = [products.diagonal(-distance) for distance in range(SHAPE.context)]
    means = torch.stack([one.mean() for one in diagonals])
    alone = all(bool((one - one[0]).abs().max() < 1e-5) for one in diagonals)
    return alone and len(torch.unique((means * 1e4).round())) == SHAPE.context


def head_is_the_embedding() -> bool:
    run = begin(setup(steps=2))
    train(run)
    count = sum(value.numel() for value in run.model.parameters())
    return count == SHAPE.parameters and torch.equal(run.model.head.weight, run.model.embedding.weight)


def validation_is_held_out() -> bool:
    """Whether nothing that is validated on is trained on."""
    corpus = SyntheticCorpus(simple_grammar(64, 6))
    trained = {row.tobytes() for seed in (0, 1) for k in range(32) for row in corpus.batch(seed, k, 8, 33)}
    apart = not any(row.tobytes() in trained for row in corpus.validation(64, 33)[0])
    text = texts.corpus_of("numbers", [" ".join(map(str, range(5000)))], None)
    seen = bytes(text.open_train())
    return apart and not any(row.astype(np.uint8).tobytes() in seen for row in text.validation(64, 33)[0])


def batches_are_fresh() -> bool:
    corpus = open_corpus("zsg")
    rows = [corpus.batch(seed, k, 8, 33).tobytes() for seed in (0, 1) for k in range(40)]
    return len(set(rows)) == len(rows)


@functools.cache
def simulated(name: str) -> tuple[float, float]:
    """Return the mean loss of the exact predictor and its standard error."""
    losses = LANGUAGES[name]().sample(np.random.default_rng(7), 1000, 256).losses.mean(axis=1)
    return float(losses.mean()), float(losses.std(ddof=1) / np.sqrt(len(losses)))


LANGUAGES: dict[str, Callable[[], Any]] = {
    "grammar": lambda: simple_grammar(64, 6),
    "chain": lambda: markov.MarkovLanguage(np.random.default_rng(4).dirichlet(np.full(8, 0.3), 8), "uneven chain"),
    "steep": lambda: markov.markov_language(64, 1, zipf=2.0),
}


def entropy_is_simulated(name: str) -> bool:
    """Whether the formula is what is simulated, to 4 standard errors and 1 / length for the start."""
    mean, error = simulated(name)
    return abs(LANGUAGES[name]().entropy_rate - mean) < 4 * error + 1 / 256


def knobs_are_turned() -> bool:
    """Whether the likeliest token of a state is 2**zipf times as likely as the next."""
    law = np.sort(markov.markov_language(16, 1, zipf=1.5).transition[3])[::-1]
    return bool(np.isclose(law[0] / law[1], 2.0**1.5))


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine are slower than none."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def replaced(target: Any, name: str, value: Any) -> Plant:
    return lambda patch: patch.setattr(target, name, value)


def one_of_a_block(self: Any, seed: int, step: int, size: int, length: int) -> Any:
    return right_batch(self, seed, step - step % data.BLOCK, size, length)


def other_tokens(self: Any, sequences: int, length: int) -> Any:
    tokens, losses = right_validation(self, sequences, length)
    return tokens, losses[::-1]


def rolled(self: Any, sequences: int, length: int) -> Any:
    tokens, losses = right_validation(self, sequences, length)
    return tokens, np.roll(losses, 1, axis=1)


def rate_for_all(self: Any, sequences: int, length: int) -> Any:
    tokens, losses = right_validation(self, sequences, length)
    return tokens, np.full_like(losses, self.floor)


def trained_on(self: Any, sequences: int, length: int) -> Any:
    return np.concatenate([self.batch(0, k, 8, length) for k in range(sequences // 8)]), np.zeros((sequences, length))


def itself(model: Any, tokens: Any) -> Any:
    logits = model(tokens)
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="none").view(
        len(tokens), -1
    )[:, 1:]


def all_seen(q: Any, k: Any, v: Any, is_causal: bool) -> Any:
    return right_attention(q, k, v, is_causal=False)


def no_places(x: Any, cosine: Any, sine: Any) -> Any:
    return rotate(x, cosine[:1].expand_as(cosine), sine[:1].expand_as(sine))


def anew_in_the_middle(x: Any, cosine: Any, sine: Any) -> Any:
    half = len(cosine) // 2
    return rotate(x, cosine[:half].repeat(2, 1), sine[:half].repeat(2, 1))


def untied(self: Any, *arguments: Any) -> None:
    right_decoder(self, *arguments)
    self.head.weight = torch.nn.Parameter(self.head.weight.detach().clone())


def on_itself(name: str, documents: Any, tokenizer: Any) -> Any:
    return right_corpus(name, documents, tokenizer, documents)


def transposed(self: Grammar) -> Any:
    return np.linalg.solve(np.eye(self.symbols) - self.mean_children, np.eye(self.symbols)[START])


right_batch, right_validation, right_corpus = SyntheticCorpus.batch, SyntheticCorpus.validation, texts.corpus_of
right_attention, right_decoder = torch.nn.functional.scaled_dot_product_attention, Decoder.__init__
right_zipf = markov.zipf_law
grammar_entropy = functools.partial(entropy_is_simulated, "grammar")
chain_entropy = functools.partial(entropy_is_simulated, "chain")
steep_entropy = functools.partial(entropy_is_simulated, "steep")


FAULTS: list[tuple[str, Plant, Check]] = [
    ("one batch for many steps", replaced(SyntheticCorpus, "batch", one_of_a_block), batches_are_fresh),
    (
        "true losses of other tokens",
        replaced(SyntheticCorpus, "validation", other_tokens),
        the_exact_predictor_has_no_excess,
    ),
    (
        "true losses one place off",
        replaced(SyntheticCorpus, "validation", rolled),
        the_exact_predictor_has_no_excess,
    ),
    (
        "the entropy rate for every token",
        replaced(SyntheticCorpus, "validation", rate_for_all),
        the_exact_predictor_has_no_excess,
    ),
    (
        "a token is predicted from itself",
        replaced(validation, "token_losses", itself),
        the_exact_predictor_has_no_excess,
    ),
    (
        "causal mask missing",
        replaced(torch.nn.functional, "scaled_dot_product_attention", all_seen),
        does_not_beat_the_exact_predictor,
    ),
    ("no positions", replaced(decoder, "rotate", no_places), distances_are_seen),
    ("positions begin anew in the middle", replaced(decoder, "rotate", anew_in_the_middle), distances_are_seen),
    ("tied head not tied", replaced(Decoder, "__init__", untied), head_is_the_embedding),
    ("validated on what was trained on", replaced(SyntheticCorpus, "validation", trained_on), validation_is_held_out),
    ("a text validated on itself", replaced(texts, "corpus_of", on_itself), validation_is_held_out),
    (
        "entropy of a grammar with the matrix transposed",
        replaced(Grammar, "expansions", property(transposed)),
        grammar_entropy,
    ),
    (
        "entropy of a grammar with equal weights",
        replaced(Grammar, "expansions", property(lambda self: np.ones(self.symbols))),
        grammar_entropy,
    ),
    (
        "entropy of a chain with equal weights",
        replaced(
            markov.MarkovLanguage,
            "frequencies",
            property(lambda self: np.full(len(self.transition), 1 / len(self.transition))),
        ),
        chain_entropy,
    ),
    (
        "entropy in bits",
        replaced(markov, "entropy", lambda p: -(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1)),
        steep_entropy,
    ),
    (
        "Zipf exponent ignored",
        replaced(markov, "zipf_law", lambda size, exponent: right_zipf(size, 1.0)),
        knobs_are_turned,
    ),
]


@functools.cache
def right_code_passes(check: Check) -> bool:
    return check()


@pytest.mark.parametrize(("plant", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_the_fault_is_noticed(plant: Plant, check: Check) -> None:
    assert right_code_passes(check), "the right code must pass"
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        assert not check()

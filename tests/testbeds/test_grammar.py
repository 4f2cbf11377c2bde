"""Languages: the entropy formula against simulation, the exact predictor, golden values, bad knobs."""

from __future__ import annotations

import numpy as np
import pytest

from ratecheck.testbeds.grammar import START, simple_grammar
from ratecheck.testbeds.markov_language import entropy, markov_language, zipf_law
from ratecheck.theory.errors import InputError

LANGUAGES = {
    "grammar of 6 symbols": lambda: simple_grammar(64, 6),
    "grammar of 12 symbols": lambda: simple_grammar(64, 12, seed=3),
    "grammar of 1024 tokens": lambda: simple_grammar(1024, 32, zipf=1.3),
    "deep grammar": lambda: simple_grammar(64, 6, branching=0.9, seed=1),
    "chain of order 1": lambda: markov_language(64, 1, density=0.5),
    "chain of order 2": lambda: markov_language(16, 2),
}
SEQUENCES, LENGTH = 1000, 512


@pytest.mark.parametrize("name", LANGUAGES)
def test_entropy_rate_is_what_the_exact_predictor_loses(name: str) -> None:
    language = LANGUAGES[name]()
    losses = language.sample(np.random.default_rng(7), SEQUENCES, LENGTH).losses.mean(axis=1)
    error = losses.std(ddof=1) / np.sqrt(SEQUENCES)
    # A window that begins at the start state differs from the rate by about 1 / LENGTH; 4 standard errors beside it.
    assert abs(losses.mean() - language.entropy_rate) < 4 * error + 1 / LENGTH
    assert error < 0.005  # so that a formula that is off by one percent would be caught


def test_entropy_of_a_sentence_by_enumeration() -> None:
    """A grammar without recursion has finitely many sentences: sum over all of them."""
    language = simple_grammar(6, 3, density=0.5, seed=2)
    depth_limit = 60

    def sentences(stack: list[int], probability: float, length: int) -> list[tuple[float, int]]:
        if not stack:
            return [(probability, length)]
        if length > depth_limit or probability < 1e-9:
            return []
        *rest, top = stack
        found = []
        for rule in np.flatnonzero(language.symbol == top):
            children = language.children[rule, : language.count[rule]].tolist()
            found += sentences([*rest, *children], probability * language.law[rule], length + 1)
        return found

    every = sentences([START], 1.0, 0)
    covered = sum(p for p, _ in every)
    assert covered > 1 - 1e-3
    of_sentence = sum(-p * np.log(p) for p, _ in every)
    length = sum(p * n for p, n in every)
    assert of_sentence / length == pytest.approx(language.entropy_rate, rel=0.02)
    assert length == pytest.approx(language.sentence_length, rel=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_a_sentence_is_read_off_its_tokens(seed: int) -> None:
    language = simple_grammar(32, 5, seed=seed)
    sample = language.sample(np.random.default_rng(seed), 4, 200)
    for tokens, losses in zip(sample.tokens, sample.losses, strict=True):
        assert np.array_equal(language.exact_losses(tokens), losses)


def test_a_sequence_outside_the_language_is_refused() -> None:
    language = simple_grammar(32, 5)
    outside = next(token for token in range(32) if token not in language.token[language.symbol == START])
    with pytest.raises(InputError, match="cannot follow"):
        language.exact_losses(np.array([outside]))


def test_rules_are_determined_by_symbol_and_token() -> None:
    language = simple_grammar(64, 12)
    pairs = set(zip(language.symbol.tolist(), language.token.tolist(), strict=True))
    assert len(pairs) == len(language.law)
    assert np.allclose(np.bincount(language.symbol, language.law), 1.0)
    assert not language.mean_children[:, START].any()
    assert (language.mean_children[1:].sum(axis=1) <= 0.8 + 1e-12).all()


def test_golden_values() -> None:
    """Languages whose states all have one Zipf law have its entropy, whatever the random choices."""
    assert markov_language(16, 2).entropy_rate == pytest.approx(2.35893, abs=5e-6)
    assert markov_language(16, 2).unigram_entropy == pytest.approx(2.770, abs=5e-3)
    assert simple_grammar(32768, 64, density=1 / 8, spread=0.0).entropy_rate == pytest.approx(6.06638, abs=5e-6)


def test_a_periodic_chain_has_frequencies() -> None:
    chain = markov_language(2, 1)
    swapped = type(chain)(np.array([[0.0, 1.0], [1.0, 0.0]]), "swap")
    assert np.allclose(swapped.frequencies, 0.5)
    assert swapped.entropy_rate == 0.0


def test_frequencies_are_those_of_a_long_run() -> None:
    chain = markov_language(8, 2, density=0.5, seed=4)
    tokens = chain.sample(np.random.default_rng(0), 200, 2000).tokens
    states = tokens[:, 100:-1] * 8 + tokens[:, 101:]
    counted = np.bincount(states.ravel(), minlength=64) / states.size
    assert np.abs(counted - chain.frequencies).sum() < 0.02  # 380,000 draws over 64 states


def test_knobs_change_the_language() -> None:
    assert simple_grammar(64, 6, zipf=2.0).entropy_rate < simple_grammar(64, 6, zipf=1.0).entropy_rate
    assert simple_grammar(64, 6, branching=0.9).sentence_length > simple_grammar(64, 6, branching=0.5).sentence_length
    assert simple_grammar(64, 6, seed=1).entropy_rate != simple_grammar(64, 6, seed=2).entropy_rate
    assert entropy(zipf_law(8, 0.0)) == pytest.approx(np.log(8))


BAD = {
    "density": (lambda: simple_grammar(64, 6, density=0.0), "density is 0.0"),
    "branching": (lambda: simple_grammar(64, 6, branching=1.0), "branching is 1.0"),
    "spread": (lambda: simple_grammar(64, 6, spread=1.0), "spread is 1.0"),
    "one symbol": (lambda: simple_grammar(64, 1), "symbols - 1"),
    "one token": (lambda: simple_grammar(1, 3), "at least 2 tokens"),
    "zipf": (lambda: markov_language(8, 1, zipf=-1.0), "zipf is -1.0"),
    "order": (lambda: markov_language(8, 0), "order is 0"),
    "table": (lambda: markov_language(1000, 3), "smaller order or vocabulary"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_knobs_are_told_in_one_sentence(name: str) -> None:
    make, words = BAD[name]
    with pytest.raises(InputError, match=words):
        make()

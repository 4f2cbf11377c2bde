r"""Markov languages: the next token depends on the last `order` tokens, and the entropy rate is known exactly.

Let a source have a state that is a *function* of its start and of the tokens so far, ``s_{t+1} = delta(s_t, x_t)``, and
emit ``x_t ~ p(. | s_t)``. Such sources, unlike general hidden Markov models, have an entropy rate in closed form.

**Proposition.** With ``h(s) = -sum_x p(x|s) ln p(x|s)``,

.. math:: H(X_1, \dots, X_n \mid s_1) = \sum_{t=1}^n E\,h(s_t),

and if the states have long-run frequencies ``pi`` from the start ``s_1``, the entropy rate is ``sum_s pi_s h(s)``.

*Proof.* By the chain rule the left side is the sum of ``H(X_t | X_1..X_{t-1}, s_1)``. Given ``s_1`` and the tokens
before t the state ``s_t`` is known, and ``X_t`` depends on them through ``s_t`` alone, so that this term is
``E h(s_t)``. Divide by n and let n grow. (Conditioning on ``s_1`` changes the total by at most ``H(s_1)``, hence not
the rate if the number of start states is finite; here there is one.)

The exact predictor ``p(. | s_t)`` is available at every token, so for any model q the *excess loss* is

.. math:: E[-\ln q(x_t | x_{<t})] - E[-\ln p(x_t | s_t)] = E\,\mathrm{KL}(p(\cdot|s_t) \,\|\, q(\cdot|x_{<t})) \ge 0,

zero for the true predictor only. It plays the part of f - f* in language modelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError, require_count, require_nonnegative

MAX_STATES = 2**22  # rows of the table of transitions: 32 MB for each token of the vocabulary's smallest case
_ITERATIONS = 100_000


class Sample(NamedTuple):
    """Sequences and what the exact predictor loses on each token.

    Parameters
    ----------
    tokens : (sequences, length) integer array
    losses : (sequences, length) array
        ``-ln p(token | state)``, nats.
    """

    tokens: IntArray
    losses: FloatArray


def zipf_law(size: int, exponent: float) -> FloatArray:
    """Return probabilities proportional to ``rank**-exponent`` for rank 1 to `size` (uniform for exponent 0)."""
    weights = np.arange(1, size + 1, dtype=np.float64) ** -exponent
    return weights / weights.sum()


def entropy(probabilities: FloatArray) -> FloatArray:
    """Return ``-sum p ln p`` over the last axis, nats."""
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    return -(probabilities * logs).sum(axis=-1)


def require_language(vocabulary: int, zipf: float, density: float) -> int:
    """Return how many tokens a state can emit; raise `InputError` if the knobs of a language are out of range."""
    require_count("vocabulary", vocabulary)
    require_nonnegative("zipf", zipf)
    if not 0 < density <= 1:
        raise InputError(f"density is {density!r}, but it must be in (0, 1], the share of tokens that a state emits.")
    support = max(2, round(density * vocabulary))
    if vocabulary < 2:
        raise InputError(f"vocabulary is {vocabulary}, but a language needs at least 2 tokens.")
    return support


@dataclass(frozen=True, eq=False)
class MarkovLanguage:
    """A Markov chain of any order as a language; every sequence starts after `order` silent tokens 0.

    Parameters
    ----------
    transition : (vocabulary**order, vocabulary) array
        Law of the next token for each state; the state is the last tokens as digits, the latest last.
    name : str
    """

    transition: FloatArray
    name: str

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.transition.shape[1]

    @cached_property
    def frequencies(self) -> FloatArray:
        """Long-run frequencies of the states from the start, shape (states,)."""
        states, vocabulary = self.transition.shape
        pi = np.zeros(states)
        pi[0] = 1.0
        for _ in range(_ITERATIONS):
            moved = (pi[:, None] * self.transition).reshape(vocabulary, states // vocabulary, vocabulary).sum(axis=0)
            # The lazy chain has the same long-run frequencies and is never periodic.
            new = (pi + moved.ravel()) / 2
            if np.abs(new - pi).sum() < 1e-15:
                return new / new.sum()
            pi = new
        raise InputError(f"{self.name}: the long-run frequencies were not found; use a larger density.")

    @cached_property
    def entropy_rate(self) -> float:
        """Nats per token."""
        return float(self.frequencies @ entropy(self.transition))

    @cached_property
    def unigram_entropy(self) -> float:
        """Entropy of the token frequencies, what a predictor without context loses; nats."""
        return float(entropy(self.frequencies @ self.transition))

    @cached_property
    def _cumulative(self) -> FloatArray:
        cumulative = np.cumsum(self.transition, axis=1)
        cumulative[:, -1] = 1.0
        return (np.arange(len(cumulative))[:, None] + cumulative).ravel()

    def sample(self, generator: np.random.Generator, sequences: int, length: int) -> Sample:
        """Return independent sequences of `length` tokens from the start state."""
        states, vocabulary = self.transition.shape
        tokens = np.empty((length, sequences), dtype=np.int64)
        state = np.zeros(sequences, dtype=np.int64)
        losses = np.empty((length, sequences))
        for t, u in enumerate(generator.random((length, sequences))):
            found = np.searchsorted(self._cumulative, state + u, side="right")
            tokens[t] = np.clip(found - state * vocabulary, 0, vocabulary - 1)
            losses[t] = -np.log(self.transition[state, tokens[t]])
            state = (state * vocabulary + tokens[t]) % states
        return Sample(np.ascontiguousarray(tokens.T), np.ascontiguousarray(losses.T))


def markov_language(
    vocabulary: int = 64, order: int = 1, *, zipf: float = 1.0, density: float = 1.0, seed: int = 0
) -> MarkovLanguage:
    """Return a random Markov language.

    Parameters
    ----------
    vocabulary, order : int
    zipf : float
        Exponent of the law over the tokens of a state.
    density : float
        Share of the vocabulary that a state can emit, a random subset in random order for each state.
    seed : int

    Raises
    ------
    InputError
        If a number is out of range or the table would hold more than `MAX_STATES` numbers.
    """
    support = require_language(vocabulary, zipf, density)
    require_count("order", order)
    if vocabulary ** (order + 1) > MAX_STATES:
        raise InputError(
            f"order {order} over {vocabulary} tokens needs a table of {vocabulary ** (order + 1)} numbers, but at most "
            f"{MAX_STATES} are allowed; use a smaller order or vocabulary."
        )
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(vocabulary, order)))
    transition = np.zeros((vocabulary**order, vocabulary))
    law = zipf_law(support, zipf)
    for row in transition:
        row[generator.permutation(vocabulary)[:support]] = law
    return MarkovLanguage(transition, f"Markov language of order {order}, {vocabulary} tokens")

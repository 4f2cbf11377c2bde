r"""A Zipf-weighted simple grammar (ZSG): a language of unbounded depth whose entropy rate is known exactly.

Rules are ``A -> w B_1 .. B_r`` with ``r <= 2``, and *(A, w) determines the rule*. A sentence is derived from
the symbol S; a stack holds the pending symbols, and sentences follow one another without end. With ``p(w|A)`` the law
of the tokens of A,

.. math:: M_{AB} = \sum_w p(w|A)\,\#\{\text{B among the children}\}, \quad h_A = -\sum_w p(w|A)\ln p(w|A), \quad
          n = (I - M^T)^{-1} e_S .

**Theorem.** If the spectral radius of M is below 1, a sentence has finite mean length ``sum_A n_A`` and the language
has the entropy rate

.. math:: h = \frac{\sum_A n_A h_A}{\sum_A n_A} .

*Proof.* Every expansion of a symbol emits exactly one token, so tokens and expansions correspond one to one. The
numbers of expansions are those of a branching process with mean matrix M: their means solve ``n = e_S + M^T n``, and
with spectral radius below 1 the sum ``sum_k (M^T)^k e_S`` converges to n. Since (A, w) fixes the rule, the stack after
any prefix is known from the prefix, so that the law of the next token is ``p(. | top of the stack)`` and the derivation
can be read off the tokens: no sentence is a prefix of another, and the entropy of a sentence is the mean of
``-sum ln p`` over its expansions. Conditioning on which symbol is expanded, that mean is ``sum_A n_A h_A`` (Wald's
identity: whether an expansion takes place is decided before its token is drawn). The sentences are independent and
identically distributed blocks, and the renewal-reward theorem gives the ratio.

By construction no rule has S among its children and every row of M but that of S sums to at most `branching` < 1, hence
the spectral radius is below 1. The depth is unbounded, so that attention is really needed, and token frequencies have a
heavy tail, which is the class imbalance that separates Adam from SGD (Kunstner et al. 2024). For the excess loss over
the exact predictor see `ratecheck.testbeds.markov_language`, whose proposition covers this language too: the state is
the stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ratecheck.testbeds.markov_language import Sample, entropy, require_language, zipf_law
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError, require_count, require_decay

MAX_CHILDREN = 2
START = 0  # the symbol S


@dataclass(frozen=True, eq=False)
class Grammar:
    """A simple grammar as tables with one entry for each rule, the rules of a symbol side by side.

    Parameters
    ----------
    symbol : (rules,) integer array
        The symbol that a rule expands, not decreasing; 0 is S.
    law : (rules,) array
        Probability of each rule, given its symbol.
    token : (rules,) integer array
        The token that a rule emits, distinct within a symbol.
    count : (rules,) integer array
        Number of children, 0 to 2.
    children : (rules, 2) integer array
        The children, of which the last is expanded first: ``children[:, 0]`` lies below on the stack.
    vocabulary : int
    name : str
    """

    symbol: IntArray
    law: FloatArray
    token: IntArray
    count: IntArray
    children: IntArray
    vocabulary: int
    name: str

    @property
    def symbols(self) -> int:
        """Number of symbols."""
        return int(self.symbol[-1]) + 1

    @cached_property
    def mean_children(self) -> FloatArray:
        """The matrix M, shape (symbols, symbols)."""
        mean = np.zeros((self.symbols, self.symbols))
        for place in range(MAX_CHILDREN):
            there = self.count > place
            np.add.at(mean, (self.symbol[there], self.children[there, place]), self.law[there])
        return mean

    @cached_property
    def expansions(self) -> FloatArray:
        """Mean number of expansions of each symbol in a sentence, n of the theorem, shape (symbols,)."""
        start = np.eye(self.symbols)[START]
        return np.linalg.solve(np.eye(self.symbols) - self.mean_children.T, start)

    @cached_property
    def symbol_entropy(self) -> FloatArray:
        """Entropy of the rules of each symbol, h_A of the theorem, shape (symbols,); nats."""
        return np.asarray(np.bincount(self.symbol, -self.law * np.log(self.law)), dtype=np.float64)

    @cached_property
    def entropy_rate(self) -> float:
        """Nats per token."""
        return float(self.expansions @ self.symbol_entropy / self.expansions.sum())

    @cached_property
    def sentence_length(self) -> float:
        """Mean number of tokens in a sentence."""
        return float(self.expansions.sum())

    @cached_property
    def unigram_entropy(self) -> float:
        """Entropy of the token frequencies, what a predictor without context loses; nats."""
        share = self.expansions / self.expansions.sum()
        frequency = np.bincount(self.token, self.law * share[self.symbol], self.vocabulary)
        return float(entropy(np.asarray(frequency, dtype=np.float64)))

    @cached_property
    def _first(self) -> IntArray:
        return np.searchsorted(self.symbol, np.arange(self.symbols + 1))

    @cached_property
    def _cumulative(self) -> FloatArray:
        total = np.cumsum(self.law)
        before = np.concatenate([[0.0], total])[self._first[self.symbol]]
        cumulative = total - before
        cumulative[self._first[1:] - 1] = 1.0
        return self.symbol + cumulative

    def sample(self, generator: np.random.Generator, sequences: int, length: int) -> Sample:
        """Return independent sequences of `length` tokens, each from the start of a sentence."""
        stack = np.full((sequences, length + MAX_CHILDREN + 1), START)
        flat, offset = stack.reshape(-1), np.arange(sequences) * stack.shape[1]
        top = np.zeros(sequences, dtype=np.int64)
        rules = np.empty((length, sequences), dtype=np.int64)
        below, above = np.ascontiguousarray(self.children.T)
        for t, u in enumerate(generator.random((length, sequences))):
            symbol = flat[offset + top]
            rule = np.searchsorted(self._cumulative, symbol + u, side="right")
            # Rounding of symbol + u must not carry over to the next symbol.
            rule = np.minimum(rule, self._first[symbol + 1] - 1)
            # Place 0 of the stack holds S for ever: a sentence that is over leaves the start of the next on top.
            base = np.maximum(top - 1, 0)
            flat[offset + base + 1] = below[rule]
            flat[offset + base + 2] = above[rule]
            # With one child it is children[:, 0], and what was written above it is never read.
            top = base + self.count[rule]
            rules[t] = rule
        rules = np.ascontiguousarray(rules.T)
        return Sample(self.token[rules], -np.log(self.law)[rules])

    def exact_losses(self, tokens: IntArray) -> FloatArray:
        """Return ``-ln p`` of every token of one sequence by parsing it, shape (length,).

        Raises
        ------
        InputError
            If the sequence is not in the language.
        """
        rule_of = {pair: rule for rule, pair in enumerate(zip(self.symbol.tolist(), self.token.tolist()))}
        stack: list[int] = []
        losses = np.empty(len(tokens))
        for t, token in enumerate(tokens):
            symbol = stack.pop() if stack else START
            rule = rule_of.get((symbol, int(token)))
            if rule is None:
                raise InputError(f"token {int(token)} at place {t} cannot follow in {self.name}.")
            losses[t] = -np.log(self.law[rule])
            stack.extend(self.children[rule, : self.count[rule]].tolist())
        return losses


def simple_grammar(
    vocabulary: int = 64,
    symbols: int = 6,
    *,
    zipf: float = 1.0,
    density: float = 0.25,
    spread: float = 0.5,
    branching: float = 0.8,
    seed: int = 0,
) -> Grammar:
    """Return a random Zipf-weighted simple grammar.

    Parameters
    ----------
    vocabulary, symbols : int
    zipf : float
        Exponent of the law over the tokens of a symbol.
    density : float
        Mean share of the vocabulary that a symbol can emit, a random subset in random order for each symbol.
    spread : float
        In [0, 1): the shares are uniform within this fraction of `density` on both sides.
    branching : float
        Limit in (0, 1) of the mean number of children of every symbol but S; sentences grow longer towards 1.
    seed : int

    Raises
    ------
    InputError
        If a number is out of range.
    """
    require_language(vocabulary, zipf, density)
    require_count("symbols - 1", symbols - 1)
    require_decay("spread", spread)
    if not 0 < branching < 1:
        raise InputError(f"branching is {branching!r}, but it must be in (0, 1) for sentences to end.")
    generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(vocabulary, symbols)))
    shares = density * generator.uniform(1 - spread, 1 + spread, symbols)
    sizes = np.clip(np.rint(shares * vocabulary).astype(np.int64), 2, vocabulary)
    symbol = np.repeat(np.arange(symbols), sizes)
    law = np.concatenate([zipf_law(int(size), zipf) for size in sizes])
    token = np.concatenate([generator.permutation(vocabulary)[:size] for size in sizes])
    count = generator.integers(0, MAX_CHILDREN + 1, size=len(law))
    count[symbol == START] = np.maximum(count[symbol == START], 1)
    children = generator.integers(START + 1, symbols, size=(len(law), MAX_CHILDREN))
    for parent in range(START + 1, symbols):
        own = np.flatnonzero(symbol == parent)
        for rule in generator.permutation(own):
            if law[own] @ count[own] <= branching:
                break
            count[rule] = 0
    name = f"simple grammar, {vocabulary} tokens, {symbols} symbols, seed {seed}"
    return Grammar(symbol, law, token, count, children, vocabulary, name)

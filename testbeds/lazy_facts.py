"""Facts that are worked out when they are first asked for: an optimum from a solver costs nothing until it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from ratecheck.theory.facts import Fact


class LazyEntries(Mapping[str, Fact]):
    """A mapping from names to facts, each computed once.

    Parameters
    ----------
    recipes : mapping of str to callable
        ``() -> Fact`` for each name.
    """

    __slots__ = ("_known", "_recipes")

    def __init__(self, recipes: Mapping[str, Callable[[], Fact]]) -> None:
        self._recipes = dict(recipes)
        self._known: dict[str, Fact] = {}

    def __getitem__(self, name: str) -> Fact:
        if name not in self._known:
            self._known[name] = self._recipes[name]()
        return self._known[name]

    def share(self, other: Mapping[str, Fact], names: Iterable[str]) -> None:
        """Take the facts of these names from another mapping, still only when they are asked for."""
        for name in names:
            self._recipes[name] = partial(other.__getitem__, name)

    def __contains__(self, name: object) -> bool:
        return name in self._recipes

    def __iter__(self) -> Iterator[str]:
        return iter(self._recipes)

    def __len__(self) -> int:
        return len(self._recipes)

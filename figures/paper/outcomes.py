r"""Statements of the paper that depend on a verdict, as macros that change when the stored verdict does.

The sources write ``\came{claims}`` for how claims came out ("are refuted"), and ``\when{verdict}{claims}{text}`` for a
text that is only true if all of them came out so; otherwise a sentence that says what came out takes its place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ratecheck.figures.paper.text import identifier
from ratecheck.figures.results import Result
from ratecheck.theory.errors import InputError

ATTAINED = "attained"  # holds, and a stated ratio of measure and bound was reached
VERDICTS = ("holds", "refuted", "undecided", "not-applicable")
_WHEN = re.compile(r"\\when\{([^}#]*)\}\{([^}#]*)\}")
_CAME = re.compile(r"\\came\{([^}#]*)\}")
_ONE = {
    "holds": "holds",
    "refuted": "is refuted",
    "undecided": "is undecided",
    "not-applicable": "is not applicable",
    ATTAINED: "attains its stated ratio",
}
_MANY = {
    "holds": "hold",
    "refuted": "are refuted",
    "undecided": "are undecided",
    "not-applicable": "are not applicable",
    ATTAINED: "attain their stated ratios",
}


def used_outcomes(texts: Iterable[str]) -> tuple[set[tuple[str, str]], set[str]]:
    """Return the pairs (verdict, claims) of all conditional texts, and the claims whose outcome is printed."""
    whole = re.sub(r"(?<!\\)%.*", "", "\n".join(texts))  # without comments
    return set(_WHEN.findall(whole)), set(_CAME.findall(whole))


def came_out(found: Sequence[Result]) -> str:
    """Return how claims came out, as the predicate of a sentence."""
    counts = Counter(one.verdict for one in found)
    if len(counts) == 1:
        return (_MANY if len(found) > 1 else _ONE)[next(iter(counts))]
    parts = [f"{counts[verdict]} {(_MANY if counts[verdict] > 1 else _ONE)[verdict]}" for verdict in VERDICTS]
    return "came out differently: " + ", ".join(part for part in parts if not part.startswith("0 "))


def outcomes(
    texts: Iterable[str], results: Sequence[Result], groups: Mapping[str, Sequence[Result]]
) -> tuple[str, tuple[str, ...]]:
    r"""Return the LaTeX definitions behind ``\when`` and ``\came``, and a sentence for each text that is left out.

    Parameters
    ----------
    texts : iterable of str
        The LaTeX sources.
    results : sequence of Result
    groups : dict
        Claims by the name of a group, such as the id of a bound.

    Raises
    ------
    InputError
        If a verdict or a claim is unknown.
    """
    by_id: dict[str, Sequence[Result]] = {one.id: (one,) for one in results}
    known = {**groups, **by_id}
    conditions, printed = used_outcomes(texts)
    lines, notices = [], []
    for names in sorted(printed):
        lines.append(rf"\expandafter\def\csname came@{names}\endcsname{{{came_out(_named(names, known))}}}")
    for verdict, names in sorted(conditions):
        if verdict not in _ONE:
            raise InputError(f"\\when knows no verdict {verdict!r}; allowed are {', '.join(_ONE)}.")
        found = _named(names, known)
        body = "#1"
        if not all(_is(one, verdict) for one in found):
            body, notice = _instead(verdict, names, found)
            notices.append(notice)
        lines.append(rf"\long\expandafter\def\csname when@{verdict}@{names}\endcsname#1{{{body}}}")
    return "\n".join(lines) + "\n", tuple(notices)


def _named(names: str, known: Mapping[str, Sequence[Result]]) -> list[Result]:
    found: list[Result] = []
    for name in names.split(","):
        if not known.get(name):
            raise InputError(
                f"the paper speaks about the outcome of {name!r}, which the results do not hold; run "
                "`ratecheck verify` first."
            )
        found += known[name]
    return found


def _is(one: Result, verdict: str) -> bool:
    if verdict == ATTAINED:
        return one.verdict == "holds" and one.attained is not None and one.as_expected
    return one.verdict == verdict


def _instead(verdict: str, names: str, found: Sequence[Result]) -> tuple[str, str]:
    odd = [one for one in found if not _is(one, verdict)]
    shown = ", ".join(identifier(one.id) for one in odd[:3]) + (", \\dots" if len(odd) > 3 else "")
    expected = (_MANY if len(odd) > 1 else _ONE)[verdict]
    text = rf"\emph{{[In this copy {shown} {came_out(odd)}. The text that belongs here is left out.]}} "
    notice = (
        f"the text about {names} is left out of the paper: it says that {', '.join(one.id for one in odd[:3])} "
        f"{expected}, but the stored verdict is {', '.join(sorted({one.verdict for one in odd}))}."
    )
    return text, notice

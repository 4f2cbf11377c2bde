"""The findings about language models, as the text and the tables of a section of the paper.

They come from the folder of results or, where nobody trained a model there, from a file that was recorded earlier and
is kept beside the paper; without either the section says that nothing was run.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.figures.paper.layout import Table
from ratecheck.figures.paper.text import decimal, escape, whole
from ratecheck.theory.errors import InputError

FILE = "language_model.json"
FORMAT = 1
COMMANDS = {"compare": "ratecheck lm compare"}
# Command and caption of the pictures that the section shows where their curves are stored.
FIGURES = {
    "lm-compare-tokens": (
        "compare",
        "Excess loss against tokens, each optimizer at its tuned step size; median and band over seeds.",
    ),
    "lm-compare-step-size": ("compare", "Excess loss at every step size that was searched."),
    "lm-fp8-tokens": ("experiments fp8", "Excess loss against tokens in float32 and in FP8 throughout."),
    "lm-conversion": (
        "experiments conversion",
        "Sign conversion with one ingredient changed, each setting at its best step size; the line is the reference.",
    ),
    "lm-minimax-radius": (
        "experiments minimax",
        "Excess loss against the radius of the attack, at equal gradients unless the name says otherwise.",
    ),
    "lm-fine-tuning-tokens": (
        "experiments fine-tuning",
        "Excess loss on the second language, adapters trained from the weights of the first.",
    ),
}
_TOPICS = {
    "foundations": "Optimizers compared",
    "stosignsgd": "StoSignSGD",
    "low-precision": "FP8 and FP4",
    "conversion": "Sign conversion",
    "sgg": "Gradient grouping",
    "scs": "Stochastic conjugate subgradients",
    "mgsr1-sp": "Saddle points",
    "saddle": "Saddle points",
    "minimax": "Saddle points",
    "fine-tuning": "Fine-tuning",
}
_EXPERIMENTS = {
    "compare": "Optimizers at equal tokens, each tuned on the same grid: excess loss over the exact predictor (nats), "
    "mean and 95\\,\\% $t$ interval over seeds, best first.",
    "fp8": "Low precision, one part of training at a time: final excess loss (nats), mean over seeds.",
    "minimax": "Training against an adversary, at equal gradients: excess loss (nats), clean and under attack.",
}
# What a table does not show: times differ from run to run, and the rest is in the text or the same in every row.
_HIDDEN = {
    "seconds",
    "device",
    "language",
    "entropy_rate",
    "interior",
    "searched",
    "clean_interval",
    "condition",
    "mean",
}
_MOST_COLUMNS = 7
_NARROWEST, _WIDEST = 18, 40  # characters


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, and where it was read.

    Parameters
    ----------
    claims : tuple of dict
        As ``ratecheck verify --json`` has them, with `paper`, `scope`, `values` and `interval`.
    experiments : dict
        Rows by name of experiment.
    machine : str
    commands : tuple of str
    recorded : bool
        Whether they are of an earlier run than the rest of the paper.
    folder : Path
        Where they lie, curves beside them.
    """

    claims: tuple[Mapping[str, Any], ...]
    experiments: Mapping[str, Sequence[Mapping[str, Any]]]
    machine: str
    commands: tuple[str, ...]
    recorded: bool
    folder: Path


def load_findings(folder: Path, recorded: Path) -> Findings | None:
    """Return the findings of a folder of results, else those of the recorded folder, else None.

    Raises
    ------
    InputError
        If a file is there and is none of ours.
    """
    for place in (folder, recorded):
        path = place / FILE
        if not path.exists():
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise KeyError("format")
            found = _checked(content, place, place == recorded)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} is not a result of this version of ratecheck; delete it and run `ratecheck lm compare` again."
            ) from error
        if found.claims or found.experiments:
            return found
    return None


def _checked(content: Mapping[str, Any], place: Path, recorded: bool) -> Findings:
    claims = tuple(content["claims"])
    for one in claims:
        _ = (one["id"], one["title"], one["values"], one["bound"], one["verdict"], one["tags"])
    experiments = {name: rows for name, rows in content["experiments"].items() if _is_table(rows)}
    devices = sorted({str(row["device"]) for rows in experiments.values() for row in rows if row.get("device")})
    machine = content.get("machine") or " and ".join("a CPU" if one == "cpu" else one for one in devices)
    commands = content.get("commands") or [
        COMMANDS.get(name, f"ratecheck lm experiments {name}") for name in content["experiments"]
    ]
    return Findings(claims, experiments, str(machine), tuple(map(str, commands)), recorded, place)


def _is_table(rows: Any) -> bool:
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) for row in rows)


def section(found: Findings | None, figures: Iterable[str] = ()) -> str:
    """Return the generated part of the section as LaTeX.

    Parameters
    ----------
    found : Findings or None
    figures : iterable of str
        Names of `FIGURES` that are drawn.
    """
    if found is None:
        return (
            "The language-model experiments were not run for this copy of the paper, and no recorded ones came with "
            "it; \\cmd{ratecheck lm experiments} runs them.\n"
        )
    topics: dict[str, list[Mapping[str, Any]]] = {}
    for one in found.claims:
        topics.setdefault(_topic(one), []).append(one)
    parts = [_origin(found)]
    parts += [_claims(topic, claims, number) for number, (topic, claims) in enumerate(topics.items(), start=1)]
    parts += [_figure(name) for name in FIGURES if name in set(figures)]
    if found.experiments:
        parts.append("Appendix~\\ref{app:tables} holds every contestant of every experiment.\n")
    return "\n".join(parts)


def experiments(found: Findings | None) -> str:
    """Return the tables of every contestant, for the appendix."""
    rows = {} if found is None else found.experiments
    return "\n".join(_experiment(name, table) for name, table in rows.items())


def _origin(found: Findings) -> str:
    commands = ", ".join(rf"\cmd{{{escape(one)}}}" for one in found.commands)
    where = f" on {escape(found.machine)}" if found.machine else ""
    recorded = (
        " They were recorded in an earlier run and are shown as they were stored then, since the folder of results of "
        "this copy holds none."
        if found.recorded
        else ""
    )
    verdicts = Counter(str(one["verdict"]) for one in found.claims)
    counts = ", ".join(f"{whole(verdicts[one])} {word}" for one, word in _COUNTED.items() if verdicts[one])
    return (
        f"What follows was measured{where} by {commands}.{recorded} Of {whole(len(found.claims))} claims: "
        f"{counts or 'none'}. Each row gives what the paper concerned says, what came out here, and how far "
        "that reaches.\n"
    )


_COUNTED = {"holds": "hold", "refuted": "refuted", "undecided": "undecided", "not-applicable": "not applicable"}


def _topic(claim: Mapping[str, Any]) -> str:
    tags = [tag for tag in claim["tags"] if tag != "language-model"]
    named = [_TOPICS[tag] for tag in reversed(tags) if tag in _TOPICS]
    return named[0] if named else escape(tags[-1].capitalize()) if tags else "Other claims"


def _claims(topic: str, claims: Sequence[Mapping[str, Any]], number: int) -> str:
    scopes = [str(one.get("scope", "")).split("; ") for one in claims]
    shared = _most_common(scopes)
    rows, before = [], None
    for one, scope in zip(claims, scopes, strict=True):
        # A claim that lacks a part of what most have in common says all of its own.
        own = "; ".join(part for part in scope if part not in shared) if set(shared) <= set(scope) else "; ".join(scope)
        says = str(one.get("paper", ""))
        rows.append(
            (
                escape(str(one["title"])) + (rf"\newline{{\scriptsize {escape(own)}}}" if own else ""),
                "as above" if says == before else escape(says),
                measured(one["values"], one.get("interval")),
                decimal(float(one["bound"])),
                escape(str(one["verdict"])),
            )
        )
        before = says
    caption = (
        f"{topic}: what was claimed, what the paper says, the mean over seeds with its 95\\,\\% $t$ interval, and the "
        f"value claimed at most. Found, unless said otherwise, with {escape('; '.join(shared))}."
    )
    columns = "P{0.40\\linewidth}P{0.22\\linewidth}P{0.14\\linewidth}rl"
    header = ("claim", "the paper says", "came out", "at most", "verdict")
    return Table(caption, columns, header, rows, long=True).latex(f"lm-{number}")


def _most_common(scopes: Sequence[Sequence[str]]) -> list[str]:
    """Return the parts that more than half of the scopes have, in their order."""
    parts = dict.fromkeys(part for scope in scopes for part in scope)
    return [part for part in parts if 2 * sum(part in scope for scope in scopes) > len(scopes)]


def measured(values: Sequence[float | None], interval: Sequence[float | None] | None = None) -> str:
    """Return a mean over seeds and its interval; a run that diverged makes it infinite."""
    if not values or None in values:
        return f"{sum(one is None for one in values)} of {len(values)} diverged" if values else "--"
    mean = decimal(float(np.mean(np.array(values, dtype=np.float64))))
    return mean + (rf"\newline [{_end(interval[0])}, {_end(interval[1])}]" if interval else "")


def _end(value: float | None) -> str:
    return r"$\pm\infty$" if value is None else decimal(float(value))


def _figure(name: str) -> str:
    command, caption = FIGURES[name]
    return f"\\resultfigure{{{name}}}{{0.66}}{{ratecheck lm {command}}}{{{caption}}}\n"


def _experiment(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in _HIDDEN][:_MOST_COLUMNS]
    cells = [tuple(_cell(row.get(key)) for key in keys) for row in rows]
    header = tuple(escape(key.replace("_", " ")) for key in keys)
    # Columns get room by their longest entry; the gaps between them take the rest.
    lines = [[line for row in (header, *cells) for line in row[i].split(r"\newline")] for i in range(len(keys))]
    longest = [min(max(*map(_letters, column), _NARROWEST), _WIDEST) for column in lines]
    room = 0.97 * (1.02 - 0.02 * len(keys)) / sum(longest)
    columns = "".join(rf"P{{{room * length:.3f}\linewidth}}" for length in longest)
    caption = _EXPERIMENTS.get(name, f"Experiment \\emph{{{escape(name)}}}, as it was stored.")
    return Table(caption, columns, header, cells, long=True).latex(f"lm-experiment-{name}")


def _letters(cell: str) -> int:
    """Return about how many letters are printed."""
    return len(re.sub(r"\\allowbreak\{\}|\\cdot|[\\${}^]", "", cell))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return whole(value)
    if value is None or isinstance(value, float):
        return decimal(value)
    if isinstance(value, dict):
        return r"\newline ".join(f"{escape(str(key))}: {_cell(one)}" for key, one in value.items()) or "--"
    if isinstance(value, list):
        return _list(value)
    return escape(str(value))


def _list(values: list[Any]) -> str:
    numbers = [one for one in values if isinstance(one, int | float)]
    if len(numbers) < len(values):
        gone = sum(one is None for one in values)
        return "--" if gone == len(values) else f"{gone} of {len(values)} without a value"
    if len(numbers) == 3 and numbers[1] <= numbers[0] <= numbers[2]:  # a mean and the ends of its interval
        return rf"{decimal(float(numbers[0]))} [{decimal(float(numbers[1]))}, {decimal(float(numbers[2]))}]"
    return decimal(float(np.mean(numbers))) if numbers else "--"

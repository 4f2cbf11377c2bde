"""Adversarial training: who wins, at equal gradient-equivalents and at equal tokens, tuned alike, over several seeds.

A player is judged by its excess loss without an adversary, and under fresh attacks of half, once and twice the radius
of the game. Its step size is the one with the least excess under attack at the radius, on a seed that judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ratecheck.experiments.language_model.data import open_corpus
from ratecheck.experiments.language_model.minimax_cost import hardware, product_ratio
from ratecheck.experiments.language_model.minimax_findings import findings
from ratecheck.experiments.language_model.minimax_game import Match
from ratecheck.experiments.language_model.minimax_outcome import Outcome, radius_sweep, table, where
from ratecheck.experiments.language_model.minimax_players import AT_EQUAL_TOKENS, PLAYERS
from ratecheck.experiments.language_model.minimax_residual import residual_study
from ratecheck.experiments.language_model.minimax_runs import Entrant, Heard, tune_and_play
from ratecheck.experiments.language_model.outcome import Finding, write_findings
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.size import small
from ratecheck.experiments.language_model.tuning import require_unseen
from ratecheck.experiments.sweep import save_sweep
from ratecheck.theory.errors import InputError

RADIUS, CURVATURE = 0.3, 0.02
COMMAND = "ratecheck lm experiments minimax"
STEPS = 200  # of the budget


def experiment(folder: Path, *, seeds: int, jobs: int, heard: Heard = lambda done: None) -> list[Finding]:
    """Play every player at the size of the experiments, and store tables and findings in a folder of results.

    Parameters
    ----------
    folder : Path
    seeds : int
        At least 2; four or more make intervals of use.
    jobs : int
        Processes.
    heard : callable, optional
        Called with each match as it ends.
    """
    return minimax(small(), list(PLAYERS), seeds, folder, jobs=jobs, heard=heard)


def minimax(
    setup: Setup,
    names: Sequence[str],
    seeds: int,
    out: Path,
    *,
    radius: float = RADIUS,
    curvature: float = CURVATURE,
    jobs: int = 1,
    residuals: bool = True,
    heard: Heard = lambda done: None,
) -> list[Finding]:
    """Tune and play the named players, and store tables and findings.

    Parameters
    ----------
    setup : Setup
        Its ``steps`` are the budget; optimizer and step size are replaced.
    names : sequence of str
        Keys of `PLAYERS`.
    seeds : int
    out : Path
    radius, curvature : float
        Of the game, see `Match`.
    jobs : int
    residuals : bool
        Whether to look at the residual on one batch too.
    heard : callable, optional

    Raises
    ------
    InputError
        If a name is unknown, a number out of range, or there are fewer than two seeds.
    """
    for name in names:
        if name not in PLAYERS:
            raise InputError(f"no method of the game is called {name!r}; allowed are {', '.join(PLAYERS)}.")
    judged = require_unseen(range(seeds))
    entrants = {
        (name, budget): Entrant(_match(setup, name, budget, radius, curvature))
        for budget in ("gradients", "tokens")
        for name in names
        if budget == "gradients" or name in AT_EQUAL_TOKENS
    }
    standings = tune_and_play(out, entrants, judged, jobs, heard)
    rows, runs = residual_study(out, setup, judged, jobs) if residuals else ([], {})
    language = open_corpus(setup.source, vocabulary=setup.shape.vocabulary).name
    ratio = product_ratio(next(iter(entrants.values())).match)
    return _store(Outcome(setup, language, hardware(), radius, curvature, ratio, standings, runs, rows), out)


def _store(outcome: Outcome, out: Path) -> list[Finding]:
    found = findings(outcome)
    details = {"minimax": table(outcome)}
    if outcome.residual_rows:
        details["minimax-residual"] = [row | where(outcome) for row in outcome.residual_rows]
    write_findings(out, found, details)
    save_sweep(out, radius_sweep(outcome, COMMAND))
    return found


def _match(setup: Setup, name: str, budget: str, radius: float, curvature: float) -> Match:
    player = PLAYERS[name]
    own = setup.with_recipe(optimizer=player.optimizer, options=player.options, step_size=2.0**player.start)
    return Match(setup=own, player=player, radius=radius, curvature=curvature, budget=budget)

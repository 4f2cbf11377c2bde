"""``ratecheck lm``: language models on torch."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, UNEXPECTED
from ratecheck.experiments.cli.lm_experiments import add_experiments
from ratecheck.experiments.cli.lm_progress import Counter, Progress
from ratecheck.experiments.cli.lm_setup import add_setup, setup_of
from ratecheck.experiments.cli.options import add_jobs, add_results

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.train import Training


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser("lm", help="train and compare on language models (torch)")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION", parser_class=type(parser))
    _add_train(actions)
    _add_compare(actions)
    _add_fp8(actions)
    _add_minimax(actions)
    add_experiments(actions)
    resume = actions.add_parser("resume", help="go on from the checkpoint of a folder, with the same bits")
    resume.add_argument("folder", type=Path, metavar="DIR", help="folder of a run")
    resume.set_defaults(run=run_resume, checkpoint_every=0)
    presets = actions.add_parser("presets", help="list the presets and their sizes")
    presets.set_defaults(run=run_presets)


def _add_train(actions: Any) -> None:
    parser = actions.add_parser("train", help="train one model")
    add_setup(parser)
    parser.add_argument("--optimizer", default="adamw", help="name of an optimizer (default: adamw)")
    parser.add_argument("--step-size", type=float, help="peak of the schedule (default: a start for this optimizer)")
    parser.add_argument("--warm-up", type=float, default=0.05, help="share of the steps (default: 0.05)")
    parser.add_argument("--weight-decay", type=float, default=0.0, help="decoupled, on matrices (default: 0)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--init", type=Path, metavar="DIR", help="folder of a checkpoint to start from")
    parser.add_argument("--adapter-rank", type=int, default=0, help="train adapters of this rank (default: 0, all)")
    parser.add_argument("--shard", action="store_true", help="parameters in shards over torchrun's processes (FSDP2)")
    parser.add_argument("--checkpoint-every", type=int, default=0, metavar="N", help="steps (default: at the end)")
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="write a TensorBoard log too")
    parser.add_argument("--out", type=Path, default=Path("results/lm-train"), metavar="DIR", help="folder of the run")
    parser.set_defaults(run=run_train)


def _add_compare(actions: Any) -> None:
    parser = actions.add_parser("compare", help="optimizers at equal tokens, tuned alike, over several seeds")
    add_setup(parser)
    parser.add_argument("--optimizers", nargs="+", metavar="NAME", help="names (default: six that are well known)")
    parser.add_argument("--seeds", type=int, default=4, help="runs of each at its tuned step size (default: 4)")
    add_jobs(parser)
    add_results(parser)
    parser.set_defaults(run=run_compare)


def _add_fp8(actions: Any) -> None:
    parser = actions.add_parser("fp8", help="which part of training must not be in FP8")
    add_setup(parser)
    parser.add_argument("--conditions", nargs="+", metavar="NAME", help="settings of the switches (default: nine)")
    parser.add_argument("--methods", nargs="+", metavar="NAME", default=["adamw", "stosignsgd", "signum"])
    parser.add_argument("--seeds", type=int, default=5, help="runs of each (default: 5)")
    add_jobs(parser)
    add_results(parser)
    parser.set_defaults(run=run_fp8)


def _add_minimax(actions: Any) -> None:
    parser = actions.add_parser("minimax", help="adversarial training as a saddle point, at equal gradients and tokens")
    add_setup(parser)
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="names (default: all)")
    parser.add_argument("--radius", type=float, help="of an offset, in units of the embedding's rows (default: 0.3)")
    parser.add_argument("--curvature", type=float, help="that makes the game concave in the offset (default: 0.02)")
    parser.add_argument("--seeds", type=int, default=4, help="runs of each at its tuned step size (default: 4)")
    add_jobs(parser)
    add_results(parser)
    parser.set_defaults(run=run_minimax)


def run_train(options: argparse.Namespace) -> int:
    """Train one model."""
    from ratecheck.experiments.language_model import require_torch

    require_torch()
    from ratecheck.experiments.language_model.compare import CONTESTANTS
    from ratecheck.experiments.language_model.leaving import require_no_unfinished
    from ratecheck.experiments.language_model.optimizers import OPTIMIZERS
    from ratecheck.experiments.language_model.train import begin
    from ratecheck.theory.errors import require_choice

    require_choice("optimizer", options.optimizer, tuple(OPTIMIZERS))
    known = CONTESTANTS.get(options.optimizer)
    step_size = options.step_size
    if step_size is None:
        step_size = 2.0 ** (known.start if known else -9)
    setup = setup_of(
        options,
        optimizer=options.optimizer,
        step_size=step_size,
        options=dict(known.options) if known else {},
        warm_up=options.warm_up,
        weight_decay=options.weight_decay,
        adapter_rank=options.adapter_rank,
        shard=options.shard,
        seed=options.seed,
    )
    training = begin(setup, weights=options.init)
    require_no_unfinished(options.out)
    return _run(training, options.out, options)


def run_resume(options: argparse.Namespace) -> int:
    """Go on from a checkpoint."""
    from ratecheck.experiments.language_model import require_torch

    require_torch()
    from ratecheck.experiments.language_model.train import resume

    return _run(resume(options.folder), options.folder, options)


def _run(training: Training, folder: Path, options: argparse.Namespace) -> int:
    import torch

    from ratecheck.experiments.language_model.train import DivergenceError, train

    torch.set_num_threads(1)  # the same bits on every machine
    recipe = training.setup.recipe
    every = options.checkpoint_every or max(1, recipe.steps // 10)
    try:
        with Progress(training, getattr(options, "tensorboard", None)) as progress:
            history = train(training, folder, checkpoint_every=every, on_step=progress.advance)
    except DivergenceError as error:
        if training.processes.rank == 0:
            print(f"ratecheck: {error}", file=sys.stderr)
        return UNEXPECTED
    last = history.last
    floor = "" if math.isnan(last.excess) else f", {last.excess:.4f} above the exact predictor (+- {last.error:.4f})"
    if training.processes.rank == 0:
        loss = f"validation loss {last.validation:.4f} nats per token"
        print(f"{recipe.optimizer}: {loss}{floor} after {last.tokens} tokens")
        print(f"run: {folder}")
    return AS_EXPECTED


def run_compare(options: argparse.Namespace) -> int:
    """Compare optimizers."""
    setup = setup_of(options, optimizer="adamw", step_size=1e-3)
    from ratecheck.experiments.language_model.compare import DEFAULT, REFERENCE, compare
    from ratecheck.experiments.language_model.contest import table
    from ratecheck.experiments.language_model.outcome import FILE
    from ratecheck.experiments.language_model.runs import Workers

    names = options.optimizers or list(DEFAULT)
    with Workers(options.out, options.jobs, Counter()) as workers:
        result = compare(setup, names, options.seeds, options.out, workers)
    print(f"{result.language}; entropy rate {result.floor}; excess loss in nats, mean and 95 % interval over seeds")
    print(f"{'optimizer':12} {'step size':>10} {'searched':>8}  {'excess':24} minus adamw")
    for row in table(result, REFERENCE):
        name = row["optimizer"]
        edge = "" if row["interior"] else " (at the edge of the grid)"
        versus = "" if row["reference"] is None else str(result.difference(name, REFERENCE))
        print(f"{name:12} {row['step_size']:10.4g} {row['searched']:8}  {result.excess(name)!s:24} {versus}{edge}")
    print(f"results: {options.out / FILE}")
    return AS_EXPECTED


def run_fp8(options: argparse.Namespace) -> int:
    """Run the FP8 study."""
    from ratecheck.experiments.language_model import require_torch

    require_torch()
    from ratecheck.experiments.language_model.fp8_conditions import DEFAULT, STEPS
    from ratecheck.experiments.language_model.fp8_study import fp8_study, table
    from ratecheck.experiments.language_model.outcome import FILE, read_findings
    from ratecheck.experiments.language_model.runs import Workers

    options.steps = options.steps or STEPS
    setup = setup_of(options, optimizer="adamw", step_size=1e-3)
    with Workers(options.out, options.jobs, Counter()) as workers:
        study = fp8_study(
            setup, options.conditions or list(DEFAULT), options.methods, options.seeds, options.out, workers
        )
    print(
        f"{study.language}: final excess loss by seed (the step where the loss was not finite), share flushed to zero"
    )
    for row in table(study):
        seeds = zip(row["excess"], row["diverged"], strict=True)
        cells = " ".join(f"{value:.3f}" if value is not None else f"(at {step})" for value, step in seeds)
        shares = ", ".join(f"{name} {share:.1%}" for name, share in row["flushed"].items())
        print(f"{row['condition']:14} {row['method']:11} {cells}  {shares}")
    claims = [one for one in read_findings(options.out)["claims"] if one["id"].startswith("lm-fp8-")]
    for one in claims:
        mark = " " if one["as_expected"] else "!"
        print(f"{mark} {one['id']:32} {one['verdict']:10} {one['reason']}")
    print(f"results: {options.out / FILE}")
    return AS_EXPECTED if all(one["as_expected"] for one in claims) else UNEXPECTED


def run_minimax(options: argparse.Namespace) -> int:
    """Train against an adversary."""
    from ratecheck.experiments.language_model import require_torch

    require_torch()
    from ratecheck.experiments.language_model.minimax import CURVATURE, RADIUS, STEPS, minimax
    from ratecheck.experiments.language_model.minimax_players import PLAYERS
    from ratecheck.experiments.language_model.outcome import FILE, read_findings

    options.steps = options.steps or STEPS
    setup = setup_of(options, optimizer="adamw", step_size=1e-3)
    found = minimax(
        setup,
        options.methods or list(PLAYERS),
        options.seeds,
        options.out,
        radius=RADIUS if options.radius is None else options.radius,
        curvature=CURVATURE if options.curvature is None else options.curvature,
        jobs=options.jobs,
        heard=Counter(),
    )
    print(
        "method, at equal: step size, excess loss without an adversary, under attacks of growing radius; mean of seeds"
    )
    for row in read_findings(options.out)["experiments"]["minimax"]:
        values = [
            "diverged" if mean is None else f"{mean:.3f}" for mean, *_ in (row["clean"], *row["attacked"].values())
        ]
        edge = "" if row["interior"] else " (at the edge of the grid)"
        name = f"{row['method']}, {row['equal']}"
        print(f"{name:36} {row['step_size']:9.4g}  {'  '.join(values)}{edge}")
    claims = [one.to_json() for one in found]
    for one in claims:
        print(f"{' ' if one['as_expected'] else '!'} {one['id']:40} {one['verdict']:10} {one['reason']}")
    print(f"results: {options.out / FILE}")
    return AS_EXPECTED if all(one["as_expected"] for one in claims) else UNEXPECTED


def run_presets(options: argparse.Namespace) -> int:
    """List the presets."""
    from ratecheck.experiments.language_model.presets import PRESETS

    for name, one in PRESETS.items():
        tokens = one.steps * one.batch * one.shape.context
        print(f"{name:6} {one.shape.parameters / 1e6:8.3f}M parameters, {tokens / 1e6:9.3g}M tokens, {one.source}")
    return 0

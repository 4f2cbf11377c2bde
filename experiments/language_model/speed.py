"""What one optimizer step costs: ``python -m ratecheck.experiments.language_model.speed``.

All optimizers are timed in turn, round after round in one process, and each is given by its fastest round, so that a
busy machine slows all of them down alike; with one thread it is processor time. To a step with gradient grouping
1 / `PERIOD` of a re-clustering is added. AdamW as torch ships it is in the same table.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import time
from collections.abc import Callable
from typing import Any

from ratecheck.experiments.language_model import require_torch
from ratecheck.theory.errors import require_choice, require_count

MATRIX = 512  # side of the matrices that make up the parameters, like those of a small language model
PERIOD = 500  # steps between two clusterings
CLUSTERINGS = 5  # of which the fastest counts
OURS = ("sgd", "momentum", "signsgd", "signum", "lion", "stosignsgd", "adamw", "scs-adamw", "lamb", "sgg-adamw")


def _parameters(count: int, device: str) -> list[Any]:
    import torch

    generator = torch.Generator().manual_seed(0)
    matrices, rest = divmod(count, MATRIX * MATRIX)
    shapes = [(MATRIX, MATRIX)] * matrices + ([(rest,)] if rest else [])
    made = []
    for shape in shapes:
        parameter = torch.randn(shape, generator=generator).to(device).requires_grad_()
        parameter.grad = (1e-2 * torch.randn(shape, generator=generator)).to(device)
        made.append(parameter)
    return made


def _contenders(count: int, device: str, names: tuple[str, ...], compiled: bool) -> dict[str, Any]:
    import torch

    from ratecheck.experiments.language_model.optimizers import OPTIMIZERS, make_optimizer

    made: dict[str, Any] = {
        "torch AdamW fused": torch.optim.AdamW(_parameters(count, device), lr=1e-4, fused=True),
        "torch AdamW foreach": torch.optim.AdamW(_parameters(count, device), lr=1e-4, foreach=True),
        "torch AdamW loop": torch.optim.AdamW(_parameters(count, device), lr=1e-4, foreach=False),
    }
    for name in names:
        require_choice("optimizer", name, tuple(OPTIMIZERS))
        grouped = {"grouping": {"period": PERIOD, "at_once": True}} if name.startswith("sgg-") else {}
        made[name] = make_optimizer(name, _parameters(count, device), 1e-4, **grouped)
        if compiled:
            own = _parameters(count, device)
            made[f"{name} compiled"] = make_optimizer(name, own, 1e-4, compiled=True, **grouped)
    return made


def _clustering(optimizer: Any) -> Callable[[], None]:
    """Return what a grouped optimizer does where a re-clustering is due."""
    import torch

    from ratecheck.experiments.language_model.optimizers.grouped import Regrouping

    grouping = Regrouping(dataclasses.replace(optimizer.grouping.plan, period=1))

    def cluster() -> None:
        with torch.no_grad():
            entries = optimizer.entries()
            grouping.regroup(optimizer.rule, entries)
            grouping.spread([entry for _, members in entries for entry in members])

    return cluster


def table(
    count: int = 10_000_000,
    rounds: int = 8,
    names: tuple[str, ...] = OURS,
    *,
    device: str = "cpu",
    threads: int = 1,
    compiled: bool = True,
) -> dict[str, Any]:
    """Return seconds per step of each optimizer, and its ratios to torch's AdamW.

    Parameters
    ----------
    count : int
        Number of parameters, in matrices of 512 by 512.
    rounds : int
        Timed steps of each optimizer.
    names : tuple of str
        Of `OPTIMIZERS`.
    device : str
    threads : int
        Of torch on a CPU.
    compiled : bool
        Whether to time the compiled steps too (compiling takes some seconds each).

    Returns
    -------
    dict with ``hardware``, ``torch``, ``threads``, ``parameters``, and ``rows``: name to a dict of ``seconds``,
    ``to_fused`` and ``to_foreach``, and with gradient grouping ``to_base``, the ratio to the optimizer inside.
    """
    require_torch()
    require_count("count", count)
    require_count("rounds", rounds)
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        fastest, clustered = _fastest(_contenders(count, device, names, compiled), device, threads, rounds)
    finally:
        torch.set_num_threads(before)
    fused, foreach = fastest["torch AdamW fused"], fastest["torch AdamW foreach"]
    rows = {name: {"seconds": s, "to_fused": s / fused, "to_foreach": s / foreach} for name, s in fastest.items()}
    for name in clustered:
        base = fastest.get(name.removeprefix("sgg-"))
        if base:
            rows[name]["to_base"] = fastest[name] / base
    hardware = platform.processor() or platform.machine() if device == "cpu" else torch.cuda.get_device_name()
    return {
        "hardware": hardware,
        "torch": torch.__version__,
        "threads": threads,
        "parameters": count,
        "rows": rows,
    }


def _fastest(contenders: dict[str, Any], device: str, threads: int, rounds: int) -> tuple[dict[str, float], list[str]]:
    """Return the seconds of the fastest step of each contender, and the names of those that group gradients."""
    import torch

    clock = time.process_time if device == "cpu" and threads == 1 else time.perf_counter

    def seconds(act: Callable[[], Any]) -> float:
        start = clock()
        act()
        if device != "cpu":
            torch.cuda.synchronize()
        return clock() - start

    for _ in range(2):
        for optimizer in contenders.values():
            optimizer.step()
    fastest = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, optimizer in contenders.items():
            fastest[name] = min(fastest[name], seconds(optimizer.step))
    clustered = {name: _clustering(optimizer) for name, optimizer in contenders.items() if name.startswith("sgg-")}
    for name, cluster in clustered.items():
        # Last, because a step right after it has work of its own to do, once.
        fastest[name] += min(seconds(cluster) for _ in range(CLUSTERINGS)) / PERIOD
    return fastest, list(clustered)


def main() -> None:
    """Print the table, or write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parameters", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--names", nargs="+", default=list(OURS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--json", help="file to write")
    options = parser.parse_args()
    result = table(
        options.parameters,
        options.rounds,
        tuple(options.names),
        device=options.device,
        threads=options.threads,
        compiled=not options.no_compile,
    )
    if options.json:
        with open(options.json, "w") as file:
            json.dump(result, file, indent=2)
    print(
        f"{result['parameters']} parameters, {result['threads']} threads, {result['hardware']}, torch {result['torch']}"
    )
    for name, row in result["rows"].items():
        ratios = f"{row['to_fused']:7.2f} x fused {row['to_foreach']:7.2f} x foreach"
        base = f" {row['to_base']:7.2f} x base" if "to_base" in row else ""
        print(f"{name:24} {1e3 * row['seconds']:8.1f} ms {ratios}{base}")


if __name__ == "__main__":
    main()

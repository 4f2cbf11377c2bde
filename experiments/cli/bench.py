"""``ratecheck bench``."""

from __future__ import annotations

import argparse
from typing import Any


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser("bench", help="measure the speed of the engine, as ratios")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.experiments.bench import stosign_on_least_absolute_deviations

    speed = stosign_on_least_absolute_deviations()
    print("stochastic StoSignSGD on least absolute deviations, m=200, n=50, 10000 steps of 256 runs, one core")
    print(f"  engine, float32    {speed.engine32:8.0f} ns per run and step")
    print(f"  engine, float64    {speed.engine64:8.0f} ns per run and step")
    print(f"  loop over runs     {speed.loop:8.0f} ns per run and step")
    print(f"  engine in float32 is {speed.ratio:.1f} times faster, in float64 {speed.loop / speed.engine64:.1f} times")
    return 0

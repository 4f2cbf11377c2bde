"""What a GPU is asked for, in stages that each end within ten minutes: ``python -m`` this module.

Every stage writes one JSON file for the hardware that it ran on, part by part: a stage that was stopped, or whose time
was over, goes on with the parts that are missing when it is run again. Files from another machine are put into the
folder of results, and ``--collect`` takes them into the store. Without a GPU, ``--device cpu`` runs the same stages at
smoke size.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from ratecheck.experiments.digest import code_digest
from ratecheck.experiments.language_model import gpu_parts
from ratecheck.experiments.language_model.gpu_parts import Job, Part
from ratecheck.experiments.language_model.memory import device_of
from ratecheck.experiments.language_model.outcome import read_findings, write_findings
from ratecheck.experiments.language_model.presets import PRESETS, preset
from ratecheck.experiments.store import prepare, write_whole
from ratecheck.theory.errors import InputError, require_choice, require_positive

FORMAT = 1
PREFIX = "lm-stage-"
FIELDS = {"format", "stage", "title", "key", "hardware", "torch", "complete", "rows"}


@dataclass(frozen=True, slots=True)
class Stage:
    """A question, and the parts of its answer by name."""

    title: str
    parts: Callable[[Job], Mapping[str, Part]]


STAGES = {
    "agreement": Stage("torch optimizers on the device beside the methods on NumPy", gpu_parts.agreement),
    "trajectories": Stage("losses on the device beside those on the CPU; stop and resume", gpu_parts.trajectories),
    "optimizers": Stage("seconds of an optimizer step beside torch's AdamW", gpu_parts.optimizer_speed),
    "training": Stage("tokens per second, and memory beside its estimate", gpu_parts.training_speed),
    "products": Stage("real FP8 products beside emulated ones", gpu_parts.products),
    "experiment": Stage("excess loss of the main optimizers", gpu_parts.experiment),
    "low-precision": Stage("excess loss in FP8", gpu_parts.low_precision),
}


def hardware(device: str) -> str:
    """Return the name of what the stages run on."""
    if device == "cuda":
        return str(torch.cuda.get_device_name())
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def run_stage(name: str, job: Job, out: Path, seconds: float) -> dict[str, Any]:
    """Run the parts of a stage that are missing until its time is over, store each, and return what there is.

    Parameters
    ----------
    name : str
        Of `STAGES`.
    job : Job
    out : Path
        Folder of results.
    seconds : float
        No part is begun that would end later, if it took as long as the longest so far.
    """
    stage, where = STAGES[name], hardware(job.device)
    code = code_digest([gpu_parts.__name__, __name__])
    key = hashlib.sha256(repr((name, job, torch.__version__, code)).encode()).hexdigest()[:16]
    path = out / f"{PREFIX}{name}-{re.sub('[^a-z0-9]+', '-', where.lower()).strip('-')}.json"
    rows = _stored(path, key)
    parts = stage.parts(job)
    result = {"format": FORMAT, "stage": name, "title": stage.title, "key": key, "hardware": where}
    result |= {"torch": torch.__version__, "cuda": torch.version.cuda, "device": job.device}
    start, longest = perf_counter(), 0.0
    for part, run in parts.items():
        if part in rows:
            continue
        begun = perf_counter()
        if begun - start + longest > seconds:
            break
        rows[part] = _row(run)
        longest = max(longest, perf_counter() - begun)
        _write(path, result, rows, parts)
    return _write(path, result, rows, parts)


def _row(run: Part) -> dict[str, Any]:
    try:
        return run()
    except (RuntimeError, InputError) as error:  # out of memory, or a product that the hardware does not have
        return {"error": (str(error).strip() or type(error).__name__).splitlines()[0], "within": False}


def _write(path: Path, result: dict[str, Any], rows: dict[str, Any], parts: Mapping[str, Part]) -> dict[str, Any]:
    content = result | {"complete": rows.keys() == parts.keys(), "rows": rows}
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode(), "the result of a stage")
    return content


def _stored(path: Path, key: str) -> dict[str, Any]:
    """Return the rows of a stored stage that was run like this one, but for those that failed."""
    try:
        content = json.loads(path.read_text())
        if content["key"] != key:
            return {}
        return {name: row for name, row in content["rows"].items() if "error" not in row}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def collect(out: Path) -> dict[str, dict[str, Any]]:
    """Take every stage in a folder of results into its store, and return them by hardware and stage.

    Raises
    ------
    InputError
        If a file is not the result of a stage.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(out.glob(f"{PREFIX}*.json")):
        try:
            content = json.loads(path.read_text())
            if not content.keys() >= FIELDS or content["format"] != FORMAT or not content["hardware"]:
                raise ValueError
        except (OSError, ValueError, AttributeError):
            raise InputError(f"{path} is not the result of a stage; delete it and run the stage again.") from None
        found.setdefault(content["hardware"], {})[content["stage"]] = content
    stored = read_findings(out)["experiments"].get("stages", {})
    merged = stored | {name: stored.get(name, {}) | stages for name, stages in found.items()}
    write_findings(out, (), {"stages": merged})
    return merged


def _job(options: argparse.Namespace) -> Job:
    device = device_of(options.device)
    cuda = device.type == "cuda"
    chosen = preset(options.preset or ("60m" if cuda else "smoke"))
    small = chosen if chosen.steps < PRESETS["smoke"].steps else PRESETS["smoke"]
    return Job(device.type, chosen, options.parameters, small, compiled=not options.no_compile)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(STAGES)} (default: all)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--preset", help="size of the experiments (default: 60m on a GPU, smoke on a CPU)")
    parser.add_argument("--parameters", type=int, default=10_000_000, help="of the optimizers that are timed")
    parser.add_argument("--no-compile", action="store_true", help="time nothing that is compiled")
    parser.add_argument("--seconds", type=float, default=480.0, help="limit for each stage (default: 480)")
    parser.add_argument("--collect", action="store_true", help="run nothing; take the files in --out into the store")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run stages; return 0, 1 where something was not within its tolerance or has failed, or 2 for bad input."""
    options = _parser().parse_args(arguments)
    # Read when cuBLAS starts; without it no product repeats bit by bit.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    code = 0
    try:
        require_positive("seconds", options.seconds)
        for name in options.stages:
            require_choice("stage", name, tuple(STAGES))
        prepare(options.out)
        for name in () if options.collect else options.stages or STAGES:
            start = perf_counter()
            result = run_stage(name, _job(options), options.out, options.seconds)
            failed = [part for part, row in result["rows"].items() if not row.get("within", True)]
            code = 1 if failed else code
            told = f"; not as it should be: {', '.join(failed)}" if failed else ""
            told += "" if result["complete"] else "; not complete, run the same command again"
            print(f"{name}: {perf_counter() - start:.0f} s on {result['hardware']}{told}", flush=True)
        for name, stages in collect(options.out).items():
            print(f"stored: {name}: {', '.join(stages)}")
    except InputError as error:
        print(f"ratecheck: {error}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())

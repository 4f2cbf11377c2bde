"""Two processes (gloo) are one process with twice the batch, replicated and sharded."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")
if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("this build of PyTorch has no gloo, which two processes need.", allow_module_level=True)

WORKER = Path(__file__).with_name("gloo_worker.py")
# Means over halves of a batch round otherwise than the mean over the batch: 1e-16 a step, 20 steps, no amplification.
TOLERANCE = 1e-13


def worker() -> Any:
    spec = importlib.util.spec_from_file_location("gloo_worker", WORKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = (
    *(f"ddp:{name}" for name in ("stosignsgd", "adamw", "scs-adamw", "sgg-adamw")),
    *(f"fsdp:{name}" for name in ("stosignsgd", "adamw")),
)
OWN_NOISE, REFUSED = "ddp-own-noise:stosignsgd", "fsdp:lamb"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the final point of each of two processes, or what was refused, for each case."""
    folder = tmp_path_factory.mktemp("gloo")
    out = folder / "points.pt"
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    cases = ",".join([*CASES, OWN_NOISE, REFUSED])
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", WORKER, str(rank), "2", folder / "store", out, cases],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for rank in range(2)
    ]
    told = [process.communicate(timeout=300)[1] for process in processes]
    assert not any(process.returncode for process in processes), "\n".join(text[-2000:] for text in told)
    return torch.load(out, weights_only=True)


def alone(name: str) -> torch.Tensor:
    module = worker()
    net = module.train(module.model(), name, 0, 1)
    return torch.cat([parameter.detach().reshape(-1) for parameter in net.parameters()])


@pytest.mark.parametrize("case", CASES)
def test_two_processes_are_one_with_twice_the_batch(case: str, found: dict[str, Any]) -> None:
    first, second = found[case]
    assert torch.equal(first, second)
    single = alone(case.split(":")[1])
    assert (first - single).norm() <= TOLERANCE * single.norm()


def test_noise_of_their_own_would_part_the_replicas(found: dict[str, Any]) -> None:
    first, second = found[OWN_NOISE]
    assert (first - second).norm() > 1e-3 * first.norm()


def test_sums_over_shards_are_refused(found: dict[str, Any]) -> None:
    assert "whole tensors" in found[REFUSED]

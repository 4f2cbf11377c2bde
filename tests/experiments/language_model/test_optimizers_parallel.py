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


def together(tmp_path: Path, kind: str, *names: str) -> dict[str, list[torch.Tensor]]:
    """Run two processes and return the final point of each, for each optimizer."""
    out = tmp_path / "points.pt"
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", WORKER, str(rank), "2", tmp_path / "store", out, kind, ",".join(names)],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for rank in range(2)
    ]
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert not any(process.returncode for process in processes), "\n".join(text[-2000:] for text in told)
    return torch.load(out, weights_only=True)


def alone(name: str) -> torch.Tensor:
    module = worker()
    net = module.train(module.model(), name, 0, 1)
    return torch.cat([parameter.detach().reshape(-1) for parameter in net.parameters()])


@pytest.mark.parametrize(
    ("kind", "names"), [("ddp", ("stosignsgd", "adamw", "scs-adamw", "sgg-adamw")), ("fsdp", ("stosignsgd", "adamw"))]
)
def test_two_processes_are_one_with_twice_the_batch(tmp_path: Path, kind: str, names: tuple[str, ...]) -> None:
    for name, (first, second) in together(tmp_path, kind, *names).items():
        assert torch.equal(first, second), name
        single = alone(name)
        assert (first - single).norm() <= TOLERANCE * single.norm(), name


def test_noise_of_their_own_would_part_the_replicas(tmp_path: Path) -> None:
    first, second = together(tmp_path, "ddp-own-noise", "stosignsgd")["stosignsgd"]
    assert (first - second).norm() > 1e-3 * first.norm()


def test_sums_over_shards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="whole tensors"):
        together(tmp_path, "fsdp", "lamb")

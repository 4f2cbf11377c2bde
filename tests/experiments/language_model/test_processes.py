"""Two processes (gloo) are one with the same batch: replicated, sharded, and resumed on another number of them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")
if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("this build of PyTorch has no gloo, which two processes need.", allow_module_level=True)

from ratecheck.experiments.language_model import parallel  # noqa: E402
from ratecheck.experiments.language_model.parallel import Processes  # noqa: E402
from ratecheck.experiments.language_model.setup import Recipe  # noqa: E402
from ratecheck.experiments.language_model.train import resume, train  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402

WORKER = Path(__file__).with_name("train_worker.py")
# In float64 the mean over halves rounds otherwise than the mean over the batch, by 1e-16 relative a step; Adam divides
# a gradient by its own size and a sign is one of three numbers, so that little of it is left. One entry with another
# sign differs by 2 * 2**-8 from a point of norm 9.8, relative 8e-4.
TOLERANCE = 1e-12


def load_worker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_worker", WORKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


worker = load_worker()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which two processes have left what they ended with."""
    folder = tmp_path_factory.mktemp("processes")
    with worker.double():
        half = worker.begin(worker.setup("stosignsgd", shard=True))
        train(half, folder / "alone", checkpoint_every=worker.HALF, until=worker.HALF)
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", WORKER, str(rank), "2", folder / "store", folder],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for rank in range(2)
    ]
    told = [process.communicate(timeout=300)[1] for process in processes]
    assert not any(process.returncode for process in processes), "\n".join(text[-2000:] for text in told)
    return folder


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    with worker.double():
        return {name: worker.trained(name) for name in ("adamw", "stosignsgd")}


def distance(point: Any, other: Any) -> float:
    return float((point - other).norm() / other.norm())


@pytest.mark.parametrize("case", [*worker.CASES, worker.RESUMED])
def test_two_processes_are_one_with_the_same_batch(case: str, folder: Path, alone: dict[str, Any]) -> None:
    first, second = torch.load(folder / "points.pt", weights_only=True)[case]
    assert torch.equal(first, second)
    assert distance(first, alone[worker.CASES.get(case, ("stosignsgd",))[0]]) <= TOLERANCE


def test_one_process_goes_on_where_shards_stopped(folder: Path, alone: dict[str, Any]) -> None:
    with worker.double():
        training = resume(folder / "shards")
        assert training.step == worker.HALF
        train(training)
    assert distance(worker.weights(training), alone["stosignsgd"]) <= TOLERANCE


def test_a_tensor_of_one_process_is_whole(folder: Path) -> None:
    one = torch.ones(2)
    assert parallel.whole(one) is one
    assert parallel.gathered({"a": [one]})["a"][0] is one


BAD = {
    "unequal shares": ({"batch": 8}, 3, "cannot be shared by 3 processes"),
    "unequal parts": ({"batch": 8, "accumulate": 8}, 2, "8 equal parts each; give a multiple of 16"),
    "low precision": ({"batch": 8, "shard": True, "low": {"state": "e4m3"}}, 2, "leave --shard out"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_processes_cannot_share_is_told_in_one_sentence(name: str) -> None:
    changes, count, words = BAD[name]
    recipe = Recipe(**{"optimizer": "adamw", "step_size": 1e-3, "steps": 1, **changes})
    with pytest.raises(InputError, match=words):
        Processes(0, 0, count).require_shares(recipe)

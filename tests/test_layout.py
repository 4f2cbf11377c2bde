"""The directions of the house, the wheel's contents, and what the project must not say."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("theory", "testbeds", "experiments", "figures")
ALLOWED = {
    "theory": {"theory"},
    "testbeds": {"theory", "testbeds"},
    "experiments": {"theory", "testbeds", "experiments"},
    "figures": {"figures", "theory"},
}
# The command line is the one place that calls every room.
CALLS_EVERY_ROOM = ROOT / "experiments" / "cli"
# Language models are the one place that is made of torch, and nothing outside it may import it at module level.
MADE_OF_TORCH = ROOT / "experiments" / "language_model"
# Optimizers and models are subclasses of torch's; nothing outside imports these modules at module level.
USES_TORCH = ROOT / "experiments" / "language_model"
HEAVY = {"scipy", "cvxpy", "sklearn", "matplotlib", "pandas", "torch", "joblib", "tqdm", "PEPit"}


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path, *, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} uses a relative import"
            found.add(node.module)
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_in_one_direction(room: str) -> None:
    for path in sources(room):
        if CALLS_EVERY_ROOM in path.parents:
            continue
        used = {name.split(".")[1] for name in imports(path) if name.startswith("ratecheck.")}
        assert used <= ALLOWED[room], f"{path.relative_to(ROOT)} imports {used - ALLOWED[room]}"


@pytest.mark.parametrize("folder", [*ROOMS, "ratecheck", "tests"])
def test_no_room_is_imported_without_the_prefix(folder: str) -> None:
    for path in sources(folder):
        bare = {name.split(".")[0] for name in imports(path)} & {*ROOMS, "paper", "tests"}
        assert not bare, f"{path.relative_to(ROOT)} imports {bare} without the prefix"


@pytest.mark.parametrize("room", ["theory", "testbeds", "experiments"])
def test_heavy_packages_are_imported_where_they_are_used(room: str) -> None:
    for path in sources(room):
        names = imports(path, top_level_only=True)
        heavy = {name.split(".")[0] for name in names} & HEAVY
        if MADE_OF_TORCH in path.parents:
            heavy -= {"torch"}
        else:
            heavy |= {name for name in names if name.startswith("ratecheck.experiments.language_model")}
        if USES_TORCH in path.parents:
            heavy -= {"torch"}
        else:
            inside = {name for name in imports(path, top_level_only=True) if ".language_model." in name}
            assert not inside, f"{path.relative_to(ROOT)} imports {inside} at module level"
        assert not heavy, f"{path.relative_to(ROOT)} imports {heavy} at module level"


def test_the_wheel_holds_every_tracked_module_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")}
    tracked = subprocess.run(
        ["git", "ls-files", *ROOMS, "ratecheck"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    expected = {
        name if name.startswith("ratecheck/") else f"ratecheck/{name}" for name in tracked if name.endswith(".py")
    }
    assert packed == expected


def test_files_stay_small() -> None:
    for room in ROOMS:
        for path in sources(room):
            lines = len(path.read_text().splitlines())
            assert lines <= 300, f"{path.relative_to(ROOT)} has {lines} lines; split it by subject"


def test_help_and_list_answer_within_a_second() -> None:
    import resource

    def seconds() -> float:
        # CPU time of finished children: the wall clock would also measure what else the machine is doing.
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    for words in (["--help"], ["list"]):
        spent = []
        for _ in range(3):
            before = seconds()
            subprocess.run([sys.executable, "-m", "ratecheck", *words], check=True, capture_output=True)
            spent.append(seconds() - before)
        assert min(spent) < 1.0, f"ratecheck {words[0]} took {min(spent):.2f} s"

"""How many faults the tests plant, counted in their sources."""

from __future__ import annotations

import ast
from pathlib import Path

_LISTS = ("FAULTS", "PARTS", "REPLACED", "SIGNS", "TIGHTENED", "SHORTENED")


def planted_faults(tests: Path) -> dict[str, int]:
    """Return the number of planted faults of each file of faults, by its subject.

    Every entry of a literal list counts once; an entry that expands to several when the tests run counts as one, so
    that the numbers are lower limits.

    Parameters
    ----------
    tests : Path
        Folder with the files ``test_faults_<subject>.py``.
    """
    counts = {}
    for path in sorted(tests.glob("test_faults_*.py")):
        counts[path.stem.removeprefix("test_faults_")] = sum(
            _entries(node) for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    return counts


def _entries(node: ast.stmt) -> int:
    target = (
        node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    )
    if not (isinstance(target, ast.Name) and target.id in _LISTS) or not isinstance(node, ast.Assign | ast.AnnAssign):
        return 0
    if isinstance(node.value, ast.List | ast.Tuple):
        return len(node.value.elts)
    return len(node.value.keys) if isinstance(node.value, ast.Dict) else 0

"""The README's example of the torch optimizers runs, and learns."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

ROOT = Path(__file__).parents[3]


def test_the_torch_example_of_the_readme_runs() -> None:
    found = re.search(r"<!-- torch example -->\s*```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    example = found.group(1)
    assert len(example.splitlines()) <= 16
    done = subprocess.run(
        [sys.executable, "-c", "import torch; torch.manual_seed(0)\n" + example], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    # The targets have variance 3.5, which is what a constant loses.
    assert float(done.stdout.split()[0]) < 1.0

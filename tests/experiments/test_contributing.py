"""The example in CONTRIBUTING.md is the code of the ledger, short enough, and verified."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ratecheck.experiments.ledger import claims, smooth

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
(BLOCK,) = re.findall(r"<!-- add a bound -->\n```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_adding_a_bound_takes_at_most_25_lines_of_one_file() -> None:
    assert len(BLOCK.splitlines()) <= 25
    assert BLOCK in (ROOT / "experiments" / "ledger" / "smooth.py").read_text()


def test_the_block_runs_where_it_is_to_be_put_and_its_claim_holds(check: Any) -> None:
    file = dict(vars(smooth))
    file["CLAIMS"] = ()
    exec(BLOCK, file)
    (claim,) = file["CLAIMS"]
    judged = check(claim)
    assert judged.verdict == "holds"
    assert judged.as_expected
    assert 0.25 < judged.tightness < 0.5


def test_the_claim_of_the_page_is_in_the_ledger() -> None:
    assert re.search(r"ratecheck verify (\S+)", PAGE)[1] in claims()  # type: ignore[index]

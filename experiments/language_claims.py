"""Which claims about language models a command is about; reading them needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.claims import LanguageClaim


def select_language(targets: Sequence[str], tags: Sequence[str]) -> list[LanguageClaim]:
    """Return the claims that are named by id, or, where there are no targets, by a tag that only they have.

    Parameters
    ----------
    targets : sequence of str
        Those that are no id of such a claim are left to `ratecheck.experiments.selection.select`.
    tags : sequence of str
        Keep only claims with all of these tags.
    """
    from ratecheck.experiments.language_model.claims import CLAIMS

    if targets:
        found = [CLAIMS[target] for target in dict.fromkeys(targets) if target in CLAIMS]
        return [claim for claim in found if set(tags) <= set(claim.all_tags)]
    return all_language_claims(tags) if tags and not in_ledger(tags) else []


def in_ledger(tags: Sequence[str]) -> bool:
    """Return whether a claim that plain `ratecheck verify` runs has all of these tags."""
    from ratecheck.experiments.ledger import claims

    return any(set(tags) <= set(claim.tags) for claim in claims().values())


def all_language_claims(tags: Sequence[str]) -> list[LanguageClaim]:
    """Return the claims with all of these tags."""
    from ratecheck.experiments.language_model.claims import CLAIMS

    return [claim for claim in CLAIMS.values() if set(tags) <= set(claim.all_tags)]

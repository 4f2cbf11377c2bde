"""Which claims about language models a command is about; reading them needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.claims import LanguageClaim


def select_language(targets: Sequence[str], tags: Sequence[str]) -> list[LanguageClaim]:
    """Return the claims that are named by id, or by the tag ``language-model`` where there are no targets.

    Parameters
    ----------
    targets : sequence of str
        Those that are no id of such a claim are left to `ratecheck.experiments.selection.select`.
    tags : sequence of str
        Keep only claims with all of these tags.
    """
    from ratecheck.experiments.language_model.claims import CLAIMS, TAG

    if targets:
        found = [CLAIMS[target] for target in dict.fromkeys(targets) if target in CLAIMS]
    else:
        found = list(CLAIMS.values()) if TAG in tags else []
    return [claim for claim in found if set(tags) <= set(claim.all_tags)]


def all_language_claims(tags: Sequence[str]) -> list[LanguageClaim]:
    """Return the claims with all of these tags."""
    from ratecheck.experiments.language_model.claims import CLAIMS

    return [claim for claim in CLAIMS.values() if set(tags) <= set(claim.all_tags)]

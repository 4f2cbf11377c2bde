"""What papers claim about training language models, as data: no torch is needed to read it.

Each file holds the claims that one experiment decides, and is merged here; the experiment measures the values, and
`LanguageClaim.finding` puts both together. They are in ``ratecheck list``, and ``ratecheck verify`` runs the experiment
of those that it is asked for by id or by the tag ``language-model``, which takes minutes and needs torch.
"""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.adaptive_batches import CLAIMS as ADAPTIVE_BATCHES
from ratecheck.experiments.language_model.claims.claim import TAG, LanguageClaim
from ratecheck.experiments.language_model.claims.conversion import CLAIMS as CONVERSION
from ratecheck.experiments.language_model.claims.fine_tuning import CLAIMS as FINE_TUNING
from ratecheck.experiments.language_model.claims.fp8 import CLAIMS as FP8
from ratecheck.experiments.language_model.claims.grouping import CLAIMS as GROUPING
from ratecheck.experiments.language_model.claims.minimax import CLAIMS as MINIMAX
from ratecheck.experiments.language_model.claims.optimizers import CLAIMS as OPTIMIZERS

_GROUPS = (OPTIMIZERS, FP8, CONVERSION, GROUPING, ADAPTIVE_BATCHES, MINIMAX, FINE_TUNING)
CLAIMS: dict[str, LanguageClaim] = {claim.id: claim for group in _GROUPS for claim in group}

__all__ = ["CLAIMS", "TAG", "LanguageClaim"]

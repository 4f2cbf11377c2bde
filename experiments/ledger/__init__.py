"""The claim ledger: every claim of the package, one file per family."""

from __future__ import annotations

from functools import cache

from ratecheck.experiments.claim import Claim


@cache
def claims() -> dict[str, Claim]:
    """Return every claim by its id, in the order of the ledger."""
    from ratecheck.experiments.ledger import (
        accelerated,
        adaptive,
        conjugate,
        conjugate_certificates,
        conjugate_laws,
        conversion,
        decaying_steps,
        exact_laws,
        grouping,
        grouping_contrast,
        heavy_ball,
        high_probability,
        misquoted,
        nonconvex,
        nonsmooth,
        nonsmooth_lower,
        online,
        quasi_newton,
        quasi_newton_local,
        real_data,
        saddle,
        saddle_linear,
        sampling,
        sign,
        signsgd,
        smooth,
        stochastic,
        stochastic_misquoted,
        stosign_gaps,
        stosignsgd,
    )

    families = (
        nonsmooth,
        decaying_steps,
        nonsmooth_lower,
        smooth,
        accelerated,
        heavy_ball,
        stochastic,
        high_probability,
        exact_laws,
        online,
        adaptive,
        sign,
        real_data,
        misquoted,
        stochastic_misquoted,
        stosignsgd,
        stosign_gaps,
        signsgd,
        nonconvex,
        conversion,
        conjugate,
        conjugate_certificates,
        conjugate_laws,
        sampling,
        saddle,
        saddle_linear,
        quasi_newton,
        quasi_newton_local,
        grouping,
        grouping_contrast,
    )
    ledger: dict[str, Claim] = {}
    for family in families:
        for claim in family.CLAIMS:
            if claim.id in ledger:
                raise ValueError(f"claim id {claim.id} is used twice in the ledger")
            ledger[claim.id] = claim
    return ledger

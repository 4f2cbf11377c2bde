"""Claims about certificates of conjugate subgradients, and the freeze without reset."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.conjugate_parts import (
    INSTANCES,
    REFUTED,
    STEPS,
    always,
    ancestor,
    max_affine,
    one_point,
    wolfe,
    wolfe_without_reset,
)
from ratecheck.testbeds.kernel_svm import two_rings
from ratecheck.testbeds.newsvendor import Newsvendor
from ratecheck.testbeds.sampling_hinge import LabelFlipHinge
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_oracle import Exact
from ratecheck.testbeds.sampling_real import real_svm
from ratecheck.testbeds.sampling_worst_case import AbsoluteValue, RegularizedMax
from ratecheck.testbeds.two_stage import substitution
from ratecheck.theory.bounds import conjugate as rows
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.methods.conjugate_search import LineSearchConjugate


def _certificate(id: str, title: str, bound: Any, problem: Any, method: Any, horizon: int, **more: Any) -> Claim:
    defaults: dict[str, Any] = {"tags": (*STEPS, "certificate")}
    return Claim(
        id=id, title=title, bound=bound, problem=problem, method=method, horizons=(horizon,), **{**defaults, **more}
    )


CERTIFICATES = (
    _certificate(
        "csg-09-max-affine",
        "certificate on 200 max-affine functions",
        rows.CERTIFICATE,
        max_affine,
        one_point,
        1000,
        runs=INSTANCES,
        quick=True,
    ),
    _certificate(
        "csg-09-without-reset",
        "the certificate holds without reset too: it knows that it is not local",
        rows.CERTIFICATE,
        max_affine,
        ancestor,
        1000,
        runs=INSTANCES,
    ),
    _certificate(
        "csg-09-bundle", "certificate of the bundle", rows.CERTIFICATE, max_affine, wolfe, 400, runs=INSTANCES
    ),
    _certificate(
        "csg-09-absolute-deviations",
        "certificate on least absolute deviations",
        rows.CERTIFICATE,
        lambda horizon: Exact(LeastAbsoluteDeviations()),
        always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        1000,
    ),
    _certificate(
        "csg-09-two-stage",
        "certificate on a two-stage linear program",
        rows.CERTIFICATE,
        lambda horizon: Exact(substitution()),
        always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-09-newsvendor",
        "certificate on an ill-conditioned newsvendor problem",
        rows.CERTIFICATE,
        lambda horizon: Exact(Newsvendor(condition=10.0)),
        always(lambda: OnePointConjugate(radius=0.05, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-10-svm-wine",
        "distance-free certificate on a support vector machine on real data",
        rows.STRONG_CERTIFICATE,
        lambda horizon: Exact(real_svm("wine")),
        always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-10-kernel-svm",
        "distance-free certificate on a kernel machine",
        rows.STRONG_CERTIFICATE,
        lambda horizon: Exact(two_rings()),
        always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-10-label-flip",
        "distance-free certificate on the label-flip hinge",
        rows.STRONG_CERTIFICATE,
        lambda horizon: Exact(LabelFlipHinge(dim=9)),
        always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        1000,
    ),
    _certificate(
        "csg-10-regularised-maximum",
        "distance-free certificate on the regularised maximum",
        rows.STRONG_CERTIFICATE,
        lambda horizon: RegularizedMax(20, 0.5),
        always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-11-max-affine",
        "with reset the linearisation error is local",
        rows.LOCALITY,
        max_affine,
        one_point,
        1000,
        runs=INSTANCES,
    ),
    _certificate(
        "csg-11-without-reset",
        "without reset the linearisation error is local",
        rows.LOCALITY,
        max_affine,
        ancestor,
        1000,
        runs=INSTANCES,
        tags=REFUTED,
        expected="refuted",
    ),
    _certificate(
        "csg-12-max-affine",
        "with reset a short direction means a small gap: none of 200 runs freezes",
        rows.STOP,
        max_affine,
        one_point,
        2000,
        runs=INSTANCES,
        quick=True,
    ),
    _certificate(
        "csg-12-wolfe",
        "Wolfe's reset by the way moved: none of 200 runs freezes",
        rows.STOP,
        max_affine,
        wolfe,
        2000,
        runs=INSTANCES,
    ),
    _certificate(
        "csg-13-small-norm-is-optimal",
        "without reset a small norm means optimal",
        rows.STOP_WITHOUT_RESET,
        max_affine,
        ancestor,
        10000,
        runs=INSTANCES,
        tags=REFUTED,
        expected="refuted",
    ),
    _certificate(
        "csg-14-freeze",
        "without reset 200 of 200 runs freeze above the promised gap",
        rows.FREEZE,
        max_affine,
        ancestor,
        10000,
        runs=INSTANCES,
        tags=(*STEPS, "freeze"),
    ),
    _certificate(
        "csg-14-freeze-bundle",
        "Wolfe's bundle without its reset: 200 of 200 runs freeze",
        rows.FREEZE,
        max_affine,
        wolfe_without_reset,
        1000,
        runs=INSTANCES,
        tags=(*STEPS, "freeze"),
    ),
    _certificate(
        "csg-13-absolute-value",
        "without reset a small norm means optimal, on |x| after one step",
        rows.STOP_WITHOUT_RESET,
        lambda horizon: AbsoluteValue(),
        always(lambda: LineSearchConjugate(tolerance=1e-6, reset=None, radius=1.5)),
        20,
        tags=REFUTED,
        expected="refuted",
        quick=True,
    ),
)

CLAIMS = CERTIFICATES

"""Claims about conjugate subgradients: laws of an update, null and serious steps, certificates, and the freeze."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.kernel_svm import two_rings
from ratecheck.testbeds.max_affine_prescribed import MaxAffine
from ratecheck.testbeds.newsvendor import Newsvendor
from ratecheck.testbeds.sampling_hinge import LabelFlipHinge
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_noise import GaussianSlope, RareCoordinate
from ratecheck.testbeds.sampling_oracle import Exact
from ratecheck.testbeds.sampling_real import real_svm
from ratecheck.testbeds.sampling_worst_case import AbsoluteValue, RegularizedMax
from ratecheck.testbeds.two_stage import substitution
from ratecheck.theory.bounds import conjugate as rows
from ratecheck.theory.bounds import conjugate_laws as laws
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.conjugate import Aggregation
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.methods.conjugate_search import LineSearchConjugate
from ratecheck.theory.methods.conjugate_trust_region import TrustRegionConjugate
from ratecheck.theory.methods.scs_adamw import PreconditionedSCSAdamW, SCSAdamW

LAWS = ("scs", "conjugate", "invariant")
STEPS = ("scs", "conjugate")
REFUTED = ("scs", "conjugate", "refuted-on-purpose")
INSTANCES = 200  # of every batch of random max-affine functions


def _always(make: Callable[[], Any]) -> Callable[[Facts, int], Any]:
    """Return the method that depends on no constant of the problem."""

    def method(facts: Facts, horizon: int) -> Any:
        return make()

    return method


def noisy_slope(horizon: int) -> GaussianSlope:
    """Return a slope of length 1 in 20 dimensions with unit noise."""
    return GaussianSlope(20, 1.0, 1.0)


def noise_on_a_line(horizon: int) -> GaussianSlope:
    """Return a slope on a line: two subgradients of different sign make the direction zero exactly."""
    return GaussianSlope(1, 0.5, 1.0)


def orthogonal(horizon: int) -> RegularizedMax:
    """Return max x_i in as many dimensions as evaluations."""
    return RegularizedMax(horizon + 1)


def max_affine(horizon: int) -> MaxAffine:
    """Return 200 maxima of 40 affine functions in 20 dimensions, 20 of them active at the minimiser."""
    return MaxAffine(INSTANCES, 20, 40, 20)


def rare(horizon: int) -> RareCoordinate:
    """Return a coordinate that is hit once, and then others."""
    return RareCoordinate(horizon + 1)


def hinge(horizon: int) -> LabelFlipHinge:
    """Return the label-flip hinge problem in 9 dimensions, 8 samples a step."""
    return LabelFlipHinge(dim=9, batch=8)


def one_point(facts: Facts, horizon: int) -> OnePointConjugate:
    """Return the reference method with reset."""
    return OnePointConjugate(radius=0.02, tolerance=0.05, slope=0.3)


def null_steps_only(facts: Facts, horizon: int) -> OnePointConjugate:
    """Return the method whose radius is so small that it meets one coordinate after the other."""
    return OnePointConjugate(radius=1e-6, tolerance=1e-9, slope=1e-15)


def ancestor(facts: Facts, horizon: int) -> LineSearchConjugate:
    """Return Wolfe's line search on two points without reset."""
    return LineSearchConjugate(tolerance=0.01, reset=None, growth=1.0)


def wolfe(facts: Facts, horizon: int) -> LineSearchConjugate:
    """Return Wolfe's method: a bundle, and resets by the way moved."""
    return LineSearchConjugate(tolerance=0.01, reset=0.01, growth=1.0, radius=0.1, null_share=0.05, bundle=21)


def wolfe_without_reset(facts: Facts, horizon: int) -> LineSearchConjugate:
    """Return the same method, only the reset taken away."""
    return LineSearchConjugate(tolerance=0.01, reset=None, growth=1.0, radius=0.1, null_share=0.05, bundle=21)


def to_target(facts: Facts, horizon: int) -> OnePointConjugate:
    """Return the method for the target gap 2 R epsilon, R being twice the distance at the start."""
    return OnePointConjugate(
        radius=0.05 * float((facts["radius"] / facts["lipschitz"]).min()), tolerance=0.05, slope=0.3
    )


def _law(id: str, title: str, bound: Any, problem: Any, method: Any, horizon: int, **more: Any) -> Claim:
    defaults: dict[str, Any] = {"tags": LAWS, "runs": 8}
    return Claim(
        id=id,
        title=title,
        bound=bound,
        problem=problem,
        method=_always(method),
        horizons=(horizon,),
        **{**defaults, **more},
    )


def _swapped() -> Aggregation:
    return Aggregation(swapped=True)


def _printed() -> SCSAdamW:
    return SCSAdamW(0.01, swapped=True, corrected=True)


def _corrected() -> SCSAdamW:
    return SCSAdamW(0.01, corrected=True)


def _euclidean() -> SCSAdamW:
    return SCSAdamW(0.1)


def _preconditioned() -> PreconditionedSCSAdamW:
    return PreconditionedSCSAdamW(0.1)


def _capped() -> PreconditionedSCSAdamW:
    return PreconditionedSCSAdamW(0.01, beta2=0.9, weight_cap=0.9, reset_every=None, clip=False)


def _uncapped() -> SCSAdamW:
    return SCSAdamW(0.01, beta2=0.9)


def _two_sided() -> LineSearchConjugate:
    return LineSearchConjugate(tolerance=1e-6, reset=None, two_sided=True)


def _one_sided() -> LineSearchConjugate:
    return LineSearchConjugate(tolerance=1e-6, reset=0.01)


def _trust_region(acceptance: Any) -> TrustRegionConjugate:
    return TrustRegionConjugate(batch=10, radius=0.5, acceptance=acceptance)


def _validated() -> TrustRegionConjugate:
    return _trust_region("validated")


def _printed_test() -> TrustRegionConjugate:
    return _trust_region("printed")


def rings_samples(horizon: int) -> Any:
    """Return the kernel problem on two rings, asked by samples."""
    return two_rings(batch=4)


UPDATES = (
    _law(
        "csg-i1-norm",
        "noise or not, the direction never grows",
        laws.NORM_FALLS,
        noisy_slope,
        Aggregation,
        1000,
        quick=True,
    ),
    _law("csg-i2-inner-products", "both inner products", laws.INNER_PRODUCTS, noisy_slope, Aggregation, 1000),
    _law("csg-i3-ends", "the weight is 0 or 1 exactly where it should be", laws.ENDS, noisy_slope, Aggregation, 1000),
    _law("csg-i4-interior", "the squared norm by its formula", laws.INTERIOR, noisy_slope, Aggregation, 1000),
    _law("csg-i5-reciprocals", "reciprocals add up", laws.RECIPROCALS, noisy_slope, Aggregation, 1000),
    _law("csg-i6-zero", "zero is absorbing", laws.ABSORBING, noise_on_a_line, Aggregation, 200),
    Claim(
        id="csg-i7-running-mean",
        title="orthogonal subgradients: squared norm 1/k at every step",
        bound=laws.RUNNING_MEAN_NORM,
        problem=orthogonal,
        method=null_steps_only,
        horizons=(200,),
        tags=LAWS,
        attained=1.0,
        attained_tolerance=1e-12,
        quick=True,
    ),
    Claim(
        id="csg-i7-running-mean-entry",
        title="orthogonal subgradients: the direction is their running mean",
        bound=laws.RUNNING_MEAN_ENTRY,
        problem=orthogonal,
        method=null_steps_only,
        horizons=(200,),
        tags=LAWS,
        attained=1.0,
        attained_tolerance=1e-12,
    ),
    _law(
        "csg-swapped-weights",
        "with the printed pairing the direction is the minimum-norm point",
        laws.NORM_FALLS,
        noisy_slope,
        _swapped,
        1000,
        tags=REFUTED,
        expected="refuted",
        quick=True,
    ),
    _law(
        "csg-noise-collapse",
        "the direction measures the gradient at a fixed point under noise",
        laws.NORM_MEASURES_SLOPE,
        noisy_slope,
        Aggregation,
        1000,
        tags=REFUTED,
        expected="refuted",
    ),
)

NULL_STEPS = (
    Claim(
        id="csg-01-max-affine",
        title="sharp null-step bound on 200 max-affine functions",
        bound=rows.NULL_SHARP,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
        quick=True,
    ),
    Claim(
        id="csg-01-tight",
        title="sharp null-step bound attained on max x_i",
        bound=rows.NULL_SHARP,
        problem=orthogonal,
        method=null_steps_only,
        horizons=(200,),
        tags=STEPS,
        attained=1.0,
        attained_tolerance=1e-12,
    ),
    Claim(
        id="csg-02-max-affine",
        title="Wolfe's null-step bound on 200 max-affine functions",
        bound=rows.NULL_WOLFE,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-03-max-affine",
        title="a failed test bounds the slope along the direction",
        bound=rows.NULL_TEST,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-03-line-search",
        title="outside L the slope along the direction is at most m_L",
        bound=rows.NULL_TEST,
        problem=max_affine,
        method=wolfe,
        horizons=(400,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-04-max-affine",
        title="null steps in a row on 200 max-affine functions",
        bound=rows.NULLS,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-04-tight",
        title="the number of null steps is attained on max x_i: 99 for a tolerance of 1/10",
        bound=rows.NULLS,
        problem=orthogonal,
        method=_always(lambda: OnePointConjugate(radius=1e-6, tolerance=0.1, slope=1e-15)),
        horizons=(150,),
        tags=STEPS,
        attained=1.0,
        attained_tolerance=1e-12,
    ),
    Claim(
        id="csg-05-max-affine",
        title="null steps in a row with Wolfe's constant",
        bound=rows.NULLS_WOLFE,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-06-max-affine",
        title="serious steps on 200 max-affine functions",
        bound=rows.SERIOUS,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-06-absolute-value",
        title="serious steps on |x|, nearly all that the bound allows",
        bound=rows.SERIOUS,
        problem=lambda horizon: AbsoluteValue(),
        method=_always(lambda: OnePointConjugate(radius=0.01, tolerance=0.99, slope=0.99)),
        horizons=(300,),
        tags=STEPS,
        attained=0.970299,
        attained_tolerance=0.01,
    ),
    Claim(
        id="csg-07-max-affine",
        title="evaluations until the stop on 200 max-affine functions",
        bound=rows.ALL_EVALUATIONS,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-08-max-affine",
        title="serious steps to a target gap, logarithmic bound",
        bound=rows.SERIOUS_TO_TARGET,
        problem=max_affine,
        method=to_target,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
)


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
        _always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        1000,
    ),
    _certificate(
        "csg-09-two-stage",
        "certificate on a two-stage linear program",
        rows.CERTIFICATE,
        lambda horizon: Exact(substitution()),
        _always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-09-newsvendor",
        "certificate on an ill-conditioned newsvendor problem",
        rows.CERTIFICATE,
        lambda horizon: Exact(Newsvendor(condition=10.0)),
        _always(lambda: OnePointConjugate(radius=0.05, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-10-svm-wine",
        "distance-free certificate on a support vector machine on real data",
        rows.STRONG_CERTIFICATE,
        lambda horizon: Exact(real_svm("wine")),
        _always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-10-kernel-svm",
        "distance-free certificate on a kernel machine",
        rows.STRONG_CERTIFICATE,
        lambda horizon: Exact(two_rings()),
        _always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        2000,
    ),
    _certificate(
        "csg-10-label-flip",
        "distance-free certificate on the label-flip hinge",
        rows.STRONG_CERTIFICATE,
        lambda horizon: Exact(LabelFlipHinge(dim=9)),
        _always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
        1000,
    ),
    _certificate(
        "csg-10-regularised-maximum",
        "distance-free certificate on the regularised maximum",
        rows.STRONG_CERTIFICATE,
        lambda horizon: RegularizedMax(20, 0.5),
        _always(lambda: OnePointConjugate(radius=0.02, tolerance=1e-3)),
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
        _always(lambda: LineSearchConjugate(tolerance=1e-6, reset=None, radius=1.5)),
        20,
        tags=REFUTED,
        expected="refuted",
        quick=True,
    ),
)

SEARCHES = (
    Claim(
        id="csg-15-max-affine",
        title="line searches end on 200 max-affine functions",
        bound=rows.SEARCH_ENDS,
        problem=max_affine,
        method=wolfe,
        horizons=(400,),
        runs=INSTANCES,
        tags=(*STEPS, "line-search"),
    ),
    Claim(
        id="csg-15-absolute-value",
        title="the one-sided line search ends on |x|",
        bound=rows.SEARCH_ENDS,
        problem=lambda horizon: AbsoluteValue(),
        method=_always(_one_sided),
        horizons=(400,),
        tags=(*STEPS, "line-search"),
    ),
    Claim(
        id="csg-16-two-sided",
        title="the two-sided line search ends on |x|",
        bound=rows.SEARCH_ENDS_TWO_SIDED,
        problem=lambda horizon: AbsoluteValue(),
        method=_always(_two_sided),
        horizons=(400,),
        tags=REFUTED,
        expected="refuted",
    ),
    Claim(
        id="csg-17-validated",
        title="the validated test accepts no step that raises the validation value",
        bound=rows.VALIDATED,
        problem=rings_samples,
        method=_always(_validated),
        horizons=(30,),
        runs=8,
        tags=(*STEPS, "sampling"),
    ),
    Claim(
        id="csg-17-printed",
        title="the printed test accepts no step that raises the validation value",
        bound=rows.VALIDATED,
        problem=rings_samples,
        method=_always(_printed_test),
        horizons=(30,),
        runs=8,
        tags=REFUTED,
        expected="refuted",
    ),
)

ADAMW = (
    _law(
        "csg-v2-descent",
        "V2 descends on its own sample at every step",
        laws.PRECONDITIONED_DESCENT,
        hinge,
        _preconditioned,
        400,
        tags=(*STEPS, "adamw"),
        quick=True,
    ),
    _law(
        "csg-v1-descent",
        "V1 never steps up the loss of its own sample",
        laws.EUCLIDEAN_DESCENT,
        hinge,
        _euclidean,
        400,
        runs=64,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
    ),
    _law(
        "csg-f2-correction-v0",
        "the printed bias correction is defined, literal reading",
        laws.CORRECTION_DEFINED,
        hinge,
        _printed,
        200,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
        quick=True,
    ),
    _law(
        "csg-f2-correction-v1",
        "the printed bias correction is defined, author pairing",
        laws.CORRECTION_DEFINED,
        hinge,
        _corrected,
        200,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
    ),
    _law(
        "csg-f2-every-run",
        "the printed bias correction divides by zero in 64 of 64 runs",
        laws.CORRECTION_BREAKS,
        hinge,
        _printed,
        200,
        runs=64,
        tags=(*STEPS, "adamw"),
    ),
    _law(
        "csg-f6-capped",
        "a cap of the weight bounds the step on a rare coordinate",
        laws.CAPPED_COORDINATES,
        rare,
        _capped,
        200,
        runs=1,
        tags=(*STEPS, "adamw"),
    ),
    _law(
        "csg-f6-rare-coordinate",
        "Adam's bound of a coordinate holds for an aggregated direction",
        laws.ADAM_COORDINATES,
        rare,
        _uncapped,
        200,
        runs=1,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
    ),
)

CLAIMS = (*UPDATES, *NULL_STEPS, *CERTIFICATES, *SEARCHES, *ADAMW)

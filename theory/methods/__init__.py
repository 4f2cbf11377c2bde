"""Update rules, one file per family. `METHODS` holds an example of each, and the conformance suite runs over it.

Each example runs in dimension 3.
"""

from ratecheck.theory.methods import (
    accelerated,
    adam,
    adam_variants,
    adaptive,
    averaging,
    clipping,
    conjugate,
    conjugate_one_point,
    conjugate_search,
    conjugate_trust_region,
    frank_wolfe,
    gradient,
    line_search,
    momentum,
    nesterov,
    normalized,
    quasi_newton,
    saddle,
    scs_adamw,
    sign,
    stosign,
    variance_reduced,
)

METHODS = {
    **saddle.EXAMPLES,
    **quasi_newton.EXAMPLES,
    **gradient.EXAMPLES,
    **line_search.EXAMPLES,
    **frank_wolfe.EXAMPLES,
    **stosign.EXAMPLES,
    **averaging.EXAMPLES,
    **momentum.EXAMPLES,
    **nesterov.EXAMPLES,
    **adaptive.EXAMPLES,
    **adam.EXAMPLES,
    **adam_variants.EXAMPLES,
    **sign.EXAMPLES,
    **normalized.EXAMPLES,
    **accelerated.EXAMPLES,
    **variance_reduced.EXAMPLES,
    **clipping.EXAMPLES,
    **conjugate.EXAMPLES,
    **conjugate_one_point.EXAMPLES,
    **conjugate_search.EXAMPLES,
    **conjugate_trust_region.EXAMPLES,
    **scs_adamw.EXAMPLES,
}

"""Update rules, one file per family. `METHODS` holds an example of each, and the conformance suite runs over it.

Each example runs in dimension 3.
"""

from ratecheck.theory.methods import (
    accelerated,
    adam,
    adaptive,
    averaging,
    clipping,
    gradient,
    line_search,
    momentum,
    nesterov,
    normalized,
    sign,
    stosign,
    variance_reduced,
)

METHODS = {
    **gradient.EXAMPLES,
    **line_search.EXAMPLES,
    **stosign.EXAMPLES,
    **averaging.EXAMPLES,
    **momentum.EXAMPLES,
    **nesterov.EXAMPLES,
    **adaptive.EXAMPLES,
    **adam.EXAMPLES,
    **sign.EXAMPLES,
    **normalized.EXAMPLES,
    **accelerated.EXAMPLES,
    **variance_reduced.EXAMPLES,
    **clipping.EXAMPLES,
}

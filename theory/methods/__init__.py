"""Update rules, one file per family. `METHODS` holds an example of each, and the conformance suite runs over it."""

from ratecheck.theory.methods import adam, adaptive, averaging, gradient, momentum, nesterov, sign, stosign

METHODS = {
    **gradient.EXAMPLES,
    **stosign.EXAMPLES,
    **averaging.EXAMPLES,
    **momentum.EXAMPLES,
    **nesterov.EXAMPLES,
    **adaptive.EXAMPLES,
    **adam.EXAMPLES,
    **sign.EXAMPLES,
}

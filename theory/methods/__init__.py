"""Update rules, one file per family. `METHODS` holds an example of each, and the conformance suite runs over it."""

from ratecheck.theory.methods import gradient

METHODS = {
    **gradient.EXAMPLES,
}

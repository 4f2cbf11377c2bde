"""What is claimed about: problems with exactly known constants and optimum, instances, data.

`PROBLEMS` holds an example of each family, and the conformance suite runs over it.
"""

from ratecheck.testbeds import worst_case

PROBLEMS = {
    **worst_case.EXAMPLES,
}

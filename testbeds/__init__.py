"""What is claimed about: problems with exactly known constants and optimum, instances, data.

`PROBLEMS` holds an example of each family, and the conformance suite runs over it.
"""

from ratecheck.testbeds import (
    auc,
    coordinate_smooth,
    fixed_slope,
    games,
    online,
    online_targets,
    random_instances,
    relative_error,
    saddle_debiasing,
    saddle_instances,
    saddle_logistic,
    sign_counterexamples,
    sign_online,
    worst_case,
    worst_case_chain,
    worst_case_max,
    worst_case_univariate,
)

PROBLEMS = {
    **saddle_instances.EXAMPLES,
    **games.EXAMPLES,
    **auc.EXAMPLES,
    **saddle_logistic.EXAMPLES,
    **saddle_debiasing.EXAMPLES,
    **saddle_instances.EXAMPLES,
    **games.EXAMPLES,
    **auc.EXAMPLES,
    **saddle_logistic.EXAMPLES,
    **saddle_debiasing.EXAMPLES,
    **sign_online.EXAMPLES,
    **sign_counterexamples.EXAMPLES,
    **fixed_slope.EXAMPLES,
    **coordinate_smooth.EXAMPLES,
    **worst_case.EXAMPLES,
    **worst_case_max.EXAMPLES,
    **worst_case_univariate.EXAMPLES,
    **worst_case_chain.EXAMPLES,
    **relative_error.EXAMPLES,
    **random_instances.EXAMPLES,
    **online.EXAMPLES,
    **online_targets.EXAMPLES,
}

"""Sample-size rules: from accuracy and confidence to a number of samples, and back.

`RULES` holds an example of each, and the conformance tests run over it.
"""

from ratecheck.theory.sampling.conjugate import FreshSampleSize, norm_test, round_limit
from ratecheck.theory.sampling.means import (
    EmpiricalBernstein,
    GaussianMean,
    Hoeffding,
    ProjectedStochasticSubgradient,
    VectorMean,
)
from ratecheck.theory.sampling.rule import SampleRule
from ratecheck.theory.sampling.saa import (
    FiniteBounded,
    FiniteSubGaussian,
    FiniteVariance,
    LipschitzFamily,
    StronglyConvexMean,
)
from ratecheck.theory.sampling.uniform import (
    CoveringFull,
    CoveringIncrements,
    RademacherFull,
    RademacherIncrements,
)

RULES: dict[str, SampleRule] = {
    "hoeffding": Hoeffding(1.0),
    "hoeffding two-sided": Hoeffding(1.0, two_sided=True),
    "empirical bernstein": EmpiricalBernstein(1.0, 0.01),
    "vector mean": VectorMean(1.0),
    "gaussian mean": GaussianMean(1.0),
    "projected stochastic subgradient": ProjectedStochasticSubgradient(1.0, 2.0),
    "covering, full": CoveringFull(1.0, 1.0, 0.5, 4),
    "covering, increments": CoveringIncrements(1.0, 0.5, 4),
    "rademacher, increments": RademacherIncrements(1.0, 0.5, 4),
    "rademacher, increments of a linear predictor": RademacherIncrements(1.0, 0.5),
    "rademacher, full": RademacherFull(1.0, 1.0, 0.5),
    "finite family, bounded": FiniteBounded(100, 1.0),
    "finite family, sub-gaussian": FiniteSubGaussian(100, 1.0),
    "finite family, variance": FiniteVariance(100, 1.0),
    "lipschitz family": LipschitzFamily(1.0, 1.0, 4),
    "strongly convex mean": StronglyConvexMean(1.0, 0.5),
}

__all__ = [
    "RULES",
    "CoveringFull",
    "CoveringIncrements",
    "EmpiricalBernstein",
    "FiniteBounded",
    "FiniteSubGaussian",
    "FiniteVariance",
    "FreshSampleSize",
    "GaussianMean",
    "Hoeffding",
    "LipschitzFamily",
    "ProjectedStochasticSubgradient",
    "RademacherFull",
    "RademacherIncrements",
    "SampleRule",
    "StronglyConvexMean",
    "VectorMean",
    "norm_test",
    "round_limit",
]

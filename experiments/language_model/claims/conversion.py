"""Claims of the ablation of sign conversion: the practical StoSignSGD against itself with one ingredient changed."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim
from ratecheck.experiments.language_model.claims.optimizers import STOSIGN

ABLATION = (
    "the ablation of the conversion framework supports the practical form; which settings it compares and by how much "
    "could not be read (known: envelopes with history, coupled to Adam's state, of the infinity norm)"
)


def _claim(name: str, title: str, other: str, bound: float = 0.0, expected: str = "holds") -> LanguageClaim:
    return LanguageClaim(
        id=f"lm-conversion-{name}",
        title=title,
        experiment="conversion",
        source=STOSIGN,
        provenance="derived",
        paper=ABLATION,
        measure=f"excess loss of StoSignSGD minus that with {other}, nats",
        bound=bound,
        tags=("stosignsgd", "ablation"),
        expected=expected,
    )


CLAIMS = (
    _claim("noise", "the noise of StoSignSGD lowers the loss by a tenth of a nat", "no noise", -0.1, "refuted"),
    _claim("signsgd", "StoSignSGD ends below SignSGD", "neither noise nor momentum", 0.0, "refuted"),
    _claim("momentum", "momentum lowers the loss of StoSignSGD", "no momentum", 0.0, "refuted"),
    _claim("history", "an envelope with history ends below the tensor's maximum", "the tensor's maximum"),
    _claim("norm", "the running maximum ends below the norm of the tensor", "the norm of the tensor"),
    _claim(
        "adam",
        "the running maximum ends a tenth of a nat below an envelope coupled to Adam's state",
        "Adam's state",
        -0.1,
        "refuted",
    ),
    _claim(
        "gradient-max",
        "the maximum of the momentum ends at most 0.05 nats above that of the gradient",
        "the gradient's maximum",
        0.05,
    ),
    _claim(
        "uniform",
        "uniform noise ends a tenth of a nat below Gaussian noise of the same deviation",
        "Gaussian noise",
        -0.1,
        "refuted",
    ),
)

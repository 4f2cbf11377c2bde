"""Claims about SCS-AdamW, with fixed batches and with batches that grow."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim

SCS = "arXiv 2507.01241, experiments"
BETTER = (
    "SCS with an adaptive sample size converges faster per iteration than SGD-type methods and scales better; sample "
    "size rule, data and numbers could not be read"
)


def _claim(name: str, title: str, one: str, other: str, expected: str = "holds") -> LanguageClaim:
    return LanguageClaim(
        id=f"lm-scs-{name}",
        title=title,
        experiment="adaptive-batches",
        source=SCS,
        provenance="secondary",
        paper=BETTER,
        measure=f"excess loss of {one} minus that of {other}, nats",
        bound=0.0,
        tags=("scs",),
        expected=expected,
    )


METRIC, EUCLIDEAN = "SCS-AdamW (metric)", "SCS-AdamW (Euclidean)"
CLAIMS = (
    _claim("adamw", "SCS-AdamW ends no higher than AdamW at equal batches, both tuned", METRIC, "AdamW"),
    _claim("adamw-euclidean", "Euclidean SCS-AdamW ends no higher than AdamW, both tuned", EUCLIDEAN, "AdamW"),
    _claim(
        "growing-adamw",
        "SCS-AdamW with growing batches ends no higher than AdamW at equal sequences",
        f"{METRIC} with growing batches",
        "AdamW",
    ),
    _claim(
        "growing-euclidean-adamw",
        "Euclidean SCS-AdamW with growing batches ends no higher than AdamW at equal sequences",
        f"{EUCLIDEAN} with growing batches",
        "AdamW",
    ),
    _claim(
        "growing-control",
        "SCS-AdamW with growing batches ends no higher than AdamW with growing batches",
        f"{METRIC} with growing batches",
        "AdamW with growing batches",
    ),
    _claim(
        "growing-sgd",
        "SCS-AdamW with growing batches ends below SGD at equal sequences",
        f"{METRIC} with growing batches",
        "SGD",
    ),
    _claim(
        "growing-fixed",
        "growing batches lower the loss of SCS-AdamW at equal sequences",
        f"{METRIC} with growing batches",
        "the same with fixed batches",
    ),
)

"""Claims about SCS-AdamW, with fixed batches and with batches that grow."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim

SCS = "arXiv 2507.01241, experiments"
BETTER = (
    "SCS with an adaptive sample size converges faster per iteration than SGD-type methods and scales better; sample "
    "size rule, data and numbers could not be read"
)


def _claim(name: str, title: str, one: str, other: str, bound: float = 0.0, expected: str = "refuted") -> LanguageClaim:
    return LanguageClaim(
        id=f"lm-scs-{name}",
        title=title,
        experiment="adaptive-batches",
        source=SCS,
        provenance="secondary" if bound == 0 else "derived",
        paper=BETTER,
        measure=f"excess loss of {one} minus that of {other}, nats",
        bound=bound,
        tags=("scs",),
        expected=expected,
    )


METRIC, EUCLIDEAN = "SCS-AdamW (metric)", "SCS-AdamW (Euclidean)"
GROWING = f"{METRIC} with growing batches"
CLAIMS = (
    _claim("adamw", "SCS-AdamW ends 0.05 nats below AdamW at equal batches, both tuned", METRIC, "AdamW", -0.05),
    _claim(
        "adamw-euclidean",
        "Euclidean SCS-AdamW ends at most 0.05 nats above AdamW at equal batches, both tuned",
        EUCLIDEAN,
        "AdamW",
        0.05,
        "holds",
    ),
    _claim(
        "growing-adamw",
        "SCS-AdamW with growing batches ends no higher than AdamW at equal sequences",
        GROWING,
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
        "SCS-AdamW with growing batches ends 0.05 nats below AdamW with growing batches",
        GROWING,
        "AdamW with growing batches",
        -0.05,
    ),
    _claim(
        "growing-sgd",
        "SCS-AdamW with growing batches ends 0.05 nats below SGD at equal sequences",
        GROWING,
        "SGD",
        -0.05,
    ),
    _claim(
        "growing-fixed",
        "growing batches lower the loss of SCS-AdamW at equal sequences",
        GROWING,
        "the same with fixed batches",
    ),
)

"""Claims about gradient grouping around AdamW, LAMB and adapters."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim

SGG = "Li, Tian, Wang, Jin, Liu, Zhang and Xu (2025), arXiv 2506.01049, experiments"
PERPLEXITY = (
    "perplexity 34.06 to 30.31 (60M, 0.117 nats) on C4; a later table of the same group with AdamW tuned again: 29.19 "
    "against 29.98 with SGG"
)
ROBUST = "with SGG the loss stays flat over batches of 128 to 4096 and step sizes up to 0.1, where Adam blows up"


def _tuned(name: str, title: str, measure: str, bound: float, expected: str = "holds") -> LanguageClaim:
    return LanguageClaim(
        id=f"lm-sgg-{name}",
        title=title,
        experiment="grouping",
        source=SGG,
        provenance="derived",
        paper=PERPLEXITY,
        measure=measure,
        bound=bound,
        tags=("sgg",),
        expected=expected,
    )


def _robust(name: str, title: str, one: str, base: str, bound: float = -0.1) -> LanguageClaim:
    return LanguageClaim(
        id=f"lm-sgg-robust-{name}",
        title=title,
        experiment="grouping",
        source=SGG,
        provenance="secondary" if bound == 0 else "derived",
        paper=ROBUST,
        measure=f"mean excess loss over the grid above its own best of {one} minus that of {base}, nats",
        bound=bound,
        tags=("sgg", "robustness"),
        expected="refuted",
    )


CLAIMS = (
    _tuned(
        "adamw",
        "SGG lowers the loss of AdamW by a tenth of a nat, both tuned",
        "excess loss of SGG around AdamW minus that of AdamW, nats",
        -0.1,
        "refuted",
    ),
    _tuned(
        "frozen",
        "AdamW with scales frozen from the first gradient ends at most a tenth of a nat above AdamW, both tuned",
        "excess loss of frozen SGG around AdamW minus that of AdamW, nats",
        0.1,
        "holds",
    ),
    _tuned(
        "clusters",
        "three clusters end a tenth of a nat below one for each tensor",
        "excess loss of SGG minus that with one cluster, nats",
        -0.1,
        "refuted",
    ),
    _tuned(
        "labels",
        "the clusters end a tenth of a nat below the same scales dealt out at random",
        "excess loss of SGG minus that with labels at random, nats",
        -0.1,
        "refuted",
    ),
    _tuned(
        "constant",
        "SGG ends a tenth of a nat below AdamW with SGG's step size times its mean scale",
        "excess loss of SGG minus that of AdamW with a constant factor, nats",
        -0.1,
        "refuted",
    ),
    _robust(
        "adamw",
        "SGG lowers what an untuned step size costs AdamW by a tenth of a nat, over step sizes and batches",
        "SGG around AdamW",
        "AdamW",
    ),
    _robust(
        "frozen",
        "frozen scales make AdamW no more sensitive to step size and batch",
        "frozen SGG around AdamW",
        "AdamW",
        0.0,
    ),
    _robust(
        "labels",
        "SGG lowers that cost by a tenth of a nat more than the same scales at random",
        "SGG",
        "SGG with labels at random",
    ),
    _robust("lamb", "SGG makes LAMB no more sensitive to step size and batch", "SGG around LAMB", "LAMB", 0.0),
    _robust(
        "adapters",
        "SGG lowers what an untuned step size costs AdamW on adapters by a tenth of a nat",
        "SGG on adapters",
        "AdamW on adapters",
    ),
)

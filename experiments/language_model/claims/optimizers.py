"""Claims that `ratecheck lm compare` decides: known optimizers at equal tokens, tuned alike."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim

KUNSTNER = "Kunstner, Yadav, Milligan, Schmidt and Bietti (2024), Heavy-tailed class imbalance"
IMBALANCE = "class imbalance is a main reason for the gap between Adam and SGD on language models"
STOSIGN = "Yu, Pan, Liu, Zou and Zhang (2026), arXiv 2604.15416, experiments"

CLAIMS = (
    LanguageClaim(
        id="lm-adam-sgd-gap",
        title="AdamW ends below SGD with momentum on a language with a heavy tail, both tuned",
        experiment="optimizers",
        source=KUNSTNER,
        provenance="secondary",
        paper=IMBALANCE,
        measure="excess loss of adamw minus that of momentum, nats",
        bound=0.0,
        tags=("foundations",),
    ),
    LanguageClaim(
        id="lm-adam-plain-sgd-gap",
        title="AdamW ends below plain SGD on a language with a heavy tail, both tuned",
        experiment="optimizers",
        source=KUNSTNER,
        provenance="secondary",
        paper=IMBALANCE,
        measure="excess loss of adamw minus that of sgd, nats",
        bound=0.0,
        tags=("foundations",),
    ),
    *(
        LanguageClaim(
            id=f"lm-stosignsgd-{other}",
            title=f"StoSignSGD ends {above} {other} in float32 at equal tokens, both tuned",
            experiment="optimizers",
            source=STOSIGN,
            provenance="secondary",
            paper="1.44 to 2.14 times fewer tokens than established baselines in FP8; none for float32 is known",
            measure=f"excess loss of stosignsgd minus that of {other}, nats",
            bound=bound,
            tags=("stosignsgd",),
            expected=expected,
        )
        for other, above, bound, expected in (
            ("adamw", "no higher than", 0.0, "refuted"),
            # Four seeds cannot tell the two apart; they can exclude a tenth of a nat.
            ("signum", "at most 0.1 nats above", 0.1, "holds"),
            ("lion", "no higher than", 0.0, "holds"),
        )
    ),
)

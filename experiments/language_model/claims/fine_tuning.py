"""Claims about fine-tuning with adapters on a second synthetic language."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim
from ratecheck.experiments.language_model.claims.grouping import SGG
from ratecheck.experiments.language_model.claims.optimizers import IMBALANCE, KUNSTNER, STOSIGN

MATHEMATICS = "fine-tuning on mathematical problems: 3 to 5 % better accuracy than AdamW, and better than SignSGD"
LORA_SGG = "LoRA with SGG: perplexity 34.99 to 30.62 (60M), mean accuracy of LLaMA-7B 74.7 to 77.6"
LORA = "Hu, Shen, Wallis and others (2021), arXiv 2106.09685"


def _claim(
    name: str,
    title: str,
    pair: tuple[str, str],
    cited: tuple[str, str],
    tag: str,
    bound: float = 0.0,
    expected: str = "refuted",
) -> LanguageClaim:
    return LanguageClaim(
        id=f"lm-fine-tuning-{name}",
        title=title,
        experiment="fine-tuning",
        source=cited[0],
        provenance="secondary" if bound == 0 else "derived",
        paper=cited[1],
        measure=f"excess loss on the second language of {pair[0]} minus that of {pair[1]}, nats",
        bound=bound,
        tags=(tag, "fine-tuning"),
        expected=expected,
    )


CLAIMS = (
    _claim(
        "stosignsgd",
        "StoSignSGD ends 0.02 nats below AdamW on adapters, both tuned",
        ("StoSignSGD", "AdamW"),
        (STOSIGN, MATHEMATICS),
        "stosignsgd",
        -0.02,
    ),
    _claim(
        "signsgd",
        "StoSignSGD ends no higher than SignSGD on adapters, both tuned",
        ("StoSignSGD", "SignSGD"),
        (STOSIGN, MATHEMATICS),
        "stosignsgd",
    ),
    _claim(
        "sgg",
        "SGG around AdamW ends 0.02 nats below AdamW on adapters, both tuned",
        ("SGG around AdamW", "AdamW"),
        (SGG, LORA_SGG),
        "sgg",
        -0.02,
    ),
    _claim(
        "momentum",
        "AdamW ends 0.2 nats below SGD with momentum on adapters, as far as in pretraining, both tuned",
        ("AdamW", "SGD with momentum"),
        (KUNSTNER, IMBALANCE),
        "foundations",
        -0.2,
    ),
    _claim(
        "adapters",
        "adapters end no higher than all weights, both with AdamW and tuned",
        ("AdamW on adapters", "AdamW on all weights"),
        (LORA, "LoRA performs on par or better than fine-tuning of all weights"),
        "foundations",
    ),
    _claim(
        "transfer",
        "the weights of the first language help on the second",
        ("AdamW on all pretrained weights", "AdamW from scratch"),
        (LORA, "adaptation starts from a pretrained model"),
        "foundations",
        0.0,
        "holds",
    ),
)

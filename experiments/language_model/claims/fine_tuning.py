"""Claims about fine-tuning with adapters on a second synthetic language."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim
from ratecheck.experiments.language_model.claims.grouping import SGG
from ratecheck.experiments.language_model.claims.optimizers import STOSIGN

MATHEMATICS = "fine-tuning on mathematical problems: 3 to 5 % better accuracy than AdamW, and better than SignSGD"
LORA_SGG = "LoRA with SGG: perplexity 34.99 to 30.62 (60M), mean accuracy of LLaMA-7B 74.7 to 77.6"
LORA = "Hu, Shen, Wallis and others (2021), arXiv 2106.09685"


def _claim(
    name: str, title: str, one: str, other: str, source: str, paper: str, tag: str, expected: str = "holds"
) -> LanguageClaim:
    return LanguageClaim(
        id=f"lm-fine-tuning-{name}",
        title=title,
        experiment="fine-tuning",
        source=source,
        provenance="secondary",
        paper=paper,
        measure=f"excess loss on the second language of {one} minus that of {other}, nats",
        bound=0.0,
        tags=(tag, "fine-tuning"),
        expected=expected,
    )


CLAIMS = (
    _claim(
        "stosignsgd",
        "StoSignSGD ends no higher than AdamW on adapters, both tuned",
        "StoSignSGD",
        "AdamW",
        STOSIGN,
        MATHEMATICS,
        "stosignsgd",
    ),
    _claim(
        "signsgd",
        "StoSignSGD ends below SignSGD on adapters, both tuned",
        "StoSignSGD",
        "SignSGD",
        STOSIGN,
        MATHEMATICS,
        "stosignsgd",
    ),
    _claim(
        "sgg",
        "SGG around AdamW ends below AdamW on adapters, both tuned",
        "SGG around AdamW",
        "AdamW",
        SGG,
        LORA_SGG,
        "sgg",
    ),
    _claim(
        "momentum",
        "AdamW ends below SGD with momentum on adapters, both tuned",
        "AdamW",
        "SGD with momentum",
        LORA,
        "adapters are trained with Adam",
        "foundations",
    ),
    _claim(
        "adapters",
        "adapters end no higher than all weights",
        "AdamW on adapters",
        "AdamW on all weights",
        LORA,
        "LoRA performs on par or better than fine-tuning of all weights",
        "foundations",
    ),
    _claim(
        "transfer",
        "weights of the first language help on the second",
        "AdamW on all pretrained weights",
        "AdamW from scratch",
        LORA,
        "a pretrained model is the start of every adaptation",
        "foundations",
    ),
)

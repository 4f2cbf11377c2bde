"""Claims about adversarial training as a saddle point: MGSR1 against Adam and LAMB, and what the adversary is for."""

from __future__ import annotations

from ratecheck.experiments.language_model.claims.claim import LanguageClaim

DERIVED = "derived in this package"
HOANG = "Hoang (2025), Investigating LLM Training with Minimax Optimization, abstract"
MODERATE = (
    "a limited-memory form with adaptive steps and Hessian-vector products against Adam and LAMB: competitive speed "
    "and stability with moderate improvement (abstract; game, sizes and numbers could not be read)"
)
MODES = {
    "mgsr1-n-warm": "MGSR1, mode N after half of the budget by Adam,",
    "mgsr1-e-warm": "MGSR1, mode E after half of the budget by Adam,",
    "mgsr1-e": "MGSR1, mode E from the start,",
}
AT_RADIUS = "excess loss under attack at the radius"


def _claim(name: str, title: str, measure: str, paper: str, expected: str = "holds", **other: object) -> LanguageClaim:
    fields = {
        "source": "derived in this package",
        "provenance": "derived",
        "bound": 0.0,
        "tags": ("mgsr1-sp", "minimax"),
    }
    return LanguageClaim(
        id=f"lm-minimax-{name}",
        title=title,
        experiment="minimax",
        measure=measure,
        paper=paper,
        expected=expected,
        **(fields | other),  # type: ignore[arg-type]
    )


def _against(mode: str, rival: str, budget: str, margin: float = 0.0) -> LanguageClaim:
    """Return the claim that a mode does as well as a rival; with a margin it is one that came out so."""
    equal = {"gradients": "gradient-equivalents", "tokens": "tokens, its Hessian-vector products for free"}[budget]
    height = f"at most {margin:g} nats above" if margin else "no higher than"
    return _claim(
        f"{mode}-{rival}-{budget}",
        f"{MODES[mode]} ends {height} {rival} under attack, at equal {equal}",
        f"{AT_RADIUS}, {mode} minus {rival}, equal {budget}, nats",
        MODERATE,
        expected="holds" if margin else "refuted",
        source=HOANG,
        provenance="paper",
        bound=margin,
    )


COMPETITIVE = 0.1  # nats within which the mode and LAMB cannot be told apart; half of the budget was Adam's
CLAIMS = (
    *(_against(mode, "adam", "gradients") for mode in MODES),
    *(_against(mode, "adam", "tokens") for mode in ("mgsr1-n-warm", "mgsr1-e")),
    *(_against("mgsr1-e", "lamb", budget) for budget in ("gradients", "tokens")),
    *(_against(mode, "lamb", "gradients", COMPETITIVE) for mode in ("mgsr1-n-warm", "mgsr1-e-warm")),
    _against("mgsr1-n-warm", "lamb", "tokens", COMPETITIVE),
    _claim(
        "n-cold",
        "MGSR1, mode N from the start, ends below gradient descent-ascent without an adversary",
        "excess loss, mgsr1-n minus gda, nats",
        "none; mode N descends the norm of the gradient, so that any stationary point draws it, one near the start too",
        expected="refuted",
    ),
    _claim(
        "n-gain",
        "MGSR1, mode N, lowers the loss under attack by 0.05 nats or more in the half of the budget that it has",
        f"{AT_RADIUS}, mgsr1-n-warm at the end minus where Adam left it, nats",
        MODERATE,
        expected="refuted",
        bound=-0.05,
    ),
    _claim(
        "residual-n",
        "On one batch MGSR1, mode N, at least halves the norm of the game's gradient for 200 gradient-equivalents",
        "ln of the final over the first norm of the gradient, mode N",
        "quasi-Newton steps for saddle points converge superlinearly near a solution (Liu and Luo 2021; Xiao, Bo and "
        "Wu 2024)",
        bound=-0.693,
    ),
    _claim(
        "residual-n-payoff",
        "On one batch MGSR1, mode N, lowers the payoff no more than gradient descent-ascent does",
        "final payoff, GDA minus mode N, nats",
        "none; the norm of the gradient is its merit function, not the loss",
    ),
    _claim(
        "robust",
        "Adam against an adversary ends lower under attack than AdamW without one",
        f"{AT_RADIUS}, adam minus adamw-without-adversary, nats",
        "perturbed embeddings in training make text models robust (Miyato, Dai and Goodfellow 2017)",
        source="Miyato, Dai and Goodfellow (2017), Adversarial training methods for text classification",
        provenance="secondary",
        tags=("foundations", "minimax"),
    ),
    _claim(
        "adam-gda",
        "Adam ends lower under attack than gradient descent-ascent, both tuned",
        f"{AT_RADIUS}, adam minus gda, nats",
        "none; the gap between Adam and SGD on a heavy tail, in the game",
        tags=("foundations", "minimax"),
    ),
)

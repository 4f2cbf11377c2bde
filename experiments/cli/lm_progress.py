"""How far a training run, or a set of them, has come: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.minimax_game import Played
    from ratecheck.experiments.language_model.runs import Run
    from ratecheck.experiments.language_model.train import Training


class Progress:
    """A bar on a terminal, a line for each tenth elsewhere; TensorBoard where it is wanted.

    Of several processes only the first tells anything.
    """

    def __init__(self, training: Training, tensorboard: Path | None) -> None:
        from tqdm import tqdm

        steps, first = training.setup.recipe.steps, training.processes.rank == 0
        hidden = not (first and sys.stderr.isatty())
        self._bar = tqdm(total=steps, initial=training.step, unit="step", disable=hidden, leave=False)
        self._plain = first and hidden
        self._every = max(1, steps // 10)
        self._writer = _tensorboard(tensorboard) if first and tensorboard is not None else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *details: object) -> None:
        self._bar.close()
        if self._writer is not None:
            self._writer.close()

    def advance(self, training: Training) -> None:
        """Tell that a step is over."""
        self._bar.update()
        loss = training.history.losses[-1]
        if self._writer is not None:
            for name, value in _scalars(training).items():
                self._writer.add_scalar(name, value, training.step)
        if self._plain and training.step % self._every == 0:
            print(f"step {training.step}: loss {loss:.4f}", file=sys.stderr, flush=True)
        self._bar.set_postfix(loss=f"{loss:.3f}", refresh=False)


def _scalars(training: Training) -> dict[str, float]:
    """Return what is known of the last step, by the names under which TensorBoard shows it."""
    history = training.history
    found = {"loss": history.losses[-1], "step size": training.optimizer.param_groups[0]["lr"]}
    found |= {f"flushed/{name}": shares[-1] for name, shares in history.flushed.items()}
    last = history.last
    if last.step == training.step:
        found |= {"validation": last.validation, "gradient norm": last.gradient_norm}
        found |= {} if math.isnan(last.excess) else {"excess": last.excess}
    return found


def _tensorboard(folder: Path) -> Any:
    from ratecheck.theory.errors import InputError

    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError("--tensorboard needs the package tensorboard; run `pip install tensorboard`.") from None
    try:
        return SummaryWriter(str(folder))
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}); name another folder.") from error


class Counter:
    """Counts finished runs: a bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(unit="run", disable=not sys.stderr.isatty(), leave=False)
        self._count = 0

    def __call__(self, run: Run | Played) -> None:
        """Tell that a run is over."""
        self._count += 1
        self._bar.update()
        if self._bar.disable:
            recipe = run.setup.recipe
            print(
                f"run {self._count}: {recipe.optimizer} step size {recipe.step_size:.3g} seed {recipe.seed}: "
                f"{run.excess:.4f}",
                file=sys.stderr,
                flush=True,
            )

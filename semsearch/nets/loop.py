"""The training loop. It knows nothing of the model it trains.

A Task yields batches and, for each, pairs of an optimiser and its loss, one after another (nets/task.py). Everything
that all trainings share is here and nowhere else: zero_grad, backward, gradient clipping and steps, the stop on a loss
that is not finite, curves, checkpoints and resuming, early stopping, and the stop on trouble that the task reports.

A training that was interrupted and resumed ends with the same bytes as one that was not, on the CPU with the same
number of threads: the batches of an epoch depend on the epoch's number alone, randomness in a step on the step's. A
training with a time budget is an exception, because its progress follows the clock. Ctrl-C waits for the end of the
step; a second one does not, and leaves the last checkpoint.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, NoReturn

import numpy as np
import torch

from semsearch.errors import BuildError
from semsearch.nets.checkpoint import PlainState, Stateful, pack, unpack
from semsearch.nets.device import out_of_memory_explained, place
from semsearch.nets.interrupts import Interrupt, delayed_interrupt
from semsearch.nets.task import Judges, Shows, Step, Task, Turn, Watches
from semsearch.records import Checkpoint, Device, Journal, Report

CURVE_POINTS = 400  # at most, of each curve
CHECKPOINT_SECONDS = 60.0  # between two checkpoints
GPU_CHECK_STEPS = 20  # on a GPU the loss is read every 20 steps, because reading synchronises it


@dataclass(frozen=True)
class TrainOptions:
    """How a training is run.

    clip      largest norm of the gradient; None for no clipping
    patience  epochs without improvement of `held_out` before early stopping; None for none
    seconds   time budget: the last step is the one in which it runs out, and progress follows the clock
    mixed     bfloat16 on a GPU; on CPUs without it that is many times slower
    pictures  previews over the whole training, at most
    """

    seed: int = 0
    clip: float | None = None
    patience: int | None = None
    seconds: float | None = None
    mixed: bool = False
    pictures: int = 12


@dataclass(frozen=True)
class Trained:
    """How a training ended: steps and epochs, whether it stopped early, and the metrics of the state it kept."""

    steps: int
    epochs: int
    stopped_early: bool
    metrics: Mapping[str, float]


def train(task: Task, rules: TrainOptions, *, device: Device, report: Report) -> Trained:
    """Trains the task to its end, resumed from the journal's checkpoint if there is one.

    Raises BuildError, with what to try, if a loss is not finite or the task reports trouble.
    """
    with out_of_memory_explained():
        return _Training(task, rules, device, report).run()


class _Training:
    """The loop's state: its position, the curves since the last point, and the best state."""

    def __init__(self, task: Task, rules: TrainOptions, device: Device, report: Report) -> None:
        self.task, self.rules, self.report = task, rules, report
        self.journal = report if isinstance(report, Journal) else None
        self.place = place(device)
        self.total = task.epochs * task.steps
        self.epoch = self.inside = self.number = 0  # `inside` is the batch within the epoch, `number` the step
        self.best, self.best_epoch = np.inf, 0
        self.best_state: dict[str, dict[str, Any]] | None = None
        self.measured: dict[str, float] = {}
        self.best_measured: dict[str, float] = {}
        self.interrupt = Interrupt()
        self.sums: dict[str, torch.Tensor] = {}
        self.summed: dict[str, int] = {}
        self.report_interval = math.ceil(self.total / CURVE_POINTS)  # steps
        self.shown = 0  # previews
        self.good: Checkpoint | None = None  # after the last epoch without trouble
        self.began = self.kept_at = monotonic()
        self.spent = 0.0  # seconds of the interrupted trainings that this one resumes

    def run(self) -> Trained:
        self._resume()
        with delayed_interrupt() as self.interrupt:
            while self.epoch < self.task.epochs and not self._is_over():
                self._epoch()
        stopped = self.epoch < self.task.epochs and not self._out_of_time()
        if self.best_state is None:
            return Trained(self.number, self.epoch, stopped, self.measured)
        for name, part in self.task.parts().items():
            part.load_state_dict(self.best_state[name])
        return Trained(self.number, self.epoch, stopped, self.best_measured)

    def _stop_if_interrupted(self) -> None:
        if self.interrupt:
            self._save_checkpoint()
            raise KeyboardInterrupt

    def _epoch(self) -> None:
        for batch in islice(self.task.batches(self.epoch), self.inside, None):
            self._step(batch)
            self.inside += 1
            self.number += 1
            self._report_step()
            self._stop_if_interrupted()
            if self._out_of_time():
                break
            if monotonic() - self.kept_at > CHECKPOINT_SECONDS:
                self._save_checkpoint()
        self._check_finite()
        self.epoch, self.inside = self.epoch + 1, 0
        self._judge()
        self._watch()
        self._stop_if_interrupted()

    def _step(self, batch: Any) -> None:
        draw = torch.Generator(self.place).manual_seed((self.rules.seed << 32) ^ self.number)
        step = Step(self.number, self._progress(), draw)
        turns = iter(self.task.losses(batch, step))
        while (turn := self._next(turns)) is not None:
            turn.optimiser.zero_grad(set_to_none=True)
            turn.loss.backward()
            if self.rules.clip is not None:
                weights = [weight for group in turn.optimiser.param_groups for weight in group["params"]]
                torch.nn.utils.clip_grad_norm_(weights, self.rules.clip)
            turn.optimiser.step()
            self._sum(turn.name, turn.loss)
        for name, value in step.notes.items():
            self._sum(name, value)

    def _next(self, turns: Iterator[Turn]) -> Turn | None:
        mixed = self.rules.mixed and self.place.type == "cuda"
        with torch.autocast(self.place.type, torch.bfloat16, enabled=mixed):
            return next(turns, None)

    def _progress(self) -> float:
        budget = self.rules.seconds
        return self.number / max(1, self.total) if budget is None else min(1.0, self._used() / budget)

    def _sum(self, name: str, value: torch.Tensor) -> None:
        value = value.detach()
        self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.summed[name] = self.summed.get(name, 0) + 1

    def _report_step(self) -> None:
        """Reports a point of the curves: the means since the last one. On a GPU losses are read seldom."""
        read_now = self.place.type == "cpu" or self.number % GPU_CHECK_STEPS == 0
        if read_now:
            self._check_finite()
        if self.number % self.report_interval == 0 or self.inside == self.task.steps:
            means = {name: float(value) / self.summed[name] for name, value in self.sums.items()}
            self.sums, self.summed = {}, {}
            self.report(self.number, self._expected(), **means)
        elif read_now:
            self.report(self.number, self._expected())
        if (due := self._due()) > self.shown and self.journal is not None and isinstance(self.task, Shows):
            self.shown = due
            self.journal.pictures(self.number, self.task.picture())

    def _due(self) -> int:
        """How many previews should have been shown by now."""
        return int(self._progress() * self.rules.pictures + 1e-9)

    def _expected(self) -> int:
        """The total of steps; with a time budget an estimate."""
        if self.rules.seconds is None:
            return self.total
        return max(self.number, round(self.number / max(self._progress(), 1e-9)))

    def _check_finite(self) -> None:
        for name, value in self.sums.items():
            if not bool(torch.isfinite(value)):
                self._diverged(name, float(value))

    def _diverged(self, name: str, value: float) -> NoReturn:
        self._give_up(
            f"The training diverged: {name} is {value} at step {self.number:,} of {self._expected():,}."
            " Try a lower --lr (a quarter), or another --seed"
        )

    def _watch(self) -> None:
        """Keeps the state if nothing is wrong, or stops with the trouble that the task reports."""
        if not isinstance(self.task, Watches):
            return
        trouble = self.task.trouble(self._progress())
        if trouble is not None:
            self._give_up(f"{trouble}; found at step {self.number:,} of {self._expected():,}")
        if self.journal is not None and self.task.well():
            self.good = self._state()

    def _give_up(self, why: str) -> NoReturn:
        """Raises BuildError with the reason and with how to get the last good state, if there is one."""
        remedy = "nothing was written"
        if self.good is not None and self.journal is not None and self.journal.keep(self.good):
            step = self.good.facts["number"]
            remedy = f"the same command with --resume --steps {step} builds from the state at step {step:,}"
        raise BuildError(f"{why}; {remedy}")

    def _judge(self) -> None:
        if not isinstance(self.task, Judges):
            return
        self.measured = dict(self.task.judge())
        for name, value in self.measured.items():
            if not math.isfinite(value):
                self._diverged(name, value)
        self.report(self.number, self._expected(), **self.measured)
        held_out = self.measured.get("held_out")
        if self.rules.patience is None or held_out is None:
            return
        if held_out < self.best:
            self.best, self.best_epoch, self.best_measured = held_out, self.epoch, self.measured
            self.best_state = {name: copy.deepcopy(part.state_dict()) for name, part in self.task.parts().items()}

    def _is_over(self) -> bool:
        patience = self.rules.patience
        waited = patience is not None and self.best_epoch and self.epoch - self.best_epoch >= patience
        return bool(waited) or self._out_of_time()

    def _used(self) -> float:
        return self.spent + monotonic() - self.began

    def _out_of_time(self) -> bool:
        return self.rules.seconds is not None and self._used() >= self.rules.seconds

    def _save_checkpoint(self) -> None:
        """Writes a checkpoint, so that the training can be resumed from here."""
        self.kept_at = monotonic()
        if self.journal is None:
            return
        self._check_finite()  # a diverged training is not worth resuming
        self.journal.keep(self._state())

    def _state(self) -> Checkpoint:
        parts: dict[str, Stateful] = {**self.task.parts(), "sums": PlainState(self.sums)}
        if self.best_state is not None:
            parts |= {f"best {name}": PlainState(state) for name, state in self.best_state.items()}
        facts = {
            "epoch": self.epoch,
            "inside": self.inside,
            "number": self.number,
            "summed": self.summed,
            "best": self.best if np.isfinite(self.best) else None,
            "best_epoch": self.best_epoch,
            "measured": self.measured,
            "best_measured": self.best_measured,
            "spent": self._used(),
        }
        return pack(parts, facts)

    def _resume(self) -> None:
        checkpoint = self.journal.kept() if self.journal else None
        if checkpoint is None:
            return
        parts = self.task.parts()
        sums = PlainState({})
        best = {f"best {name}": PlainState({}) for name in parts} if checkpoint.facts["best"] is not None else {}
        facts = unpack(checkpoint, {**parts, "sums": sums, **best})
        self.epoch, self.inside, self.number = facts["epoch"], facts["inside"], facts["number"]
        self.sums = {name: value.to(self.place) for name, value in sums.state.items()}
        self.summed, self.measured = dict(facts["summed"]), dict(facts["measured"])
        self.spent, self.best_epoch = facts["spent"], facts["best_epoch"]
        self.shown = self._due()
        if best:
            self.best, self.best_measured = facts["best"], dict(facts["best_measured"])
            self.best_state = {name: best[f"best {name}"].state for name in parts}

"""THE training loop. It knows nothing of the model it trains.

A Task yields batches and, for each, pairs of an optimiser and the loss it is to lower, one after another: an
autoencoder yields one, a GAN two, the second computed after the first has stepped. All that is the same for every
training happens here and nowhere else: gradients are cleared, computed, bounded and followed, losses that are not
finite stop it with advice, curves are reported, checkpoints kept and gone on from, and it ends early where held-out
data say so, or the task that it has gone wrong.

A training that was interrupted and resumed ends with the same bytes as one that was not, on the CPU with one number of
threads: the batches of an epoch depend on its number alone, and chance inside a step on the step's. (Not one with a
budget of seconds: its progress goes by the clock.) Ctrl-C waits for the end of the step; a second one does not, and
leaves the last checkpoint.
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
from semsearch.nets.checkpoint import Held, Part, pack, unpack
from semsearch.nets.device import memory_told, place
from semsearch.nets.interrupts import Pressed, remembered
from semsearch.nets.task import Judges, Shows, Step, Task, Turn, Watches
from semsearch.records import Checkpoint, Device, Journal, Report

POINTS = 400  # of a curve
KEEP_SECONDS = 60.0  # between two checkpoints
LOOK = 20  # steps between two looks at a loss on a GPU, which waits for it


@dataclass(frozen=True)
class TrainOptions:
    """How a training is run. `clip` bounds the length of a gradient, `patience` is in epochs.

    `seconds` is a budget: the last step is the one during which it ran out, and progress goes by the clock.
    """

    seed: int = 0
    clip: float | None = None
    patience: int | None = None
    seconds: float | None = None
    mixed: bool = False  # bfloat16 where a GPU has it; on CPUs without it that is many times slower
    pictures: int = 12  # at most so many over the whole training


@dataclass(frozen=True)
class Trained:
    """How it ended: steps and epochs made, whether it stopped early, and what was measured of the state it kept."""

    steps: int
    epochs: int
    stopped_early: bool
    metrics: Mapping[str, float]


def train(task: Task, rules: TrainOptions, *, device: Device, report: Report) -> Trained:
    """Train the task to its end, from where an earlier training was interrupted if the journal kept that.

    Raises BuildError, with what to try, when a loss is not finite.
    """
    with memory_told():
        return _Training(task, rules, device, report).run()


class _Training:
    """The loop's own state: where it is, what it saw, what was best."""

    def __init__(self, task: Task, rules: TrainOptions, device: Device, report: Report) -> None:
        self.task, self.rules, self.report = task, rules, report
        self.journal = report if isinstance(report, Journal) else None
        self.place = place(device)
        self.total = task.epochs * task.steps
        self.epoch = self.inside = self.number = 0
        self.best, self.best_epoch = np.inf, 0
        self.best_state: dict[str, dict[str, Any]] | None = None
        self.measured: dict[str, float] = {}
        self.best_measured: dict[str, float] = {}
        self.stop = Pressed()
        self.sums: dict[str, torch.Tensor] = {}
        self.summed: dict[str, int] = {}
        self.every = math.ceil(self.total / POINTS)
        self.shown = 0  # pictures
        self.good: Checkpoint | None = None  # as of the last epoch after which all was well
        self.began = self.kept_at = monotonic()
        self.spent = 0.0  # seconds of the trainings that this one goes on from

    def run(self) -> Trained:
        self._go_on()
        with remembered() as self.stop:
            while self.epoch < self.task.epochs and not self._is_over():
                self._epoch()
        stopped = self.epoch < self.task.epochs and not self._out_of_time()
        if self.best_state is None:
            return Trained(self.number, self.epoch, stopped, self.measured)
        for name, part in self.task.parts().items():
            part.load_state_dict(self.best_state[name])
        return Trained(self.number, self.epoch, stopped, self.best_measured)

    def _stop_if_asked(self) -> None:
        if self.stop:
            self._keep()
            raise KeyboardInterrupt

    def _epoch(self) -> None:
        for batch in islice(self.task.batches(self.epoch), self.inside, None):
            self._step(batch)
            self.inside += 1
            self.number += 1
            self._tell()
            self._stop_if_asked()
            if self._out_of_time():
                break
            if monotonic() - self.kept_at > KEEP_SECONDS:
                self._keep()
        self._check()
        self.epoch, self.inside = self.epoch + 1, 0
        self._judge()
        self._watch()
        self._stop_if_asked()

    def _step(self, batch: Any) -> None:
        draw = torch.Generator(self.place).manual_seed((self.rules.seed << 32) ^ self.number)
        step = Step(self.number, self._progress(), draw)
        pulls = iter(self.task.losses(batch, step))
        while (pull := self._next(pulls)) is not None:
            pull.optimiser.zero_grad(set_to_none=True)
            pull.loss.backward()
            if self.rules.clip is not None:
                mine = [one for group in pull.optimiser.param_groups for one in group["params"]]
                torch.nn.utils.clip_grad_norm_(mine, self.rules.clip)
            pull.optimiser.step()
            self._sum(pull.name, pull.loss)
        for name, value in step.notes.items():
            self._sum(name, value)

    def _next(self, pulls: Iterator[Turn]) -> Turn | None:
        mixed = self.rules.mixed and self.place.type == "cuda"
        with torch.autocast(self.place.type, torch.bfloat16, enabled=mixed):
            return next(pulls, None)

    def _progress(self) -> float:
        budget = self.rules.seconds
        return self.number / max(1, self.total) if budget is None else min(1.0, self._used() / budget)

    def _sum(self, name: str, value: torch.Tensor) -> None:
        value = value.detach()
        self.sums[name] = self.sums[name] + value if name in self.sums else value
        self.summed[name] = self.summed.get(name, 0) + 1

    def _tell(self) -> None:
        """A point of the curves: the mean since the last one. On a GPU looking waits for it, so it is done seldom."""
        at_once = self.place.type == "cpu" or self.number % LOOK == 0
        if at_once:
            self._check()
        if self.number % self.every == 0 or self.inside == self.task.steps:
            means = {name: float(value) / self.summed[name] for name, value in self.sums.items()}
            self.sums, self.summed = {}, {}
            self.report(self.number, self._expected(), **means)
        elif at_once:
            self.report(self.number, self._expected())
        if (due := self._due()) > self.shown and self.journal is not None and isinstance(self.task, Shows):
            self.shown = due
            self.journal.pictures(self.number, self.task.picture())

    def _due(self) -> int:
        """How many pictures should have been shown by now."""
        return int(self._progress() * self.rules.pictures + 1e-9)

    def _expected(self) -> int:
        """The steps there will have been; at this pace, where seconds decide."""
        if self.rules.seconds is None:
            return self.total
        return max(self.number, round(self.number / max(self._progress(), 1e-9)))

    def _check(self) -> None:
        for name, value in self.sums.items():
            if not bool(torch.isfinite(value)):
                self._ran_away(name, float(value))

    def _ran_away(self, name: str, value: float) -> NoReturn:
        self._give_up(
            f"The training ran away: {name} is {value} at step {self.number:,} of {self._expected():,}."
            " Try a lower --rate (a quarter), or another --seed"
        )

    def _watch(self) -> None:
        """Keep in mind a state that is well, or end with what is wrong with this one."""
        if not isinstance(self.task, Watches):
            return
        trouble = self.task.trouble(self._progress())
        if trouble is not None:
            self._give_up(f"{trouble}; this was seen at step {self.number:,} of {self._expected():,}")
        if self.journal is not None and self.task.well():
            self.good = self._state()

    def _give_up(self, why: str) -> NoReturn:
        """End with what is wrong, and what is left: the last state that was well, or nothing."""
        left = "nothing was written"
        if self.good is not None and self.journal is not None and self.journal.keep(self.good):
            step = self.good.facts["number"]
            left = f"the same command with --resume --steps {step} takes the training as it was at step {step:,}"
        raise BuildError(f"{why}; {left}")

    def _judge(self) -> None:
        if not isinstance(self.task, Judges):
            return
        self.measured = dict(self.task.judge())
        for name, value in self.measured.items():
            if not math.isfinite(value):
                self._ran_away(name, value)
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

    def _keep(self) -> None:
        """Write down where the training is, so that it can go on from here."""
        self.kept_at = monotonic()
        if self.journal is None:
            return
        self._check()  # what ran away is not worth going on from
        self.journal.keep(self._state())

    def _state(self) -> Checkpoint:
        parts: dict[str, Part] = {**self.task.parts(), "sums": Held(self.sums)}
        if self.best_state is not None:
            parts |= {f"best {name}": Held(state) for name, state in self.best_state.items()}
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

    def _go_on(self) -> None:
        checkpoint = self.journal.kept() if self.journal else None
        if checkpoint is None:
            return
        mine = self.task.parts()
        sums = Held({})
        best = {f"best {name}": Held({}) for name in mine} if checkpoint.facts["best"] is not None else {}
        facts = unpack(checkpoint, {**mine, "sums": sums, **best})
        self.epoch, self.inside, self.number = facts["epoch"], facts["inside"], facts["number"]
        self.sums = {name: value.to(self.place) for name, value in sums.state.items()}
        self.summed, self.measured = dict(facts["summed"]), dict(facts["measured"])
        self.spent, self.best_epoch = facts["spent"], facts["best_epoch"]
        self.shown = self._due()
        if best:
            self.best, self.best_measured = facts["best"], dict(facts["best_measured"])
            self.best_state = {name: best[f"best {name}"].state for name in mine}

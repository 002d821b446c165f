"""The one training loop: turns, curves, checkpoints, early stop and what runs away, with trainings of a second."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np
import pytest
import torch

from semsearch.errors import BuildError
from semsearch.nets import loop
from semsearch.nets.loop import Trained, TrainOptions, train
from semsearch.nets.task import Step, Turn
from semsearch.records import silent
from tests.nets.training import CPU, Notebook


class Line:
    """Finds the slope and height of y = 3x - 1 from noisy points; batches and noise follow the epoch and the step."""

    def __init__(self, epochs: int = 3, rate: float = 0.05, momentum: float = 0.9) -> None:
        self.epochs, self.steps = epochs, 20
        self.model = torch.nn.Linear(1, 1)
        with torch.no_grad():
            self.model.weight.fill_(0.0)
            self.model.bias.fill_(0.0)
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=rate, betas=(momentum, 0.99))

    def parts(self) -> Mapping[str, Any]:
        return {"model": self.model, "optimiser": self.optimiser}

    def batches(self, epoch: int) -> Iterator[Any]:
        rng = np.random.default_rng((5, epoch))
        for _ in range(self.steps):
            yield torch.from_numpy(rng.normal(size=(8, 1)).astype(np.float32))

    def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
        noise = 0.1 * torch.randn(batch.shape, generator=step.draw)
        error = self.model(batch) - (3 * batch - 1 + noise)
        step.note(bias=self.model.bias[0])
        yield Turn(self.optimiser, (error**2).mean())

    def found(self) -> tuple[float, float]:
        return self.model.weight.item(), self.model.bias.item()


def run(task: Any, report: Any = silent, **rules: Any) -> Trained:
    return train(task, TrainOptions(seed=7, **rules), device=CPU, report=report)


def test_a_task_learns_and_its_curve_is_told() -> None:
    task, notes = Line(epochs=30), Notebook()
    done = run(task, notes)
    assert done.steps == 600
    assert task.found() == pytest.approx((3.0, -1.0), abs=0.05)  # noise of 0.1 over 4,800 points
    losses = [metrics["loss"] for _, metrics in notes.curve]
    assert losses[0] > 5 and losses[-1] < 0.05
    assert {"loss", "bias"} <= notes.curve[-1][1].keys()
    assert notes.curve[-1][0] == 600


@pytest.mark.parametrize("stop_at", [1, 27, 40, 59])
def test_an_interrupted_training_goes_on_to_the_same_bytes(stop_at: int) -> None:
    whole, whole_notes = Line(), Notebook()
    run(whole, whole_notes)
    notes = Notebook(stop_at=stop_at)
    with pytest.raises(KeyboardInterrupt):
        run(Line(), notes)
    assert notes.last is not None
    again, rest = Line(), Notebook(kept=notes.last)
    run(again, rest)
    assert again.found() == whole.found()  # the very same numbers, not nearly
    assert rest.curve == [point for point in whole_notes.curve if point[0] > stop_at]


class Pressed(Line):
    """Ctrl-C falls into the middle of a step: gradients are there and some weights have moved."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
        yield from super().losses(batch, step)
        if step.number == self.at:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("at", [0, 26, 39])
def test_ctrl_c_inside_a_step_waits_for_its_end(at: int) -> None:
    whole = Line()
    run(whole)
    before, notes = signal.getsignal(signal.SIGINT), Notebook()
    with pytest.raises(KeyboardInterrupt):
        run(Pressed(at), notes)
    assert notes.last is not None and notes.last.facts["number"] == at + 1
    assert signal.getsignal(signal.SIGINT) is before
    again = Line()
    run(again, Notebook(kept=notes.last))
    assert again.found() == whole.found()


class Duel(Line):
    """Two optimisers that take turns: the second must see what the first has done."""

    def __init__(self) -> None:
        super().__init__(epochs=1)
        self.second = torch.optim.SGD([self.model.bias], lr=0.1)
        self.seen: list[tuple[float, float, float]] = []

    def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
        before = self.found()[0]
        yield Turn(self.optimiser, ((self.model(batch) - 3 * batch) ** 2).mean(), "first")
        between = self.found()[0]
        yield Turn(self.second, (self.model.bias**2).sum(), "second")
        self.seen.append((before, between, self.found()[0]))


def test_the_second_optimiser_moves_after_the_first_has_stepped() -> None:
    task, notes = Duel(), Notebook()
    run(task, notes)
    assert all(before != between and between == after for before, between, after in task.seen)
    assert len(task.seen) == task.steps
    assert {"first", "second"} <= notes.curve[0][1].keys()


class Away(Line):
    """Runs away at the third step."""

    def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
        scale = float("nan") if step.number == 2 else 1.0
        yield Turn(self.optimiser, (self.model(batch) ** 2).mean() * scale)


def test_a_loss_that_is_not_finite_stops_it_with_advice_and_keeps_nothing() -> None:
    notes = Notebook()
    with pytest.raises(BuildError, match=r"loss is nan at step 3 of 60.*--lr"):
        run(Away(), notes)
    assert notes.last is None


class Judged(Line):
    """Held-out error falls for four epochs, then rises."""

    def __init__(self) -> None:
        super().__init__(epochs=50)
        self.judged = 0
        self.states: list[tuple[float, float]] = []

    def judge(self) -> Mapping[str, float]:
        self.judged += 1
        self.states.append(self.found())
        return {"held_out": float(abs(self.judged - 4))}


def test_it_stops_early_and_goes_back_to_the_best_epoch() -> None:
    task = Judged()
    done = run(task, patience=3)
    assert done.stopped_early and done.epochs == 7
    assert done.metrics == {"held_out": 0.0}  # of the state that is kept
    assert task.found() == task.states[3] != task.states[6]


def test_early_stop_survives_an_interruption() -> None:
    notes = Notebook(stop_at=110)  # in the sixth epoch, two after the best
    first = Judged()
    with pytest.raises(KeyboardInterrupt):
        run(first, notes, patience=3)
    again = Judged()
    again.judged = first.judged
    done = run(again, Notebook(kept=notes.last), patience=3)
    assert done.stopped_early and done.epochs == 7
    assert again.found() == first.states[3]


def test_gradients_are_bounded() -> None:
    task = Line(epochs=1)
    task.optimiser = torch.optim.SGD(task.model.parameters(), lr=1.0)
    moved = []

    def watch(step: int, total: int, **metrics: float) -> None:
        moved.append(task.found())

    train(task, TrainOptions(seed=7, clip=0.01), device=CPU, report=watch)
    places = np.array([(0.0, 0.0), *moved])
    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() <= 0.01 + 1e-6  # float32 rounding


def test_a_budget_of_seconds_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()  # one second passes each time that it is read
    monkeypatch.setattr(loop, "monotonic", lambda: float(next(clock)))
    done = run(Line(epochs=1_000_000), seconds=50.0)
    assert 0 < done.steps <= 50 and not done.stopped_early


def test_within_a_budget_the_end_is_foreseen_by_the_clock_and_pictures_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(loop, "monotonic", lambda: clock[0])

    class Slow(Shown):
        """Each step takes an eighth of a second."""

        def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
            clock[0] += 0.125
            yield from super().losses(batch, step)

    told = []

    class Told(Notebook):
        def __call__(self, step: int, total: int, **metrics: float) -> None:
            told.append((step, total))
            super().__call__(step, total, **metrics)

    notes = Told()
    done = run(Slow(epochs=1_000_000), notes, seconds=10.0, pictures=4)
    assert done.steps == 80
    assert {total for _, total in told} == {80}
    assert notes.shown == [20, 40, 60, 80]


class Lost(Line):
    """Its last step breaks it, which only judging sees."""

    def judge(self) -> Mapping[str, float]:
        return {"held_out": float("nan")}


def test_what_is_judged_must_be_a_number() -> None:
    with pytest.raises(BuildError, match="held_out is nan at step 20 of 60"):
        run(Lost())


class Watched(Line):
    """Goes wrong in its third epoch."""

    def __init__(self) -> None:
        super().__init__(epochs=6)
        self.states: list[tuple[float, float]] = []

    def well(self) -> bool:
        return True

    def trouble(self, progress: float) -> str | None:
        self.states.append(self.found())
        return "It is ill. Try rest" if len(self.states) == 3 else None


def test_what_goes_wrong_ends_it_and_the_last_good_state_can_be_taken() -> None:
    task, notes = Watched(), Notebook()
    told = "It is ill. Try rest; found at step 60 of 120; the same command with --resume --steps 40 builds"
    with pytest.raises(BuildError, match=re.escape(told)):
        run(task, notes)
    assert notes.last is not None and notes.last.facts["number"] == 40
    again = Line(epochs=2)  # 40 steps, of which none is left
    assert run(again, Notebook(kept=notes.last)).steps == 40
    assert again.found() == task.states[1]
    with pytest.raises(BuildError, match="nothing was written"):
        run(Watched())  # where nothing is kept


class Broken(Watched):
    """Its loss is no number in the second epoch."""

    def losses(self, batch: Any, step: Step) -> Iterator[Turn]:
        yield Turn(self.optimiser, (self.model(batch) ** 2).mean() * (float("nan") if step.number == 25 else 1.0))


def test_what_runs_away_leaves_the_last_good_state_too() -> None:
    notes = Notebook()
    with pytest.raises(BuildError, match=r"diverged: loss is nan at step 26 of 120.*--resume --steps 20 builds"):
        run(Broken(), notes)
    assert notes.last is not None and notes.last.facts["number"] == 20


class Shown(Line):
    def picture(self) -> Any:
        return np.zeros((2, 2, 1), np.uint8)


def test_pictures_are_taken_as_it_goes_on() -> None:
    notes = Notebook()
    run(Shown(), notes, pictures=6)
    assert notes.shown == [10, 20, 30, 40, 50, 60]


def test_the_global_source_of_chance_is_left_alone() -> None:
    from semsearch.nets.device import seeded

    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    with seeded(99):
        task = Line()
    run(task)
    assert torch.equal(torch.rand(3), expected)

"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic

import torch
from torch import Tensor, nn

from ..data.dataset import Dataset
from ..errors import TrainingDiverged
from .adam import Adam
from .objectives.base import B, M, Objective, Phase

CHECK_EVERY = 50
"""Steps between two checks of the loss: each check waits for the device."""

CLIP = 10.0
"""Largest gradient norm of a phase."""


@dataclass(frozen=True)
class Stage(Generic[M]):
    """A number of training steps of one objective on one model.

    Attributes
    ----------
    model : LatentModel
        May share its parts with the models of other stages.
    objective : Objective
    steps : int
    rates : tuple of float
        Learning rate at the start and at the end, joined by half a cosine.
    """

    model: M
    objective: Objective[M]
    steps: int
    rates: tuple[float, float]

    def batches(self, data: Dataset, size: int) -> Callable[[int], Any]:
        """From the number of a step to what its losses are given: ``size`` rows at random."""
        return lambda step: data.minibatch(size)


@dataclass(frozen=True)
class Record:
    """Loss of each phase at one step of a stage, for the training record."""

    stage: int
    step: int
    losses: dict[str, float]


def train(
    stages: Sequence[Stage[Any]], data: Dataset, batch_size: int, advance: Callable[[int], None]
) -> list[Record]:
    """Run the stages one after another.

    Parameters
    ----------
    stages : sequence of Stage
    data : Dataset
    batch_size : int
        Rows per step.
    advance : callable
        Called with the number of steps done since the last call.

    Raises
    ------
    TrainingDiverged
        As soon as a loss is found not to be finite.
    """
    history = []
    device = data.batch(slice(1)).x.device
    for number, stage in enumerate(stages):
        stage.model.to(device).train()
        phases = stage.objective.phases(stage.model)
        history += optimise(
            phases,
            stage.steps,
            stage.rates,
            stage.batches(data, batch_size),
            advance,
            number,
        )
    return history


def optimise(
    phases: Sequence[Phase[B]],
    steps: int,
    rates: tuple[float, float],
    batch: Callable[[int], B],
    advance: Callable[[int], None] = lambda done: None,
    stage: int = 0,
) -> list[Record]:
    """Minimise the losses of phases in turn by Adam, with clipped gradients.

    Parameters
    ----------
    phases : sequence of Phase
        Each has an optimiser of its own.
    steps : int
    rates : tuple of float
        Learning rate at the start and at the end, joined by half a cosine.
    batch : callable
        From the number of a step, counted from 0, to what the losses of that step are given.
    advance : callable
        Called with the number of steps done since the last call.
    stage : int
        Number of the stage in the records.

    Raises
    ------
    TrainingDiverged
        As soon as a loss is found not to be finite.
    """
    history = []
    optimisers = [Adam(phase.parameters) for phase in phases]
    for step in range(steps):
        given, losses = batch(step), {}
        for phase, optimiser in zip(phases, optimisers, strict=True):
            rate = _rate(rates, step, steps)
            for _ in range(phase.repeats):
                loss = _loss(phase, given, step + 1)
                optimiser.forget()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(phase.parameters, CLIP)
                optimiser.step(rate)
            losses[phase.name] = loss.detach()
        done = (step + 1) % CHECK_EVERY or CHECK_EVERY
        if done == CHECK_EVERY or step + 1 == steps:
            record = Record(stage, step + 1, {k: float(v) for k, v in losses.items()})
            _check(record)
            history.append(record)
            advance(done)
    return history


def _rate(rates: tuple[float, float], step: int, steps: int) -> float:
    start, end = rates
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * step / steps))


def _loss(phase: Phase[B], batch: B, step: int) -> Tensor:
    """The loss of a phase; a matrix that can no longer be factored counts as a NaN loss.

    Raises
    ------
    TrainingDiverged
    """
    try:
        return phase.loss(batch)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise _diverged(phase.name, math.nan, step) from error


def _check(record: Record) -> None:
    for name, value in record.losses.items():
        if not math.isfinite(value):
            raise _diverged(name, value, record.step)


def _diverged(name: str, value: float, step: int) -> TrainingDiverged:
    return TrainingDiverged(
        f"training diverged: the {name} loss is {value} at step {step}",
        "Try another --seed or a smaller --set learning_rate=0.001.",
    )

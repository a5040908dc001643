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
from ..models.batch import Batch
from .objectives.base import M, Objective, Phase

LOOK_EVERY = 50
"""Steps between two looks at the loss: each look waits for the device."""

CLIP = 10.0
"""Largest gradient norm of a phase."""


@dataclass(frozen=True)
class Stage(Generic[M]):
    """Some steps of one objective on one model.

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
    advance : callable
        Told of steps done.

    Raises
    ------
    TrainingDiverged
        As soon as a loss is not finite.
    """
    history = []
    device = data.batch(slice(1)).x.device
    for number, stage in enumerate(stages):
        stage.model.to(device).train()
        turns = [
            (phase, torch.optim.Adam(phase.parameters, stage.rates[0], fused=True))
            for phase in stage.objective.phases(stage.model)
        ]
        for step in range(stage.steps):
            batch = data.minibatch(batch_size)
            losses = {}
            for phase, optimiser in turns:
                optimiser.param_groups[0]["lr"] = _rate(stage, step)
                for _ in range(phase.repeats):
                    loss = _loss(phase, batch, step + 1)
                    optimiser.zero_grad(set_to_none=True)
                    loss.backward()  # type: ignore[no-untyped-call]
                    nn.utils.clip_grad_norm_(phase.parameters, CLIP)
                    optimiser.step()
                losses[phase.name] = loss.detach()
            if (step + 1) % LOOK_EVERY == 0 or step + 1 == stage.steps:
                record = Record(number, step + 1, {k: float(v) for k, v in losses.items()})
                _check(record)
                history.append(record)
                advance(LOOK_EVERY if (step + 1) % LOOK_EVERY == 0 else (step + 1) % LOOK_EVERY)
    return history


def _rate(stage: Stage[Any], step: int) -> float:
    start, end = stage.rates
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * step / stage.steps))


def _loss(phase: Phase, batch: Batch, step: int) -> Tensor:
    """The loss of a phase; a matrix that cannot be factored any more is a loss that is not there.

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

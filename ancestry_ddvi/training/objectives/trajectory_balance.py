"""Trajectory balance: a posterior that learns to draw from exactly what a frozen model says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from ...models.batch import Batch, Draw
from ...models.variational import Variational
from .base import Objective, Phase
from .wake_sleep import Sleep

REACH = 10.0
"""Nats from balance beyond which a trajectory pulls no harder."""


def imbalance(log_ratio: Tensor) -> Tensor:
    """Half the variance within rows, averaged over rows, Huberised at ``REACH``; a scalar.

    The log-variance form of trajectory balance (Richter et al. 2020): zero if and only if the
    trajectories of a row agree, whatever they agree on, so that no evidence need be known.

    Parameters
    ----------
    log_ratio : Tensor, (rows, trajectories)
        Log density under the sampler less that under the target, in nats. Trajectories may come
        from anywhere. Those of a row must have the same target.
    """
    centre = log_ratio.mean(1, keepdim=True).expand_as(log_ratio)
    return functional.huber_loss(log_ratio, centre, delta=REACH)


class TrajectoryBalance(Objective[Variational]):
    """Outsourced diffusion sampling (Venkatraman et al. 2025), for all rows at once, plus sleep.

    Rows are simulated from the frozen prior and likelihood, seen as sharply as those of the
    batch. Each has several trajectories: most the sampler's own; a quarter noised from the z that
    made the row, which is an exact draw from its posterior and so comes to every mode in
    proportion. States carry no gradient: only their densities under the sampler do. Balance sees
    few rows a step, and what is asked of an encoder is to know many: that is what sleep is for.

    Parameters
    ----------
    trajectories : int
        Per row, of every so many-th row of the batch.
    """

    def __init__(self, trajectories: int = 8) -> None:
        super().__init__()
        self.given = trajectories // 4
        self.own = trajectories - self.given

    def phases(self, model: Variational) -> Sequence[Phase[Batch]]:
        """One turn over all parameters but those of prior and likelihood."""
        (sleep,) = Sleep().phases(model)

        def loss(batch: Batch) -> Tensor:
            some = batch[:: self.own + self.given]
            return sleep.loss(batch) + imbalance(self.log_ratios(model, some))

        return [Phase("trajectory_balance", sleep.parameters, loss)]

    def log_ratios(self, model: Variational, batch: Batch) -> Tensor:
        """Of trajectories of simulated data seen as sharply as ``batch``; (rows, trajectories)."""
        rows, truth = model.simulate(batch)
        with torch.no_grad():
            several = rows.repeat(self.own)
            noise = torch.randn(len(several), *model.noise_shape, device=rows.x.device)
            own, given = model.encode(several, noise), noised(model, truth, self.given)
        context = model.encoder(rows)
        each = [negative_log_weight(model, rows, context, draw) for draw in (own, given)]
        return torch.cat(each, 1)


def noised(model: Variational, draw: Draw, times: int) -> Draw:
    """Each latent ``times`` in a row, every time with another path from r(path | z)."""
    z = draw.z.repeat_interleave(times, 0)
    label = None if draw.label is None else draw.label.repeat_interleave(times)
    return Draw(z, model.posterior.complete(z), None, label)


def negative_log_weight(model: Variational, rows: Batch, context: Tensor, draw: Draw) -> Tensor:
    """Minus the log weights of draws, with a gradient to the sampler alone; (rows, draws of each).

    Parameters
    ----------
    rows : Batch
    context : Tensor, (rows, width)
        What the sampler's encoder makes of the rows.
    draw : Draw
        As many of the first row, then as many of the second, and so on.
    """
    times = len(draw.z) // len(rows)
    with torch.no_grad():
        unweighed = replace(draw, log_q=torch.zeros_like(draw.z[:, 0]))
        target = model.log_weight(rows.repeat(times), unweighed)
    return (model.log_q(context.repeat_interleave(times, 0), draw) - target).view(-1, times)

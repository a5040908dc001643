"""Images of one class from a generator that was fitted without classes, by several samplers."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ..data.images import ImageData, Images
from ..evaluation.latents import sliced_wasserstein
from ..evaluation.mmd import mmd
from ..methods.networks import NetworkRecipe
from ..models.latent import LatentModel
from ..models.nets import MLP
from ..seeding import stream
from . import images
from .class_samplers import DRAWS, ClassifiedGenerator, all_samplers, propose
from .classifiers import cnn_classifier, fit_temperature, train_classifier
from .image_metrics import latents
from .pictures import draw_classes
from .study import Result, Study, StudyOptions, Workspace, estimates, steps

log = logging.getLogger(__name__)

SAMPLERS = ("prior", "rejection", "hmc", "annealed", "outsourced", "images")

SETTINGS = images.SETTINGS | {"beta": "1"}
"""With beta = 4, as for two latents, little of a digit is left."""

CLASSIFIER_STEPS = 1200
"""Training steps of each classifier."""

CALIBRATION_IMAGES = 5000
"""Images by which the temperature of the reward is set."""

COLUMNS = (
    "method", "sampler", "dims", "seeds", "log_reward", "accuracy", "diversity", "mmd_squared",
    "sliced_wasserstein", "acceptance", "rarest", "effective", "log_z_error", "gap", "by_prior",
    "usable", "seconds_to_train", "seconds_per_1000", "break_even",
)  # fmt: skip


@dataclass(frozen=True)
class ConditionalTrial:
    """One generator: everything that its rows depend on, apart from the data.

    Attributes
    ----------
    method : str
    dims, seed : int
    epochs : float
    settings : mapping of str to str
        Settings of the method's recipe.
    """

    method: str
    dims: int
    seed: int
    epochs: float
    settings: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"conditional.{self.method}.{self.dims}-dims.{self.seed}"

    def recipe(self, count: int) -> NetworkRecipe:
        """The recipe for a number of training images, under the standard normal prior.

        Raises
        ------
        UsageProblem
            If a setting is unknown.
        """
        found = images.network_recipe(self.method, SETTINGS, self.settings)
        return replace(found, prior="normal", steps=steps(self.epochs, count, found.batch))


class Classifiers(NamedTuple):
    """Two classifiers trained on different halves of the images.

    Attributes
    ----------
    reward : nn.Module
        Its probabilities are the reward.
    judge : nn.Module
        Another network, by which accuracy is measured.
    temperature : float
        By which logits of the reward are divided.
    """

    reward: nn.Module
    judge: nn.Module
    temperature: float

    def log_probs(self, pixels: Tensor) -> Tensor:
        """Calibrated log P(class | image); (n, classes)."""
        logits: Tensor = self.reward(pixels) / self.temperature
        return logits.log_softmax(-1)


def plan(options: StudyOptions) -> list[ConditionalTrial]:
    """Every generator with every seed.

    Raises
    ------
    UsageProblem
        If a setting is unknown, or there are no so many dimensions.
    """
    trials = [
        ConditionalTrial(method, options.dims, seed, options.epochs, options.settings)
        for method in options.methods
        for seed in range(1, options.seeds + 1)
    ]
    for trial in trials:
        trial.recipe(1).check(trial.dims, 0)
    return trials


def judge(trial: ConditionalTrial, collection: Images, where: Workspace) -> dict[str, Any]:
    """Train classifiers and generator, and draw every class by every sampler.

    Returns
    -------
    dict
        ``temperature``, and ``classes``: for each sampler, a record of each class.
    """
    order = stream(trial.seed, "halves").permutation(len(collection.train_x))
    halves = order[::2], order[1::2]
    nets = _train_classifiers(collection, halves, where.device)
    train = ImageData(collection.train_x, where.device)  # without labels
    method = images.fit_network(trial.recipe(len(train)), train, trial.dims, 0, trial.name, where)
    model = method.model.requires_grad_(False).eval()
    unseen = halves[1][:CALIBRATION_IMAGES]
    with torch.no_grad():
        logits = nets[0](_reconstruct(model, collection.train_x[unseen], where.device))
    label = torch.tensor(collection.train_label[unseen], device=where.device)
    classifiers = Classifiers(*nets, fit_temperature(logits, label))
    log.info("%s: temperature of the reward %.2f", trial.name, classifiers.temperature)
    found = _judge_classes(trial, classifiers, model, collection, where)
    return {"temperature": classifiers.temperature, "classes": found}


def _train_classifiers(
    collection: Images, halves: Sequence[np.ndarray], device: torch.device
) -> tuple[nn.Module, nn.Module]:
    """A convolutional network on one half, a dense one on the other."""
    height, width = collection.train_x.shape[2:]
    classes = len(collection.classes)
    reward = cnn_classifier(height, width, classes).to(device)
    other = MLP(height * width, classes, 256).to(device)
    for net, half in zip((reward, other), halves, strict=True):
        label = torch.tensor(collection.train_label[half], device=device)
        pixels = _unit_pixels(collection.train_x[half], device)
        train_classifier(net, pixels, label, CLASSIFIER_STEPS)
    return reward, other


def _judge_classes(
    trial: ConditionalTrial,
    classifiers: Classifiers,
    model: LatentModel,
    collection: Images,
    where: Workspace,
) -> dict[str, list[dict[str, float]]]:
    """Every class by every sampler, and one picture of all."""
    found: dict[str, list[dict[str, float]]] = {sampler: [] for sampler in SAMPLERS}
    sheet: dict[str, list[np.ndarray]] = {sampler: [] for sampler in SAMPLERS}
    generator = ClassifiedGenerator(model.prior, model.likelihood, classifiers.log_probs)
    with torch.no_grad():
        proposals = propose(generator)
    with where.progress.stage(f"{trial.name}, classes", len(collection.classes)) as advance:
        for label in range(len(collection.classes)):
            drawn = all_samplers(generator, proposals, label)
            with torch.no_grad():
                exact = generator.decode(proposals.accepted(label, DRAWS, 2 * DRAWS))
                made = {name: generator.decode(one.z) for name, one in drawn.items()}
                of_class = collection.test_x[collection.test_label == label][:DRAWS]
                made["images"] = _reconstruct(model, of_class, exact.device)
                for name, pixels in made.items():
                    known = drawn[name].cost if name in drawn else {}
                    found[name].append(measure(classifiers, pixels, exact, label) | known)
                    sheet[name].append(pixels[:6].cpu().numpy())
            advance(1)
    draw_classes(where.pictures, trial.name, sheet, collection)
    return found


def measure(
    classifiers: Classifiers, pixels: Tensor, exact: Tensor, label: int
) -> dict[str, float]:
    """Measures of images (n, features) drawn for a class, compared with exact draws."""
    n = min(len(pixels), len(exact))
    ours, theirs = (part[:n].double().cpu().numpy() for part in (pixels, exact))
    return {
        "log_reward": float(classifiers.log_probs(pixels)[:, label].mean()),
        "accuracy": float((classifiers.judge(pixels).argmax(-1) == label).double().mean()),
        "diversity": float(torch.pdist(pixels).mean() / torch.pdist(exact).mean()),
        "mmd_squared": mmd(ours, theirs)[1],
        "sliced_wasserstein": sliced_wasserstein(ours, theirs),
    }


def rows(same: Sequence[Result]) -> list[dict[str, Any]]:
    """A row for each sampler: means over classes and seeds."""
    return [
        {"sampler": sampler}
        | estimates(COLUMNS[4:], [over_classes(result["classes"], sampler) for result in same])
        for sampler in SAMPLERS
    ]


def over_classes(
    classes: Mapping[str, Sequence[Mapping[str, float]]], sampler: str
) -> dict[str, float]:
    """Means of a sampler over classes, its least acceptance, and when its training pays off."""
    records = classes[sampler]
    found = {name: float(np.mean([r[name] for r in records])) for name in records[0]}
    if "acceptance" in found:
        found["rarest"] = min(r["acceptance"] for r in records)
    if found.get("seconds_to_train"):
        exact = over_classes(classes, "rejection")["seconds_per_1000"]
        found["break_even"] = break_even_draws(
            found["seconds_to_train"], found["seconds_per_1000"], exact
        )
    return found


def break_even_draws(to_train: float, per_1000: float, other_per_1000: float) -> float:
    """Draws from which a sampler with training costs less than one without; NaN if never."""
    gain = other_per_1000 - per_1000
    return 1000 * to_train / gain if gain > 0 else math.nan


def _reconstruct(model: LatentModel, pixels: np.ndarray, device: torch.device) -> Tensor:
    """Images, uint8 (n, 1, height, width), encoded and decoded by the generator; (n, features)."""
    z = latents(model, ImageData(pixels, device))
    decoded: Tensor = model.likelihood(torch.tensor(z, device=device))
    return decoded


def _unit_pixels(pixels: np.ndarray, device: torch.device) -> Tensor:
    """Bytes scaled to 0 .. 1; (n, features)."""
    return torch.tensor(pixels.reshape(len(pixels), -1), device=device).float() / 255


CONDITIONAL = Study(
    suffix="",
    recipe=NetworkRecipe,
    methods=("vae", "aae"),
    columns=COLUMNS,
    keys=("method", "dims"),
    plan=plan,
    load=images.load,
    judge=judge,
    rows=rows,
)

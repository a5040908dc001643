"""Images of a class from a generator that knows no classes, by several samplers."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.images import ImageData, Images, load_images
from ..errors import UsageProblem
from ..evaluation.intervals import t_interval
from ..evaluation.latents import sliced_wasserstein
from ..evaluation.mmd import mmd
from ..evaluation.tables import Estimate, Table
from ..methods import recipe
from ..methods.method import Spec
from ..methods.networks import NetworkRecipe, Trained, VariationalRecipe
from ..models.latent import LatentModel
from ..models.nets import MLP
from ..progress import Progress
from ..seeding import stream
from . import images
from .class_samplers import DRAWS, Scene, every, propose
from .classifiers import cnn_classifier, temperature, train_classifier
from .image_metrics import latents
from .pictures import draw_classes
from .trials import results

log = logging.getLogger(__name__)

METHODS = ("vae", "aae")
SAMPLERS = ("prior", "rejection", "hmc", "annealed", "outsourced", "images")

CLASSIFIED = 1200
"""Training steps of each classifier."""

CALIBRATED = 5000
"""Images by which the temperature of the reward is set."""

COLUMNS = (
    "method", "sampler", "dims", "seeds", "log_reward", "accuracy", "diversity", "mmd_squared",
    "sliced_wasserstein", "acceptance", "rarest", "effective", "log_z_error", "gap", "by_prior",
    "usable", "seconds_to_train", "seconds_per_1000", "breaks_even",
)  # fmt: skip


@dataclass(frozen=True)
class ConditionalTrial:
    """One generator: all that its rows depend on besides the data.

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
        """Of its files."""
        return f"conditional.{self.method}.{self.dims}-dims.{self.seed}"

    def recipe(self, count: int) -> NetworkRecipe:
        """The recipe for so many training images, under the standard normal prior.

        The divergence counts once: four times, as with two latents, leaves little of a digit.

        Raises
        ------
        UsageProblem
            If the method or a setting is unknown, or the method trains no networks.
        """
        if not isinstance(recipe(self.method), NetworkRecipe):
            raise UsageProblem(
                f"{self.method} is not fitted to images", f"Choose from {', '.join(METHODS)}."
            )
        plain = images.ImageTrial(self.method, "normal", self.seed, 0, self.epochs, self.settings)
        found = plain.recipe(count)
        if isinstance(found, VariationalRecipe) and "beta" not in self.settings:
            return replace(found, beta=1.0)
        return found


def run(
    folder: Path,
    out: Path,
    trials: Sequence[ConditionalTrial],
    device: torch.device,
    threads: int | None,
    progress: Progress,
) -> Table:
    """Fit and judge on MNIST what is not done yet; the table of all.

    Raises
    ------
    DDVIError
        If data cannot be read, or a trial cannot be meant.
    """
    for trial in trials:  # what cannot be meant is said before anything is read
        trial.recipe(1).check(trial.dims, 0)
    collection = load_images("mnist", folder)

    def judged(trial: ConditionalTrial) -> dict[str, Any]:
        return judge(trial, collection, out, device, progress)

    return table(results(trials, judged, out / "trials", threads))


def judge(
    trial: ConditionalTrial, collection: Images, out: Path, device: torch.device, progress: Progress
) -> dict[str, Any]:
    """Train classifiers and generator, and draw every class by every sampler.

    Returns
    -------
    dict
        ``temperature``, and ``classes``: by sampler, a record of each class.
    """
    order = stream(trial.seed, "halves").permutation(len(collection.train_x))
    halves = order[::2], order[1::2]
    height, width = collection.train_x.shape[2:]
    many = len(collection.classes)
    reward = cnn_classifier(height, width, many).to(device)
    other = MLP(height * width, many, 256).to(device)
    for net, half in zip((reward, other), halves, strict=True):
        label = torch.tensor(collection.train_label[half], device=device)
        train_classifier(net, _shares(collection.train_x[half], device), label, CLASSIFIED)
    model = _generator(trial, collection, device, progress)
    unseen = halves[1][:CALIBRATED]
    with torch.no_grad():
        again = _again(model, collection.train_x[unseen], device)
        logits = reward(again)
    label = torch.tensor(collection.train_label[unseen], device=device)
    warmth = temperature(logits, label)
    log.info("%s: temperature of the reward %.2f", trial.name, warmth)
    scene = Scene(
        model.prior, model.likelihood, lambda pixels: (reward(pixels) / warmth).log_softmax(-1)
    )
    found = _classes(trial, scene, other, model, collection, out, progress)
    return {"temperature": warmth, "classes": found}


def _generator(
    trial: ConditionalTrial, collection: Images, device: torch.device, progress: Progress
) -> LatentModel:
    """Fitted to all training images without their labels, and left as it is."""
    train = ImageData(collection.train_x, device)
    method = trial.recipe(len(train)).build(Spec(train.modality, trial.dims), device)
    assert isinstance(method, Trained)
    with progress.stage(trial.name, method.steps) as advance:
        method.fit(train, advance)
    return method.model.requires_grad_(False).eval()


def _classes(
    trial: ConditionalTrial,
    scene: Scene,
    other: nn.Module,
    model: LatentModel,
    collection: Images,
    out: Path,
    progress: Progress,
) -> dict[str, list[dict[str, float]]]:
    """Every class by every sampler; and one picture of all."""
    found: dict[str, list[dict[str, float]]] = {sampler: [] for sampler in SAMPLERS}
    sheet: dict[str, list[np.ndarray]] = {sampler: [] for sampler in SAMPLERS}
    with torch.no_grad():
        proposals = propose(scene)
    with progress.stage(f"{trial.name}, classes", len(collection.classes)) as advance:
        for label in range(len(collection.classes)):
            drawn = every(scene, proposals, label)
            with torch.no_grad():
                exact = scene.decode(proposals.of(label, DRAWS, 2 * DRAWS))
                made = {name: scene.decode(one.z) for name, one in drawn.items()}
                of_class = collection.test_x[collection.test_label == label][:DRAWS]
                made["images"] = _again(model, of_class, exact.device)
                for name, pixels in made.items():
                    known = drawn[name].cost if name in drawn else {}
                    found[name].append(measure(scene, other, pixels, exact, label) | known)
                    sheet[name].append(pixels[:6].cpu().numpy())
            advance(1)
    draw_classes(out / "pictures", trial.name, sheet, collection)
    return found


def measure(
    scene: Scene, other: nn.Module, pixels: Tensor, exact: Tensor, label: int
) -> dict[str, float]:
    """What is seen of images (n, features) that should be of a class, beside exact ones."""
    n = min(len(pixels), len(exact))
    ours, theirs = (part[:n].double().cpu().numpy() for part in (pixels, exact))
    return {
        "log_reward": float(scene.log_chance(pixels)[:, label].mean()),
        "accuracy": float((other(pixels).argmax(-1) == label).double().mean()),
        "diversity": float(torch.pdist(pixels).mean() / torch.pdist(exact).mean()),
        "mmd_squared": mmd(ours, theirs)[1],
        "sliced_wasserstein": sliced_wasserstein(ours, theirs),
    }


def table(results: Sequence[Mapping[str, Any]]) -> Table:
    """Means over classes, and over seeds with 95 % t intervals; a row a generator and sampler."""
    rows = []
    for method, dims in dict.fromkeys((r["method"], r["dims"]) for r in results):
        same = [r["classes"] for r in results if (r["method"], r["dims"]) == (method, dims)]
        for sampler in SAMPLERS:
            seeds = [over_classes(classes, sampler) for classes in same]
            row: dict[str, Any] = {"method": method, "sampler": sampler, "dims": dims}
            row["seeds"] = len(same)
            for column in COLUMNS[4:]:
                row[column] = Estimate(*t_interval([s.get(column, math.nan) for s in seeds]))
            rows.append(row)
    return Table(COLUMNS, rows)


def over_classes(
    classes: Mapping[str, Sequence[Mapping[str, float]]], sampler: str
) -> dict[str, float]:
    """Means of a sampler over classes, its least acceptance, and when it pays to train it."""
    records = classes[sampler]
    found = {name: float(np.mean([r[name] for r in records])) for name in records[0]}
    if "acceptance" in found:
        found["rarest"] = min(r["acceptance"] for r in records)
    if sampler in ("hmc", "outsourced"):
        plain = over_classes(classes, "rejection")["seconds_per_1000"]
        found["breaks_even"] = breaks_even(
            found["seconds_to_train"], found["seconds_per_1000"], plain
        )
    return found


def breaks_even(to_train: float, per_1000: float, plain_per_1000: float) -> float:
    """Draws after which what was trained has cost less than what was not; NaN if never."""
    gain = plain_per_1000 - per_1000
    return 1000 * to_train / gain if gain > 0 else math.nan


def _again(model: LatentModel, pixels: np.ndarray, device: torch.device) -> Tensor:
    """Images (n, 1, height, width) of bytes as the generator has them after encoding: (n, f)."""
    places = latents(model, ImageData(pixels, device))
    decoded: Tensor = model.likelihood(torch.tensor(places, device=device))
    return decoded


def _shares(pixels: np.ndarray, device: torch.device) -> Tensor:
    """Bytes as shares of the highest; (n, features)."""
    return torch.tensor(pixels.reshape(len(pixels), -1), device=device).float() / 255

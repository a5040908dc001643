"""MNIST and CIFAR-10: the image tables of the DDVI paper, run again."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..data.images import ImageData, Images, load_images, withhold
from ..evaluation.intervals import t_interval
from ..evaluation.tables import Estimate, Table
from ..methods import recipe
from ..methods.method import Spec
from ..methods.networks import NetworkRecipe, Trained
from ..methods.settings import with_settings
from ..progress import Progress
from .image_metrics import bounds, image_metrics, label_metrics, latent_metrics, latents
from .pictures import draw
from .trials import results

METHODS = ("vae", "iaf-vae", "h-iaf-vae", "aae", "ddvi")
PRIORS = ("pinwheel", "swiss-roll", "square")
SETTINGS = {
    "width": "512", "encoder_width": "512", "chain_width": "256", "learning_rate": "0.002",
    "batch": "128", "beta": "4", "alpha": "100",
}  # fmt: skip
"""What images want otherwise than genotypes, of methods that have such a setting.

A divergence that counts once leaves latents wider than a curved prior (docs/decisions/0008).
The paper's weights come to 2.4 to 8.
"""

DIMS, CLASSES = 2, 10

SUFFIX = ""
"""Of the names of the tables."""

PAPER = ("paper_elbo", "paper_latent_nll", "paper_mmd", "paper_knn")
HONEST = (
    "elbo", "importance_bound", "cross_entropy", "cross_entropy_of_prior", "sliced_wasserstein",
    "mmd_squared", "knn", "accuracy",
)  # fmt: skip
REFERENCES = ("latent_nll_oracle", "latent_nll_normal")
COLUMNS = ("method", "prior", "labels", "seeds", *PAPER, *REFERENCES, *HONEST, "seconds")


@dataclass(frozen=True)
class ImageTrial:
    """One fit: all that its result depends on besides the data.

    Attributes
    ----------
    method, prior : str
    seed : int
    labels : int
        Labels kept, of all classes alike; 0 for an unsupervised fit.
    epochs : float
    settings : mapping of str to str
        Settings of the method's recipe.
    """

    method: str
    prior: str
    seed: int
    labels: int
    epochs: float
    settings: Mapping[str, str]

    @property
    def name(self) -> str:
        """Of its files."""
        kind = f"{self.labels}-labels" if self.labels else "unsupervised"
        return f"{self.method}.{self.prior.replace(':', '-')}.{kind}.{self.seed}"

    def recipe(self, images: int) -> NetworkRecipe:
        """The recipe for so many training images.

        Raises
        ------
        UsageProblem
            If a setting is unknown.
        """
        plain = recipe(self.method)
        assert isinstance(plain, NetworkRecipe)
        ours = {key: value for key, value in SETTINGS.items() if hasattr(plain, key)}
        found = with_settings(plain, ours | dict(self.settings))
        steps = math.ceil(self.epochs * images / found.batch)
        return replace(found, prior=self.prior, steps=steps)


def planned(
    methods: Sequence[str],
    priors: Sequence[str],
    *,
    seeds: int,
    labels: int,
    epochs: float,
    settings: Mapping[str, str],
) -> list[ImageTrial]:
    """Every method with every prior, by default those of the paper.

    Raises
    ------
    UsageProblem
        If one cannot be meant.
    """
    found = [
        ImageTrial(method, prior, seed, labels, epochs, settings)
        for method in methods
        for prior in priors or PRIORS
        for seed in range(1, seeds + 1)
    ]
    for trial in found:
        trial.recipe(1).check(DIMS, CLASSES if labels else 0)
    return found


def run(
    name: str,
    folder: Path,
    out: Path,
    trials: Sequence[ImageTrial],
    device: torch.device,
    threads: int | None,
    progress: Progress,
) -> Table:
    """Fit and judge what is not done yet; the table of all.

    Raises
    ------
    DDVIError
        If data cannot be read, or a trial fails.
    """
    images = load_images(name, folder)

    def judged(trial: ImageTrial) -> dict[str, float]:
        return judge(trial, images, out, device, progress)

    return table(results(trials, judged, out / "trials", threads))


def judge(
    trial: ImageTrial, images: Images, out: Path, device: torch.device, progress: Progress
) -> dict[str, float]:
    """Fit one trial, draw it, and measure it on test images."""
    start = time.monotonic()
    known = None
    if trial.labels:
        known = withhold(images.train_label, trial.seed, keep=trial.labels)
    train = ImageData(images.train_x, device, known)
    test = ImageData(images.test_x, device)
    classes = len(images.classes) if trial.labels else 0
    method = trial.recipe(len(train)).build(Spec(train.modality, DIMS, classes), device)
    assert isinstance(method, Trained)
    with progress.stage(trial.name, method.steps) as advance:
        method.fit(train, advance)
    seconds = time.monotonic() - start
    model = method.model.eval()
    with torch.no_grad():
        places, test_places = latents(model, train), latents(model, test)
        found = (
            latent_metrics(model, test_places)
            | bounds(model, test)
            | image_metrics(model, images)
            | label_metrics(model, images, known, places, test_places, test)
        )
        draw(out / "pictures", trial.name, model, test, images, test_places)
    return found | {"seconds": seconds}


def table(found: Sequence[Mapping[str, Any]]) -> Table:
    """Means over seeds with 95 % t intervals; a row for each method, prior and number of labels."""
    kinds = list(dict.fromkeys((r["method"], r["prior"], r["labels"]) for r in found))
    rows = []
    for kind in kinds:
        same = [r for r in found if (r["method"], r["prior"], r["labels"]) == kind]
        row: dict[str, Any] = dict(zip(("method", "prior", "labels"), kind, strict=True))
        row["seeds"] = len(same)
        for column in COLUMNS[4:]:
            row[column] = Estimate(*t_interval([r[column] for r in same]))
        rows.append(row)
    return Table(COLUMNS, rows)

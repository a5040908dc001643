"""MNIST and CIFAR-10: the image tables of Piriyakulkij, Wang & Kuleshov (2025)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from ..data.images import ImageData, Images, load_images, withhold
from ..methods import recipe
from ..methods.method import Spec
from ..methods.networks import NetworkMethod, NetworkRecipe
from ..methods.settings import with_settings
from .image_metrics import bounds, image_metrics, label_metrics, latent_metrics, latents
from .pictures import draw
from .study import Result, Study, StudyOptions, Workspace, estimates, steps

PRIORS = ("pinwheel", "swiss-roll", "square")
SETTINGS = {
    "width": "512", "encoder_width": "512", "chain_width": "256", "learning_rate": "0.002",
    "batch": "128", "beta": "4", "alpha": "100",
}  # fmt: skip
"""Settings for images where they differ from those for genotypes; a method takes those it has.

With beta = 1 latents are wider than a curved prior (docs/decisions/0008). The paper's weights
amount to 2.4 to 8.
"""

DIMS, CLASSES = 2, 10

PAPER = ("paper_elbo", "paper_latent_nll", "paper_mmd", "paper_knn")
HONEST = (
    "elbo", "importance_bound", "cross_entropy", "cross_entropy_of_prior", "sliced_wasserstein",
    "mmd_squared", "knn", "accuracy",
)  # fmt: skip
REFERENCES = ("latent_nll_oracle", "latent_nll_normal")
COLUMNS = ("method", "prior", "labels", "seeds", *PAPER, *REFERENCES, *HONEST, "seconds")


@dataclass(frozen=True)
class ImageTrial:
    """One fit: everything that its result depends on, apart from the data.

    Attributes
    ----------
    method, prior : str
    seed : int
    labels : int
        Labels kept, as many of each class; 0 for an unsupervised fit.
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
        """Name of its files."""
        kind = f"{self.labels}-labels" if self.labels else "unsupervised"
        return f"{self.method}.{self.prior.replace(':', '-')}.{kind}.{self.seed}"

    def recipe(self, images: int) -> NetworkRecipe:
        """The recipe for a number of training images.

        Raises
        ------
        UsageProblem
            If a setting is unknown.
        """
        found = network_recipe(self.method, SETTINGS, self.settings)
        return replace(found, prior=self.prior, steps=steps(self.epochs, images, found.batch))


def network_recipe(
    method: str, defaults: Mapping[str, str], settings: Mapping[str, str]
) -> NetworkRecipe:
    """The recipe of a method with settings, and with those of the defaults that it has.

    Raises
    ------
    UsageProblem
        If a setting is unknown.
    """
    plain = recipe(method)
    assert isinstance(plain, NetworkRecipe)
    ours = {key: value for key, value in defaults.items() if hasattr(plain, key)}
    return with_settings(plain, ours | dict(settings))


def plan(options: StudyOptions) -> list[ImageTrial]:
    """Every method with every prior, by default those of the paper.

    Raises
    ------
    UsageProblem
        If a setting or a prior is unknown, or a prior has no partitions for classes.
    """
    trials = [
        ImageTrial(method, prior, seed, options.labels, options.epochs, options.settings)
        for method in options.methods
        for prior in options.priors or PRIORS
        for seed in range(1, options.seeds + 1)
    ]
    for trial in trials:
        trial.recipe(1).check(DIMS, CLASSES if options.labels else 0)
    return trials


def load(where: Workspace, trials: Sequence[Any]) -> Images:
    """The collection, for all trials."""
    del trials
    return load_images(where.collection, where.images)


def judge(trial: ImageTrial, images: Images, where: Workspace) -> dict[str, float]:
    """Fit one trial, draw it, and measure it on test images."""
    start = time.monotonic()
    known = None
    if trial.labels:
        known = withhold(images.train_label, trial.seed, keep=trial.labels)
    train = ImageData(images.train_x, where.device, known)
    test = ImageData(images.test_x, where.device)
    classes = len(images.classes) if trial.labels else 0
    method = fit_network(trial.recipe(len(train)), train, DIMS, classes, trial.name, where)
    seconds = time.monotonic() - start
    model = method.model.eval()
    with torch.no_grad():
        z, test_z = latents(model, train), latents(model, test)
        found = (
            latent_metrics(model, test_z)
            | bounds(model, test)
            | image_metrics(model, images)
            | label_metrics(model, images, known, z, test_z, test)
        )
        draw(where.pictures, trial.name, model, test, images, test_z)
    return found | {"seconds": seconds}


def fit_network(
    chosen: NetworkRecipe, train: ImageData, dims: int, classes: int, name: str, where: Workspace
) -> NetworkMethod:
    """A method fitted to images; progress is shown under a name."""
    method = chosen.build(Spec(train.modality, dims, classes), where.device)
    with where.progress.stage(name, method.steps) as advance:
        method.fit(train, advance)
    return method


def rows(same: Sequence[Result]) -> list[dict[str, Any]]:
    """One row: means over seeds."""
    return [estimates(COLUMNS[4:], same)]


IMAGES = Study(
    suffix="",
    recipe=NetworkRecipe,
    methods=("vae", "iaf-vae", "h-iaf-vae", "aae", "ddvi"),
    columns=COLUMNS,
    keys=("method", "prior", "labels"),
    plan=plan,
    load=load,
    judge=judge,
    rows=rows,
)

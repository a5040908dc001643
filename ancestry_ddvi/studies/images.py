"""MNIST and CIFAR-10: the image tables of the DDVI paper, run again."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.images import ImageData, Images, load_images, withhold
from ..evaluation.intervals import t_interval
from ..evaluation.latents import latent_nll, sliced_wasserstein
from ..evaluation.mmd import mmd
from ..evaluation.neighbours import neighbour_accuracy
from ..evaluation.tables import Estimate, Table
from ..mapping import with_settings
from ..methods import recipe
from ..methods.method import Recipe, Spec
from ..methods.networks import NetworkRecipe, Trained
from ..models.latent import LatentModel
from ..models.priors import prior
from ..models.runtime import computing
from ..progress import Progress
from ..storage import whole
from .pictures import draw

log = logging.getLogger(__name__)

METHODS = ("vae", "iaf-vae", "h-iaf-vae", "aae", "ddvi")
PRIORS = ("pinwheel", "swiss-roll", "square")
SETTINGS = {
    "width": "512", "encoder_width": "512", "learning_rate": "0.002",
}  # fmt: skip
"""What images want otherwise than genotypes, of methods that have such a setting."""

DIMS, CLASSES = 2, 10

DRAWS = 100
"""Of the importance-weighted bound."""

JUDGED = 1000
"""Test images it is taken over."""

AT_ONCE = 1000
NEIGHBOURS = 20

PAPER = ("paper_elbo", "paper_latent_nll", "paper_mmd", "paper_knn")
HONEST = (
    "elbo", "importance_bound", "cross_entropy", "cross_entropy_of_prior", "sliced_wasserstein",
    "mmd_squared", "knn", "accuracy",
)  # fmt: skip
REFERENCES = ("latent_nll_oracle", "latent_nll_normal")
COLUMNS = ("method", "prior", "labels", "seeds", *PAPER, *REFERENCES, *HONEST, "seconds")


@dataclass(frozen=True)
class Trial:
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
            If the method, the prior or a setting is unknown, or the method trains no networks.
        """
        plain = trained(self.method)
        ours = {key: value for key, value in SETTINGS.items() if hasattr(plain, key)}
        found = with_settings(plain, ours | dict(self.settings))
        steps = math.ceil(self.epochs * images / found.batch)
        return replace(found, prior=self.prior, steps=steps)


def trained(method: str) -> NetworkRecipe:
    """The recipe of a method, which must be one that trains networks.

    Raises
    ------
    UsageProblem
    """
    from ..errors import UsageProblem

    found: Recipe = recipe(method)
    if not isinstance(found, NetworkRecipe):
        raise UsageProblem(
            f"{method} is not fitted to images", f"Choose from {', '.join(METHODS)}."
        )
    return found


def run(
    name: str,
    folder: Path,
    out: Path,
    trials: Sequence[Trial],
    device: torch.device,
    threads: int | None,
    progress: Progress,
) -> dict[str, Path]:
    """Fit and judge what is not done yet, then write the table of all; the paths by kind.

    Every finished trial is a file of its own under ``out``/trials, which a later run with the
    same settings finds and does not repeat.

    Raises
    ------
    DDVIError
        If data cannot be read, or a trial cannot be meant.
    """
    for trial in trials:  # what cannot be meant is said before anything is read
        trial.recipe(1)
        prior(trial.prior, DIMS, CLASSES if trial.labels else 0)
    images = load_images(name, folder)
    (out / "trials").mkdir(parents=True, exist_ok=True)
    results = []
    for number, trial in enumerate(trials, start=1):
        path = out / "trials" / f"{trial.name}.json"
        done = _done(path, trial)
        if done is None:
            log.info("%s of %s: %s", number, len(trials), trial.name)
            with computing(trial.seed, threads):
                done = judge(trial, images, out, device, progress)
            with whole(path) as beside:
                beside.write_text(json.dumps({"trial": asdict(trial), **done}, indent=1))
        results.append(done | asdict(trial))
    return table(results).write(str(out / name))


def _done(path: Path, trial: Trial) -> dict[str, Any] | None:
    """The result of an earlier run of the very same trial."""
    if not path.exists():
        return None
    before = json.loads(path.read_text())
    return before if before.pop("trial") == asdict(trial) else None


def judge(
    trial: Trial, images: Images, out: Path, device: torch.device, progress: Progress
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
        places, test_places = _latents(model, train), _latents(model, test)
        found = (
            _latent_metrics(model, test_places)
            | _bounds(model, test)
            | _image_metrics(model, images)
            | _label_metrics(model, images, known, places, test_places, test)
        )
        draw(out / "pictures", trial.name, model, test, images, test_places)
    return found | {"seconds": seconds}


def _latents(model: LatentModel, data: ImageData) -> np.ndarray:
    """One draw of the latents of each image; (n, 2)."""
    parts = []
    for rows in _runs(len(data)):
        batch = data.batch(rows)
        noise = torch.randn(len(batch), *model.noise_shape, device=batch.x.device)
        parts.append(model.encode(batch, noise).z.cpu().numpy())
    return np.concatenate(parts)


def _runs(count: int) -> list[slice]:
    return [slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE)]


def _latent_metrics(model: LatentModel, places: np.ndarray) -> dict[str, float]:
    """How well latents of test images fill the prior."""
    prior, other = (model.prior.sample(len(places)).cpu().numpy() for _ in range(2))
    normal = torch.randn(len(places), places.shape[1]).numpy()
    device = next(model.parameters()).device

    def surprise(z: np.ndarray) -> float:
        parts = (torch.tensor(z[rows], device=device) for rows in _runs(len(z)))
        each = [model.prior.log_prob(part) for part in parts]
        return float(-torch.cat(each).mean())

    return {
        "paper_latent_nll": latent_nll(places, prior),
        "latent_nll_oracle": latent_nll(other, prior),
        "latent_nll_normal": latent_nll(normal, prior),
        "cross_entropy": surprise(places),
        "cross_entropy_of_prior": surprise(prior),
        "sliced_wasserstein": sliced_wasserstein(places, prior),
    }


def _bounds(model: LatentModel, test: ImageData) -> dict[str, float]:
    """Bounds in nats an image, by path-wise weights; none where the method has no density."""
    first, likelihood = [], []
    for rows in _runs(len(test)):
        batch = test.batch(rows)
        weight, z = _weighed(model, batch)
        if weight is None:
            return {"elbo": math.nan, "importance_bound": math.nan, "paper_elbo": math.nan}
        first.append(weight)
        likelihood.append(model.likelihood.log_prob(batch, z))
    some = test.batch(slice(0, JUDGED))
    many = torch.stack(
        [w for w, _ in (_weighed(model, some) for _ in range(DRAWS)) if w is not None]
    )
    elbo, reconstruction = torch.cat(first).mean(), torch.cat(likelihood).mean()
    return {
        "elbo": float(elbo),
        "importance_bound": float((many.logsumexp(0) - math.log(DRAWS)).mean()),
        "paper_elbo": float(reconstruction / some.x.shape[1] + elbo - reconstruction),
    }


def _weighed(model: LatentModel, batch: Any) -> tuple[Tensor | None, Tensor]:
    noise = torch.randn(len(batch), *model.noise_shape, device=batch.x.device)
    drawn = model.encode(batch, noise)
    return model.weigh(batch, drawn), drawn.z


def _image_metrics(model: LatentModel, images: Images) -> dict[str, float]:
    """Discrepancy of images decoded from the prior, as the paper does, on grey images alone."""
    if images.test_x.shape[1] != 1:
        return {"paper_mmd": math.nan, "mmd_squared": math.nan}
    real = images.test_x.reshape(len(images.test_x), -1) / 255
    z = model.prior.sample(len(real))
    made = np.concatenate([model.likelihood(z[rows]).cpu().numpy() for rows in _runs(len(z))])
    biased, unbiased = mmd(made, real)
    return {"paper_mmd": biased, "mmd_squared": unbiased}


def _label_metrics(
    model: LatentModel,
    images: Images,
    known: np.ndarray | None,
    places: np.ndarray,
    test_places: np.ndarray,
    test: ImageData,
) -> dict[str, float]:
    """Accuracy of neighbours among all training labels and among those kept; of q(label | x)."""
    truth = images.test_label
    every = neighbour_accuracy(places, images.train_label, test_places, truth, NEIGHBOURS)
    if known is None:
        return {"paper_knn": every, "knn": every, "accuracy": math.nan}
    kept = known >= 0
    few = neighbour_accuracy(places[kept], known[kept], test_places, truth, NEIGHBOURS)
    guesses = []
    for rows in _runs(len(test)):
        chance = model.labels.probabilities(model.encoder(test.batch(rows)))
        assert chance is not None
        guesses.append(chance.argmax(-1).cpu().numpy())
    accuracy = float((np.concatenate(guesses) == truth).mean())
    return {"paper_knn": every, "knn": few, "accuracy": accuracy}


def table(results: Sequence[Mapping[str, Any]]) -> Table:
    """Means over seeds with 95 % t intervals; a row for each method, prior and number of labels."""
    kinds = list(dict.fromkeys((r["method"], r["prior"], r["labels"]) for r in results))
    rows = []
    for kind in kinds:
        same = [r for r in results if (r["method"], r["prior"], r["labels"]) == kind]
        row: dict[str, Any] = dict(zip(("method", "prior", "labels"), kind, strict=True))
        row["seeds"] = len(same)
        for column in COLUMNS[4:]:
            row[column] = Estimate(*t_interval([r[column] for r in same]))
        rows.append(row)
    return Table(COLUMNS, rows)

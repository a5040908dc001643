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

import torch

from ..data.images import ImageData, Images, load_images, withhold
from ..evaluation.intervals import t_interval
from ..evaluation.tables import Estimate, Table
from ..mapping import with_settings
from ..methods import recipe
from ..methods.method import Recipe, Spec
from ..methods.networks import NetworkRecipe, Trained
from ..models.runtime import computing
from ..progress import Progress
from ..storage import whole
from .image_metrics import bounds, image_metrics, label_metrics, latent_metrics, latents
from .pictures import draw

log = logging.getLogger(__name__)

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
) -> Table:
    """Fit and judge what is not done yet; the table of all.

    Every finished trial is a file of its own under ``out``/trials, which a later run with the
    same settings finds and does not repeat.

    Raises
    ------
    DDVIError
        If data cannot be read, or a trial cannot be meant.
    """
    for trial in trials:  # what cannot be meant is said before anything is read
        trial.recipe(1).check(DIMS, CLASSES if trial.labels else 0)
    images = load_images(name, folder)
    (out / "trials").mkdir(parents=True, exist_ok=True)
    results = []
    for number, trial in enumerate(trials, start=1):
        path, record = out / "trials" / f"{trial.name}.json", asdict(trial)
        done = earlier(path, record)
        if done is None:
            log.info("%s of %s: %s", number, len(trials), trial.name)
            with computing(trial.seed, threads):
                done = judge(trial, images, out, device, progress)
            keep(path, record, done)
        results.append(done | record)
    return table(results)


def earlier(path: Path, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The result of an earlier run of the very same trial."""
    if not path.exists():
        return None
    before: dict[str, Any] = json.loads(path.read_text())
    return before if before.pop("trial") == record else None


def keep(path: Path, record: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Write the result of a trial for a later run to find."""
    with whole(path) as beside:
        beside.write_text(json.dumps({"trial": record, **result}, indent=1))


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
        places, test_places = latents(model, train), latents(model, test)
        found = (
            latent_metrics(model, test_places)
            | bounds(model, test)
            | image_metrics(model, images)
            | label_metrics(model, images, known, places, test_places, test)
        )
        draw(out / "pictures", trial.name, model, test, images, test_places)
    return found | {"seconds": seconds}


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

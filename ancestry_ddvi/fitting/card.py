"""The model card: what a model says of itself in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..genotypes.harmonise.panel import Panel
from ..reference.cells import MIN_GROUP_SIZE
from ..reference.out_of_panel import OutOfPanelTest
from .calibration import Calibration
from .diagnostics import flag_rate
from .prepare import PreparedCohort


def card(
    cohort: PreparedCohort,
    panel: Panel,
    calibration: Calibration | None,
    privacy: Mapping[str, float | None],
    test: OutOfPanelTest | None,
) -> dict[str, str]:
    """The model card, but for groups."""
    by_training = privacy["training"]
    networks = f"; by the networks alone {by_training:.3f}" if by_training is not None else ""
    return {
        "reference panel": f"{cohort.projection.samples:,} samples that passed quality control, "
        f"of {len(cohort.request.store.samples):,}",
        "variants": f"{len(panel):,} biallelic SNPs{_builds(panel)}",
        "contains": "network weights, loadings, allele frequencies, and summaries of the "
        "coordinates of the panel and of its labelled groups; no genotypes, no sample IDs, no "
        "coordinates of samples",
        "privacy": "loadings carry a trace of every sample they were learnt from: the "
        "genotypes of a person tell whether this person is in the panel (area under the curve "
        f"{privacy['loadings']:.3f}{networks})",
        "intervals": _intervals(calibration),
        "strangers": flag_rate(test) if test else "not looked for",
        "use": "genetic similarity to the samples of the reference panel; not identity, ethnicity "
        "or nationality",
        "limits": "samples from populations that the panel lacks are embedded at the most likely "
        "coordinates the model has, and flagged where the data show it; linkage is accounted for "
        "on average",
    }


def _intervals(calibration: Calibration | None) -> str:
    """What the model card says of the intervals."""
    if calibration is None:
        return "not calibrated"
    covered = ", ".join(
        f"{100 * step['covered_95']:.1f} % at {step['share']:g} of the variants"
        for step in calibration.coverage
    )
    return f"95 % intervals cover {covered}; temperature {calibration.temperature:g}"


def card_of_groups(
    cohort: PreparedCohort, assignment: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """What the model card says of labelled groups; empty where there are none.

    Parameters
    ----------
    cohort : PreparedCohort
    assignment : sequence of mapping
        Figures of every level (``learn_groups``).
    """
    labels = cohort.request.labels
    if labels is None:
        return {}
    known = [labels.by_sample[name] for name in cohort.ids if name in labels.by_sample]
    counts = {
        f"samples by {level}": _counted([names[i] for names in known])
        for i, level in enumerate(labels.names)
    }
    return counts | {f"accuracy by {each['level']}": _judged(each) for each in assignment}


def _counted(names: Sequence[str]) -> str:
    """Samples of each group, with those of groups too small to be kept together."""
    found = sorted(Counter(names).items())
    shown = [f"{name} {count:,}" for name, count in found if count >= MIN_GROUP_SIZE]
    rest = sum(count for _, count in found if count < MIN_GROUP_SIZE)
    return ", ".join([*shown, *([f"in smaller groups {rest:,}"] if rest else [])])


def _judged(figures: Mapping[str, Any]) -> str:
    """Accuracy and calibration on one level."""
    if figures["accuracy"] is None:
        return "not known: no labelled sample could be left out"
    return (
        f"{100 * figures['accuracy']:.1f} % of {figures['samples']:,} samples, each judged by "
        f"groups learnt without it; calibration error {figures['calibration_error']:.3f}"
    )


def _builds(panel: Panel) -> str:
    """Of how many variants the position in each genome build is known."""
    known = [f"{count:,} in {build}" for build, count in panel.known.items()]
    return f"; positions: {', '.join(known)}" if known else ", build unknown"

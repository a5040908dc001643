"""What ``assign`` must not do: answer where it cannot know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.errors import DDVIError, InputsDisagree
from ancestry_ddvi.genotypes.harmonise.alleles import is_ambiguous
from ancestry_ddvi.genotypes.simulation.populations import SimulatedCohort

SAMPLES = 3
Change = Callable[[SimulatedCohort, np.random.Generator], SimulatedCohort]


def calls(cohort: SimulatedCohort, dosages: np.ndarray) -> SimulatedCohort:
    return replace(cohort, dosages=np.broadcast_to(dosages, cohort.dosages.shape).astype(np.int8))


def at(cohort: SimulatedCohort, **columns: np.ndarray) -> SimulatedCohort:
    return replace(cohort, variants=replace(cohort.variants, **columns))


def random_ids(cohort: SimulatedCohort, rng: np.random.Generator) -> np.ndarray:
    return np.array([f"rs{n}" for n in rng.integers(10**8, size=len(cohort.variants))], object)


def of_other_variants(cohort: SimulatedCohort, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(cohort.variants.id)


def elsewhere(cohort: SimulatedCohort, rng: np.random.Generator) -> np.ndarray:
    return cohort.variants.position + rng.integers(1_000, 900_000, len(cohort.variants))


def showing_the_strand(cohort: SimulatedCohort) -> SimulatedCohort:
    """Without A/T and C/G variants, which ``embed`` drops where it does not know the strand."""
    shows = ~is_ambiguous(cohort.variants.ref, cohort.variants.alt)
    return cohort.select(np.arange(len(cohort.samples)), np.flatnonzero(shows))


def another_species(cohort: SimulatedCohort, rng: np.random.Generator) -> SimulatedCohort:
    """Other positions and alleles; by chance a site at a third of the positions."""
    n = len(cohort.variants)
    own = rng.random(n) < 2 / 3
    bases = np.array(list("ACGT"), object)
    first = rng.integers(4, size=n)
    return at(
        calls(cohort, rng.integers(0, 3, cohort.dosages.shape)),
        chromosome=np.where(own, rng.integers(1, 23, n).astype(str), cohort.variants.chromosome),
        position=np.where(own, rng.integers(1, 50_000_000, n), cohort.variants.position),
        id=random_ids(cohort, rng),
        ref=bases[first],
        alt=bases[(first + rng.integers(1, 4, n)) % 4],
    )


@pytest.fixture(scope="module")
def assigned(fitted_model, cohort_files, tmp_path_factory):
    """What ``assign`` finds of three samples that the cohort lacks, after a change."""
    cohort = cohort_files.newcomers.select(
        np.arange(SAMPLES), np.arange(len(cohort_files.newcomers.variants))
    )

    def run(change: Change, **options: object) -> api.Assigned:
        path = tmp_path_factory.mktemp("changed") / "x.vcf.gz"
        changed = change(cohort, np.random.default_rng(6))
        changed = changed.select(np.arange(SAMPLES), _in_order(changed))
        changed.write_vcf(path)
        model = api.load(fitted_model.files["model"])
        return model.assign([str(path)], device="cpu", **options)

    return run


def _in_order(cohort: SimulatedCohort) -> np.ndarray:
    """Rows by chromosome and position."""
    number = cohort.variants.chromosome.astype(int)
    return np.lexsort((cohort.variants.position, number))


def reasons(found: api.Assigned) -> Sequence[str]:
    frame = found.to_frame()
    assert set(frame["ancestry"]) == {"unassigned"}
    assert frame["probability"].isna().all()
    return sorted(set(frame["reason"]))


REFUSED: dict[str, tuple[Change, str]] = {
    "two dozen variants": (
        lambda c, rng: c.select(np.arange(SAMPLES), np.arange(0, 2400, 100)),
        r"\d+ of [\d,]+ model variants are in .*, and 100 are needed",
    ),
    "no calls": (
        lambda c, rng: calls(c, np.array(-1)),
        r"says nothing at [\d,]+ model variants of which it has records: no call",
    ),
    "all heterozygous": (
        lambda c, rng: calls(c, np.array(1)),
        r"calls sample .* and 2 other samples homozygous reference at too few of its",
    ),
    "all homozygous for ALT": (
        lambda c, rng: calls(c, np.array(2)),
        "homozygous reference at too few",
    ),
    "another build": (
        lambda c, rng: at(c, position=elsewhere(c, rng), id=np.full(len(c.variants), ".", object)),
        r"model variants are in .* \(by position in \w+ \d+",
    ),
    "another build with rsIDs of other variants": (
        lambda c, rng: at(c, position=elsewhere(c, rng), id=of_other_variants(c, rng)),
        "by ID [0-9,]+ by chance",
    ),
    "another build with rsIDs of no variant": (
        lambda c, rng: at(c, position=elsewhere(c, rng), id=random_ids(c, rng)),
        "by ID 0",
    ),
    "another species": (
        another_species,
        r"or of another species.*by position in \w+ \d+ by chance",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_says_nothing_is_refused_with_the_cause(assigned, name: str) -> None:
    change, cause = REFUSED[name]
    with pytest.raises(DDVIError, match=cause) as caught:
        assigned(change)
    assert isinstance(caught.value, InputsDisagree)
    assert caught.value.remedy


UNASSIGNED: dict[str, tuple[Change, set[str]]] = {
    "all homozygous for REF": (lambda c, rng: calls(c, np.array(0)), {"no_alt_calls"}),
    "random genotypes": (
        lambda c, rng: calls(c, rng.integers(0, 3, c.dosages.shape)),
        {"unlike_panel:norm", "unlike_panel:scores", "unlike_panel:position"},
    ),
    "genotypes of other variants": (
        lambda c, rng: calls(c, c.dosages[rng.permutation(len(c.dosages))]),
        {"unlike_panel:norm", "unlike_panel:scores", "unlike_panel:position"},
    ),
    "hardly a call": (
        lambda c, rng: calls(c, np.where(rng.random(c.dosages.shape) < 0.95, -1, c.dosages)),
        {"few_variants"},
    ),
}


@pytest.mark.parametrize("name", UNASSIGNED)
def test_a_sample_that_cannot_be_known_is_unassigned_with_the_reason(assigned, name: str) -> None:
    change, why = UNASSIGNED[name]
    assert set(reasons(assigned(change))) <= why


def test_hardly_a_call_is_told_of_every_sample(assigned) -> None:
    change, _ = UNASSIGNED["hardly a call"]
    frame = assigned(change).to_frame()
    assert frame["flag"].str.contains("few_variants").all()


def test_right_positions_with_wrong_rsids_are_right_and_told(assigned, caplog) -> None:
    """Alleles at two thousand positions leave no doubt; rsIDs of other variants do not fit."""
    right = assigned(lambda c, rng: c).to_frame()
    with caplog.at_level("WARNING"):
        wrong = assigned(lambda c, rng: at(c, id=of_other_variants(c, rng))).to_frame()
    assert list(wrong["n_variants"]) == list(right["n_variants"])
    assert list(wrong["Z1"]) == list(right["Z1"])
    assert "% of the rsIDs at matched variants are not those of the model" in caplog.text


def test_wrong_positions_with_right_rsids_are_right(assigned) -> None:
    right = assigned(lambda c, rng: showing_the_strand(c)).to_frame()
    moved = assigned(lambda c, rng: at(c, position=elsewhere(c, rng))).to_frame()
    assert list(moved["Z1"]) == list(right["Z1"])


def test_flat_likelihoods_are_no_observations(
    assigned, cohort_files, fitted_model, tmp_path
) -> None:
    """Of three samples one has likelihoods that say nothing."""
    variants = cohort_files.simulated.variants
    path = tmp_path / "flat.vcf"
    head = (
        '##fileformat=VCFv4.3\n##FORMAT=<ID=PL,Number=G,Type=Integer,Description="PL">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tknown\tflat\n"
    )
    known = [("0,30,300", "30,0,30", "300,30,0")[g] for g in cohort_files.simulated.dosages[:, 40]]
    columns = (variants.chromosome, variants.position, variants.ref, variants.alt, known)
    lines = [
        f"{c}\t{p}\t.\t{r}\t{a}\t.\tPASS\t.\tPL\t{k}\t0,0,0\n"
        for c, p, r, a, k in zip(*columns, strict=True)
    ]
    path.write_text(head + "".join(lines))
    found = api.load(fitted_model.files["model"]).assign([str(path)], device="cpu").to_frame()
    assert list(found["flag"][1:]) == ["few_variants"]
    assert found["n_variants"][1] == 0
    assert found["ancestry"][1] == "unassigned"
    assert found["n_variants"][0] > 1000


def test_blocks_without_variants_say_nothing_of_the_build(fitted_model, tmp_path) -> None:
    """One call over each chromosome, and by chance one base of the model."""
    path = tmp_path / "blocks.g.vcf"
    head = (
        '##fileformat=VCFv4.3\n##FORMAT=<ID=GT,Number=1,Type=String,Description="GT">\n'
        '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="GQ">\n'
        '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'
        '##ALT=<ID=NON_REF,Description="Any other allele">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tblocks\n"
    )
    model = api.load(fitted_model.files["model"])
    plain = model.variants().query("ref + alt not in ('AT', 'TA', 'CG', 'GC')").iloc[0]
    blocks = {str(c): [(1, "A", 250_000_000)] for c in range(1, 23)}
    middle = int(plain["position"])
    blocks[plain["chromosome"]] = [(1, "A", middle - 1), (middle, plain["ref"], 250_000_000)]
    lines = [
        f"{c}\t{start}\t.\t{ref}\t<NON_REF>\t.\tPASS\tEND={end}\tGT:GQ\t0/0:60\n"
        for c, found in blocks.items()
        for start, ref, end in found
    ]
    path.write_text(head + "".join(lines))
    with pytest.raises(InputsDisagree, match="model variants are in"):
        model.assign([str(path)], device="cpu")

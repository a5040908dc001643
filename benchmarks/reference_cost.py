"""Time and memory of one sample and of a thousand, beside peddy on the same files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from subprocess import run
from typing import Any

import numpy as np
import pandas as pd
from measuring import Command, in_turn, median, program, ratios
from reference_answers import proportion
from reference_files import Query, vcf
from reference_folds import Fold
from reference_panels import Panel
from rows import SELF, needed, ours

from ancestry_ddvi.resources import usable_threads

SIZES = (1, 1000)
RUNS = 3
PEDDY = "peddy 0.4.8"
WITH_SITES = "kgp"
"""The panel that has the sites of peddy."""


def cost(panel: Panel) -> Iterator[tuple[str, dict[str, Any]]]:
    """Runs of ``assign``, and of peddy where it is there, by the number of samples."""
    fold = Fold.of(panel, 0)
    folder, threads = panel.work / panel.name / "cost", usable_threads()
    folder.mkdir(exist_ok=True)
    for size in SIZES:
        path = _file(panel, folder, size)
        commands = {SELF: Command(ours("assign", fold.model, path, "--out", "x", threads=threads))}
        if panel.name == WITH_SITES and (peddy := program("peddy")):
            words = [peddy, "-p", str(threads), "--prefix", "x", path, f"{path}.ped"]
            commands[PEDDY] = Command(words, partial(_accuracy, panel))
        runs = in_turn(commands, RUNS, threads, warm=size == 1)
        stored = {
            name: some if isinstance(some, str) else [one.as_json() for one in some]
            for name, some in runs.items()
        }
        yield str(size), {"samples": size, "threads": threads, "found": stored}


def _file(panel: Panel, folder: Path, size: int) -> str:
    """A VCF of some samples with an index, and a .ped."""
    prefix = folder / f"samples{size}"
    rows = np.linspace(0, len(panel.store.samples) - 1, size).astype(int)
    if not Path(f"{prefix}.vcf.gz.tbi").exists():
        query = Query.of(panel, rows, 0)
        path = vcf(query, prefix)
        run([needed("tabix"), "-f", "-p", "vcf", path], check=True)
        lines = [f"{i}\t{i}\t0\t0\t0\t-9\n" for i in query.ids]
        head = "#family_id\tsample_id\tpaternal_id\tmaternal_id\tsex\tphenotype\n"
        Path(f"{path}.ped").write_text("".join([head, *lines]))
    return f"{prefix}.vcf.gz"


def _accuracy(panel: Panel, folder: Path) -> dict[str, Any]:
    """What peddy says of superpopulations, by its own background."""
    table = pd.read_csv(folder / "x.het_check.csv", dtype={"sample_id": str})
    table = table.set_index("sample_id")
    truth = panel.labels.loc[table.index, "superpopulation"].to_numpy(str)
    said = table["ancestry-prediction"].to_numpy(str)
    named = said != "UNKNOWN"
    return {"right": proportion(said == truth), "unassigned": proportion(~named),
            "right_of_named": proportion(said[named] == truth[named])}  # fmt: skip


def against(found: dict[str, Any]) -> dict[str, str]:
    """Ratios of wall time, CPU time and peak memory to peddy, with the extremes."""
    if not isinstance(found.get(PEDDY), list):
        return {}
    return {
        quantity: "{:.2f} ({:.2f} to {:.2f})".format(*ratios(found[SELF], found[PEDDY], quantity))
        for quantity in ("seconds", "cpu", "peak_mib")
    }


def shown(runs: list[dict[str, Any]]) -> list[str]:
    """Medians of wall time, CPU time and peak memory."""
    return [f"{median(runs, q):.{digits}f}"
            for q, digits in (("seconds", 1), ("cpu", 1), ("peak_mib", 0))]  # fmt: skip

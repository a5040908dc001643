"""The page docs/references.md, from the stored results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from reference_cost import PEDDY, against, shown
from reference_files import KINDS, conditions
from reference_panels import FOLDS, LEVELS, NAMES
from rows import SELF

Results = Mapping[str, Any]
"""Rows of one model by part and key."""

ASSIGN = "`assign`"
TEMPLATE = Path(__file__).with_name("references.md.in")
BUSY = 3
"""A load from which times are not those of the program."""

REACHED, MISSED, OPEN = "reached", "**not reached**", "not measured"


def page(results: Mapping[str, Results]) -> str:
    """The whole page as Markdown."""
    default_first = sorted(results, key=lambda name: name != NAMES[0])
    results = {name: ordered(name, results[name]) for name in default_first}
    sections = [
        text for name, rows in results.items() for text in (f"## `{name}`\n", *_model(rows))
    ]
    text = TEMPLATE.read_text().replace("@SURE@\n", _musts(results))
    return text.replace("@MODELS@\n", "\n".join(sections) + "\n")


def ordered(name: str, rows: Results) -> Results:
    """The rows in the order of the tables, in whatever order they were measured."""
    order = {
        "conditions": conditions(name),
        "kinds": KINDS,
        "outside": sorted(rows.get("outside", ())),
    }
    kept = {part: {key: rows[part][key] for key in keys if key in rows[part]}
            for part, keys in order.items() if part in rows}  # fmt: skip
    return {**rows, **kept}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def span(value: Sequence[float] | None, digits: int = 3) -> str:
    """A figure with its interval."""
    if value is None:
        return ""
    middle, low, high = (f"{v:.{digits}f}" for v in value)
    return f"{middle} ({low} to {high})"


def figures(rows: Results, key: str, level: str, method: str = ASSIGN) -> dict[str, Any] | None:
    """Figures of one method under a condition, if they were measured and there are answers."""
    row = rows.get("conditions", {}).get(key)
    for found in row["figures"] if row else ():
        if (found["method"], found["level"]) == (method, level) and found["answered"]:
            return dict(found)
    return None


def _model(rows: Results) -> Iterator[str]:
    """The sections of one model."""
    about = rows["panel"]["panel"]
    yield (
        f"{about['samples']:,} samples at {about['variants']:,} variants, "
        f"{about['groups']['population']} populations in {about['groups']['superpopulation']} "
        f"superpopulations. Measured {about['date']}; {about['machine']}.{_folds(rows)}\n"
    )
    if "conditions" in rows:
        yield from (_by_level(rows, level) for level in reversed(LEVELS))
        yield _by_variants(rows)
        yield _covered(rows)
    if "kinds" in rows:
        yield _kinds(rows["kinds"])
    if "outside" in rows:
        yield _outside(rows["outside"])
    if "cost" in rows:
        yield _cost(rows["cost"])


def _folds(rows: Results) -> str:
    """A remark where not all folds are measured."""
    done = min((row["folds"] for row in rows.get("conditions", {}).values()), default=FOLDS)
    return "" if done == FOLDS else f" *So far {done} of the {FOLDS} folds.*"


def _by_level(rows: Results, level: str) -> str:
    """Accuracy, calibration and share unassigned under every condition."""
    head = [level, "samples", "accuracy", "ECE (by chance)", "unassigned", "right of assigned",
            *_rivals(rows, level)]  # fmt: skip
    lines = []
    for row in rows["conditions"].values():
        by_method = {f["method"]: f for f in row["figures"] if f["level"] == level}
        own = by_method[ASSIGN]
        others = [_short(by_method.get(name)) for name in _rivals(rows, level)]
        if not own["answered"]:
            lines.append([row["title"], f"{own['samples']:,}", "refused", "", "", "", *others])
            continue
        chance = "{:.3f} ({:.3f} to {:.3f})".format(own["ece"], *own["ece_by_chance"])
        lines.append([row["title"], f"{own['samples']:,}", span(own["accuracy"]), chance,
                      span(own["unassigned"]), span(own["right_of_named"]), *others])  # fmt: skip
    return f"### {level.capitalize()}\n\n{table(head, lines)}"


def _rivals(rows: Results, level: str) -> list[str]:
    """Other methods that have this level."""
    first = next(iter(rows["conditions"].values()))
    return [f["method"] for f in first["figures"] if f["level"] == level and f["method"] != ASSIGN]


def _short(found: Mapping[str, Any] | None) -> str:
    if not found or not found["answered"]:
        return ""
    wrong = 1 - found["right_of_named"][0] if found["right_of_named"] else 0.0
    return f"{found['accuracy'][0]:.3f}; {found['ece']:.3f}; {wrong:.3f}"


def _by_variants(rows: Results) -> str:
    """What each file holds, where the list is from, and why it is refused."""
    lines = []
    for row in rows["conditions"].values():
        file, found = (f"{np.mean(row[k]):,.0f}" if any(row[k]) else ""
                       for k in ("variants", "matched"))  # fmt: skip
        lines.append([row["title"], file, found, row["source"], _reason(row)])
    head = ["file", "variants", "of the model", "where they are from", "why refused"]
    return f"Variants of each file, means of the folds:\n\n{table(head, lines)}"


def _reason(row: Mapping[str, Any]) -> str:
    if not row["refused"]:
        return ""
    some = "" if len(row["refused"]) == row["folds"] else f"{len(row['refused'])} folds: "
    return some + row["refused"][0].split(". ")[0].replace("|", "\\|")


def _covered(rows: Results) -> str:
    """Coverage of intervals."""
    some = {k: row for k, row in rows["conditions"].items() if row["covered"]}
    if not some:
        return ""
    regions = list(next(iter(some.values()))["covered"]["covered"])
    lines = [
        [row["title"], *(" / ".join(f"{v:.0f}" for v in row["covered"]["covered"].get(r, ()))
                         for r in regions),
         f"{max(row['covered']['error']):.1f}"]
        for row in some.values()
    ]  # fmt: skip
    return "### Intervals\n\n" + table(["file", *regions, "error"], lines)


def _kinds(kinds: Mapping[str, Any]) -> str:
    """Files of the same genotypes."""
    lines = []
    for row in kinds.values():
        answered = row["samples"] - row["refused"]
        same = [str(row[level]["named_otherwise"]) if answered else "" for level in LEVELS]
        apart = [f"{row[level]['probability']:.3g}" if answered else "" for level in LEVELS]
        shift = f"{row['shift_sd']:.3g}" if answered else ""
        lines.append([row["title"], str(answered), str(row["refused"]), shift, *apart, *same])
    head = ["file", "answered", "refused", "coordinates, sd",
            *(f"probability, {level}" for level in LEVELS),
            *(f"named otherwise, {level}" for level in LEVELS)]  # fmt: skip
    why = "".join(f"\n* {row['title']}: {row['why']}" for row in kinds.values() if row["why"])
    return f"### The same genotypes in other files\n\n{table(head, lines)}{why}\n"


def _outside(rows: Mapping[str, Any]) -> str:
    """Groups left out."""
    text = ["### Groups that the model has not seen\n"]
    methods = list(next(iter(rows.values()))["methods"])
    for level in LEVELS:
        some = {k: r for k, r in rows.items() if r["level"] == level and not k.endswith("default")}
        if not some:
            continue
        lines = [_left_out(name, row, methods) for name, row in _totals(some, methods)]
        head = [f"{level} left out", "samples", "unassigned", "right", "wrong",
                *(f"wrong, {m}" for m in methods[1:])]  # fmt: skip
        text.append(table(head, lines))
    text += [_checked(rows), *_strange(rows, methods)]
    return "\n".join(text)


def _totals(rows: Mapping[str, Any], methods: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of groups, and first that of all."""
    yield "all", total(rows, methods)
    for row in rows.values():
        yield row["group"], {"samples": row["samples"],
                             **{m: row["methods"][m]["counts"] for m in methods}}  # fmt: skip


def total(rows: Mapping[str, Any], methods: Sequence[str]) -> dict[str, Any]:
    """Counts over several groups."""
    summed = {m: np.sum([r["methods"][m]["counts"] for r in rows.values()], axis=0).tolist()
              for m in methods}  # fmt: skip
    return {"samples": sum(r["samples"] for r in rows.values()), **summed}


def _left_out(name: str, row: Mapping[str, Any], methods: list[str]) -> list[str]:
    shares = [f"{count / row['samples']:.3f}" for count in row[methods[0]]]
    others = [f"{row[m][2] / row['samples']:.3f}" for m in methods[1:]]
    return [name, f"{row['samples']:,}", *shares, *others]


def _checked(rows: Mapping[str, Any]) -> str:
    """Whether default settings give the same counts."""
    pairs = [(key, rows[key.removesuffix(":default")], row) for key, row in rows.items()
             if key.endswith(":default")]  # fmt: skip
    if not pairs:
        return ""
    said = "; ".join(
        f"{row['group']} {' and '.join(str(r['methods'][ASSIGN]['counts']) for r in (quick, row))}"
        for _, quick, row in pairs
    )
    return f"Samples unassigned, right and wrong, with few steps and by default: {said}.\n"


def _strange(rows: Mapping[str, Any], methods: list[str]) -> Iterator[str]:
    """Samples of other data in a model of part of the panel."""
    some = {key: row for key, row in rows.items() if row["level"] == "strangers"}
    if some:
        yield "Samples of HapMap 3 in a model of 1000 Genomes phase 1, by the same recipe:\n"
        lines = [[row["group"], *_left_out("", {"samples": row["samples"], **{
            m: row["methods"][m]["counts"] for m in methods}}, methods)[1:]]
            for row in some.values()]  # fmt: skip
        yield table(["population", "samples", "unassigned", "right", "wrong",
                     *(f"wrong, {m}" for m in methods[1:])], lines)  # fmt: skip


def _cost(rows: Mapping[str, Any]) -> str:
    """Time and memory."""
    lines = []
    for row in rows.values():
        for name, runs in row["found"].items():
            told = shown(runs) if isinstance(runs, list) else [str(runs), "", ""]
            lines.append([f"{row['samples']:,}", name, *told])
    head = ["samples", "program", "seconds", "CPU seconds", "peak MiB"]
    load = max(row["load"] for row in rows.values())
    text = f"### Time and memory\n\n{table(head, lines)}"
    if load > BUSY:
        text += f"\n*Measured while {load:.0f} processes ran on these cores: times are too long.*\n"
    for row in rows.values():
        if said := against(row["found"]):
            text += (f"\nRatio to {PEDDY}, samples {row['samples']:,}: time {said['seconds']}, "
                     f"CPU time {said['cpu']}, memory {said['peak_mib']}.\n")  # fmt: skip
            text += _itself(row)
    return text


def _itself(row: Mapping[str, Any]) -> str:
    """What peddy itself says of these samples."""
    facts = row["found"][PEDDY][0]["facts"]
    if row["samples"] < 2 or not facts:
        return ""
    return (
        f"{PEDDY} itself, whose background has these very samples: right superpopulation "
        f"{span(facts['right'])}, unknown {span(facts['unassigned'])}, right of the others "
        f"{span(facts['right_of_named'])}.\n"
    )


def _musts(results: Mapping[str, Results]) -> str:
    """The goals of the models, and whether they are reached."""
    names = list(results)
    wanted = list(goals({}))
    lines = []
    found = {n: {what: rest for what, *rest in goals(rows)} for n, rows in results.items()}
    for what, must, _, _ in wanted:
        cells = []
        for name in names:
            _, text, reached = found[name][what]
            cells.append(f"{text}: {OPEN if reached is None else REACHED if reached else MISSED}"
                         if text else OPEN)  # fmt: skip
        lines.append([what, must, *cells])
    head = ["on samples left out of the model", "goal", *(f"`{n}`" for n in names)]
    partial = "".join(f"\n`{n}`:{_folds(rows)}\n" for n, rows in results.items() if _folds(rows))
    return table(head, lines) + partial


def goals(rows: Results) -> Iterator[tuple[str, str, str, bool | None]]:
    """What, the goal, the figure and whether it is reached; None where it is not measured."""
    top, tenth = figures(rows, "all", LEVELS[1]), figures(rows, "share0.1", LEVELS[1])
    own, lda = figures(rows, "all", LEVELS[0]), figures(rows, "all", LEVELS[0], "LDA")
    yield _goal("superpopulation, all variants: accuracy", "0.99 or more",
                top and span(top["accuracy"]), top and top["accuracy"][0] >= 0.99)  # fmt: skip
    yield _goal(
        "… ECE of the superpopulation",
        "0.02 or less",
        top and f"{top['ece']:.3f}",
        top and top["ece"] <= 0.02,
    )
    yield _goal("… accuracy with a tenth of the variants", "0.97 or more",
                tenth and span(tenth["accuracy"]),
                tenth and tenth["accuracy"][0] >= 0.97)  # fmt: skip
    both = own and lda and (own["accuracy"][0], lda["accuracy"][0])
    yield _goal("population, all variants: accuracy", "LDA on the same components less 0.01",
                both and f"{span(own['accuracy'])}, LDA {both[1]:.3f}",
                both and both[0] >= both[1] - 0.01)  # fmt: skip
    yield _goal(
        "… ECE of the population",
        "0.03 or less",
        own and f"{own['ece']:.3f}",
        own and own["ece"] <= 0.03,
    )
    yield from _goals_outside(rows.get("outside", {}))
    yield from _goals_of_use(rows)


def _goals_outside(rows: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool | None]]:
    """Of groups that a model has not seen."""
    for level, what in (("population", "a population the model has not seen"),
                        ("superpopulation", "a superpopulation it has not seen"),
                        ("strangers", "Gujarati and Maasai, model of phase 1 alone")):  # fmt: skip
        some = {k: r for k, r in rows.items() if r["level"] == level and not k.endswith("default")}
        told = total(some, [ASSIGN]) if some else None
        wrong = told and told[ASSIGN][2] / told["samples"]
        yield _goal(f"{what}: unassigned or right superpopulation", "0.99 or more",
                    told and f"{1 - wrong:.3f} of {told['samples']:,}",
                    told and wrong <= 0.01)  # fmt: skip


def _goals_of_use(rows: Results) -> Iterator[tuple[str, str, str, bool | None]]:
    """Of files and of time."""
    kinds = rows.get("kinds")
    if kinds:
        other = sum(r[level]["named_otherwise"] for r in kinds.values() for level in LEVELS
                    if r["samples"] > r["refused"])  # fmt: skip
    yield _goal("the same genotypes in another file that is read: other groups named", "none",
                f"{other}" if kinds else None, not other if kinds else None)  # fmt: skip
    runs = rows.get("cost", {}).get("1", {}).get("found", {}).get(SELF)
    seconds = float(np.median([r["seconds"] for r in runs])) if isinstance(runs, list) else None
    yield _goal("one sample, seconds", "5 or less", seconds and f"{seconds:.1f}",
                seconds and seconds <= 5)  # fmt: skip


def _goal(what: str, must: str, text: Any, reached: Any) -> tuple[str, str, str, bool | None]:
    return what, must, text or "", None if not text else bool(reached)

"""bcftools and plink2 as judges of damaged files, and what they refuse that is read here."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from documented_calls import documented_calls

_BLANK = re.compile(rb"(?:^|\n)[ \t\r]*\n|\n[ \t\r]+$")

LIMIT = 20
"""Seconds."""

PLINK = (
    "--allow-extra-chr", "--no-psam-pheno", "--threads", "1", "--memory", "700",
    "--export", "vcf", "id-paste=iid",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What another program makes of a file.

    Attributes
    ----------
    rows : list or None
        Position, REF, ALT and dosages of what is read; None if the file is refused.
    said : str
        Its messages.
    """

    rows: list | None
    said: str


def verdict(kind: str, path: Path) -> Verdict | None:
    """Of the program for a kind of file; None if there is none, or it is not installed."""
    if kind == "variants" and shutil.which("bcftools"):
        return _ran(["bcftools", "view", "--no-version", str(path)], None)
    flag = {"PLINK 1": "--bfile", "PLINK 2": "--pfile"}.get(kind)
    if flag and shutil.which("plink2"):
        out = path.parent / "plink2"
        vzs = ["vzs"] if path.with_suffix(".pvar.zst").exists() else []
        words = [flag, str(path.with_suffix("")), *vzs, "--out", str(out), *PLINK]
        return _ran(["plink2", *words], out.with_suffix(".vcf"))
    return None


def _ran(words: list[str], written: Path | None) -> Verdict:
    try:
        done = subprocess.run(words, capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Verdict(None, "it does not end")
    said = done.stderr.decode(errors="replace")
    if done.returncode < 0:
        return Verdict(None, f"{said}\nended by signal {-done.returncode}")
    if done.returncode or (written and not written.exists()):
        return Verdict(None, said)
    text = written.read_bytes() if written else done.stdout
    rows = documented_calls(text.decode(errors="replace"))
    return Verdict([[row.position, row.ref, row.alt, [*row.dosages]] for row in rows], said)


@dataclass(frozen=True)
class Case:
    """A file that is read here and refused by another program.

    Attributes
    ----------
    said : re.Match
        What the other program says.
    contents : collection of bytes
        Of the file and those beside it, before compression.
    positions : frozenset of int
        Of the variants that are read.
    likelihoods : bool
        Whether its likelihoods are read too.
    """

    said: re.Match[str]
    contents: Collection[bytes]
    positions: frozenset[int]
    likelihoods: bool


def always(case: Case) -> bool:
    return True


def left_out(case: Case) -> bool:
    """The record is not read."""
    return int(case.said["position"] or 0) not in case.positions


def no_likelihoods(case: Case) -> bool:
    """The record is not read, or the file is refused where likelihoods are read."""
    return left_out(case) or not case.likelihoods


def blank(case: Case) -> bool:
    """A line is blank."""
    return any(map(_BLANK.search, case.contents))


def phased_first(case: Case) -> bool:
    """A call has its phase before its first allele."""
    return any(re.search(rb"\t[/|]", content) for content in case.contents)


def with_mark(case: Case) -> bool:
    """A file starts with a byte order mark."""
    return any(content.startswith(b"\xef\xbb\xbf") for content in case.contents)


@dataclass(frozen=True)
class Class:
    """Files that are read here and refused by another program.

    Attributes
    ----------
    said : str
        A regular expression for what the other program says.
    holds : callable
        Whether a file that it says this of is in the class.
    why : str
        Why it is read.
    """

    said: str
    holds: Callable[[Case], bool]
    why: str


AT = r" at [^\n]*:(?P<position>-?\d+)"
ACCEPTED: dict[str, Class] = {
    "calls of a record that is left out": Class(
        f"(Couldn't read GT data|in 'GT' FORMAT field|Incorrect number of FORMAT fields"
        f"|Number of columns).*{AT}",
        left_out,
        "of a record that is no SNP, has no GT or failed FILTER, only the columns are counted",
    ),
    "phase before the first allele": Class(
        "Couldn't read GT data", phased_first, "VCF 4.4 has it; this htslib is older"
    ),
    "a field that is not read": Class(
        f"in '(?!GT|PL|GL|GP|DS)[^']*' FORMAT field{AT}", always, "calls do not depend on it"
    ),
    "likelihoods, where calls are read": Class(
        f"in '(PL|GL|GP|DS)' FORMAT field{AT}", no_likelihoods,
        "calls do not depend on them; where they are read, the file is refused",
    ),
    "more values than FORMAT names": Class(
        "Incorrect number of FORMAT fields", always, "values behind those of FORMAT are not read"
    ),
    "first BGZF block of a few bytes": Class(
        "unknown file type", always, "the content is VCF, whatever its blocks"
    ),
    "a type in the header": Class(
        'The type "[^"]*" is not supported', always, "fields are what they are in the records"
    ),
    "the name of a field": Class(
        f"Could not add dummy header for FORMAT.*{AT}", always, "calls are in GT alone"
    ),
    "INFO": Class("(dummy header for INFO|vcf_parse_info)", always, "of INFO only END is read"),
    "FILTER": Class(
        "Could not add dummy header for FILTER", always,
        "a value that is not among those of --var-filter is a failure, whatever its characters",
    ),
    "blank line in a VCF": Class(
        "number of columns at :1 does not match", blank, "it holds no data"
    ),
    "blank line beside PLINK files": Class(
        "(Unexpected interior empty line|has fewer tokens)", blank, "it holds no data"
    ),
    "byte order mark beside PLINK files": Class(".", with_mark, "it holds no data"),
    "centimorgans": Class("Invalid centimorgan position", always, "they are not read"),
    "allele codes": Class(
        "(Invalid|Empty) [A-Z ]*allele", always, "a variant whose alleles are no bases is left out"
    ),
    "an allele that the record does not have": Class(
        f"value too large{AT}", always, "the call is missing, as in BCF"
    ),
    "a number of another type": Class(
        f"Invalid character '[nNiIeE.+]' in 'PL' FORMAT field{AT}", always,
        "PL may be a fraction; what is not finite is missing",
    ),
    "IID 0": Class("Invalid IID '0'", always, "the ID is kept as it is"),
    "order of variants": Class("has a split chromosome", always, "it does not matter here"),
    "what VCF cannot hold": Class(
        "VCFv4|in exported VCF files", always, "plink2 reads the fileset, and writes no VCF of it"
    ),
}  # fmt: skip
"""By name; the first that holds is meant."""


def explained(
    said: str, contents: Collection[bytes], positions: frozenset[int], likelihoods: bool
) -> str | None:
    """The class of a file that is read here and refused by another program; see ``Case``."""
    for name, one in ACCEPTED.items():
        found = re.search(one.said, said)
        if found and one.holds(Case(found, contents, positions, likelihoods)):
            return name
    return None

#!/usr/bin/env bash
# Installs a wheel in an empty environment and runs the tests of the command line and the example
# data there, outside the repository, so that nothing but the wheel can be imported.
#
#   packaging/try_wheel.sh dist/*.whl python3.14
#
# CONSTRAINTS names a file of pins (default: constraints.txt). VENV_OPTIONS go to python -m venv,
# such as --system-site-packages where PyTorch comes from elsewhere than PyPI. TRY is the folder to
# work in (default: a new one, removed at the end).
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
wheel=$(realpath "$1")
python=${2:-python3}
pins=$(realpath "${CONSTRAINTS:-$repository/constraints.txt}")
if [ -z "${TRY:-}" ]; then
  TRY=$(mktemp -d)
  trap 'rm -rf "$TRY"' EXIT
fi

# shellcheck disable=SC2086  # options are words
"$python" -m venv ${VENV_OPTIONS:-} "$TRY/venv"
"$TRY/venv/bin/python" -m pip install --quiet --disable-pip-version-check -c "$pins" "$wheel" pytest
"$TRY/venv/bin/python" -m pip check

mkdir "$TRY/run" "$TRY/run/tests"
cp -r "$repository/docs" "$repository/example_data" "$repository/pyproject.toml" "$TRY/run"
cp -r "$repository/tests/cli" "$repository/tests/conftest.py" "$TRY/run/tests"
rm "$TRY/run/tests/cli/test_installation.py"  # builds the wheel
cd "$TRY/run"
export PATH="$TRY/venv/bin:$PATH" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
python --version
python -c 'import ancestry_ddvi, sys; print(ancestry_ddvi.__file__); sys.exit(
    not ancestry_ddvi.__file__.startswith(sys.prefix))'
python -m pytest -q -p no:cacheprovider tests/cli

ddvi-ancestry references
ddvi-ancestry assign kgp example_data/synthetic_human.vcf.gz --out reference
ddvi-ancestry fit example_data/cohort.vcf.gz --labels example_data/labels.tsv --set steps=300 --out cohort
ddvi-ancestry assign cohort.ddvi example_data/query.vcf.gz --out query --report
for made in reference.ancestry.tsv cohort.coords.tsv cohort.svg query.ancestry.tsv query.report.html; do
  test -s "$made"
done
echo "The wheel works alone: $(python --version), $(basename "$wheel")"

# Images of the command line, for CPUs (the default) and for NVIDIA GPUs:
#
#   docker build --target cpu -t ddvi-ancestry .
#   docker build --target cuda -t ddvi-ancestry:cuda .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" ddvi-ancestry ddvi-ancestry fit cohort.vcf.gz
#
# With ddvi-ancestry:cuda, add --gpus all.
#
# CPU_INDEX and CUDA_INDEX are the package indexes that PyTorch is taken from. The PyTorch of PyPI
# runs on GPUs, and is some gigabytes larger.

ARG PYTHON=3.14

FROM python:${PYTHON}-slim AS wheel
WORKDIR /src
COPY . .
RUN python -m venv /venv \
    && sed '/^torch==/d' constraints.txt > /pins.txt \
    && /venv/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM wheel AS install-cpu
ARG TORCH=2.13.0
ARG CPU_INDEX=https://download.pytorch.org/whl/cpu
RUN /venv/bin/pip install --no-cache-dir --index-url "$CPU_INDEX" "torch==$TORCH"
RUN /venv/bin/pip install --no-cache-dir -c /pins.txt "$(echo /wheels/*.whl)[plink2]"

FROM wheel AS install-cuda
ARG TORCH=2.13.0
ARG CUDA_INDEX=https://pypi.org/simple
RUN /venv/bin/pip install --no-cache-dir --index-url "$CUDA_INDEX" "torch==$TORCH"
RUN /venv/bin/pip install --no-cache-dir -c /pins.txt "$(echo /wheels/*.whl)[plink2]"

FROM python:${PYTHON}-slim AS base
# Nextflow reads a task's use of memory and time with ps. Debian removes old versions of a package,
# so that a version cannot be pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends procps \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home ddvi \
    && install -d -o 1000 -g 1000 /data
# Caches of Matplotlib and Numba: a workflow manager may run as a user without a home.
ENV PATH=/venv/bin:$PATH \
    MPLCONFIGDIR=/tmp \
    NUMBA_CACHE_DIR=/tmp
ARG VERSION=0.1.0
ARG REVISION=
ARG SOURCE=
ARG DOCUMENTATION=
LABEL org.opencontainers.image.title="ddvi-ancestry" \
      org.opencontainers.image.description="Genetic ancestry coordinates with posterior uncertainty" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.documentation="${DOCUMENTATION}"
USER 1000
WORKDIR /data
# No entrypoint: workflow managers bring their own shell.
CMD ["ddvi-ancestry", "--help"]

FROM base AS cuda
COPY --from=install-cuda /venv /venv

FROM base AS cpu
COPY --from=install-cpu /venv /venv

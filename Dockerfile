# An image of the command line.
#
#   docker build -t ddvi-ancestry .
#   docker run --rm -v "$PWD:/data" ddvi-ancestry ddvi-ancestry fit cohort.vcf.gz
#
# TORCH_INDEX is the package index to take PyTorch from. PyTorch publishes one for CPUs and one for
# each version of CUDA; without it comes the build that pip takes by default, which on x86-64 runs
# on CPUs and GPUs alike and is large.
#
#   docker build --build-arg TORCH_INDEX=<index of the CPU builds> -t ddvi-ancestry .
#   docker build --build-arg TORCH_INDEX=<index of a CUDA version> -t ddvi-ancestry:cuda .
#   docker run --rm --gpus all -v "$PWD:/data" ddvi-ancestry:cuda ddvi-ancestry fit cohort.vcf.gz

ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ARG TORCH=torch==2.13.0
ARG TORCH_INDEX=
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
RUN pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH"
WORKDIR /src
COPY . .
RUN sed '/^torch==/d' constraints.txt > pins.txt \
    && pip install --no-cache-dir -c pins.txt ".[plink2]" "$TORCH"

FROM python:${PYTHON}-slim
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="ddvi-ancestry" \
      org.opencontainers.image.description="Genetic ancestry coordinates with posterior uncertainty" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nextflow reads a task's use of memory and time with ps.
RUN apt-get update \
    && apt-get install -y --no-install-recommends procps \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home ddvi
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    MPLCONFIGDIR=/tmp
USER ddvi
WORKDIR /data
# No entrypoint: workflow managers bring their own shell.
CMD ["ddvi-ancestry", "--help"]

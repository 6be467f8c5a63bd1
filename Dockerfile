# docker build -t imleak . && docker run --rm -v "$PWD/demo-out:/imleak/demo-out" imleak
# runs `make demo`; any other command: docker run --rm imleak .venv/bin/imleak list
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*

# PyTorch for the CPU; its build for CUDA is several GB.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
WORKDIR /imleak
# Dependencies first: a change of the sources does not install them again.
COPY pyproject.toml constraints.txt README.md LICENSE Makefile ./
RUN mkdir --parents src/imleak \
    && touch src/imleak/__init__.py \
    && python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --constraint constraints.txt --editable . \
    && touch .venv/installed
COPY src src
RUN touch .venv/installed

CMD ["make", "demo"]

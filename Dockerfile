# modelspec in a container: docker run --rm --volume "$PWD:/src" modelspec check
FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY modelspec modelspec
RUN pip wheel --no-cache-dir --no-deps --wheel-dir dist .

FROM python:3.13-slim
# `check --against` reads the version before from git's objects; a folder that is mounted belongs to someone else.
# Which version of git does not matter, and Debian keeps only one.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system safe.directory /src
COPY --from=build /build/dist /dist
RUN pip install --no-cache-dir /dist/*.whl
USER 65534
WORKDIR /src
ENTRYPOINT ["modelspec"]
CMD ["--help"]

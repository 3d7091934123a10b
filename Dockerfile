# By digest: the tag alone is whatever it was moved to last. `make base-image` takes up the newest one.
ARG BASE=python:3.13-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

FROM ${BASE} AS build
WORKDIR /src
# What is installed, and what builds it, is what the locks name; nothing is fetched beside them.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
RUN python -m venv /build && /build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE config.example.yaml ./
COPY bot ./bot
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /venv/bin/pip install --no-cache-dir --no-deps --no-index /wheel/*.whl

FROM ${BASE}
COPY --from=build /venv /venv
RUN useradd --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin tocsin
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# The page says in one second what a probe through the outside cannot: that the rounds go on and the database answers.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["tocsin", "healthcheck", "-c", "/data/config.yaml"]
ENTRYPOINT ["tocsin"]
CMD ["run", "-c", "/data/config.yaml"]

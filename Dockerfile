FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements.lock ./
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot ./bot
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
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

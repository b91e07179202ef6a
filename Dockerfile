# One image, four commands: payymo api | worker sync | worker webhook | migrate.
FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements/runtime.txt requirements/
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md alembic.ini ./
COPY src src
COPY alembic alembic
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation -e .

FROM python:3.11-slim
RUN useradd --system --uid 10001 payymo
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER payymo
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PAYYMO_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=3)"]
ENTRYPOINT ["payymo"]
CMD ["api"]

# The application: its worker, and the same image for `folkmoot serve` and `folkmoot setup`. The package is installed as users
# install it; the application lies beside it.
FROM python:3.13-slim

ENV PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

# The folder of sealed segments belongs to the user, so that a volume mounted there does too.
RUN useradd --create-home --uid 10001 folkmoot \
    && install --directory --owner folkmoot --group folkmoot /var/lib/folkmoot

WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip install ".[cli,dashboard,encryption,postgresql,s3,telemetry,tokens]"
COPY activities activities
COPY workflows workflows
COPY worker.py ./

USER folkmoot
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["python", "-m", "folkmoot._local.health"]
CMD ["python", "worker.py"]

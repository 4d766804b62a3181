# Images of the gateway and of every model:
#   docker build --target gateway -t modelyard/gateway .
#   docker build --target model --build-arg MODEL=model_a -t modelyard/model-a .
# Each is a bundle on a plain Node image, without node_modules, compiler or source.
ARG NODE_IMAGE=node:24-bookworm-slim

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
RUN node scripts/bundle-gateway.ts --into /bundle && mkdir --mode=700 /data

FROM runtime AS gateway
COPY --from=gateway-bundle /bundle ./
# A volume that is mounted here belongs to the same user.
COPY --from=gateway-bundle --chown=node:node /data /data
ENV MODELYARD_HOST=0.0.0.0 MODELYARD_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

FROM source AS model-bundle
ARG MODEL
RUN node scripts/bundle-model.ts "${MODEL}" --into /bundle

# The last stage is the default target.
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

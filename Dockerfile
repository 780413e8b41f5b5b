# Built with `docker build -t ory-identity-mcp .`; the base is named by tag: pin it by digest where you build for production.
FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc LICENSE ./
RUN npm ci --ignore-scripts
COPY scripts scripts
COPY src src
COPY demo demo
RUN npm run -s build

FROM node:22-bookworm-slim
# What runs is one bundle; a package manager has no business beside it.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-* \
  && install -d -o node -g node -m 0700 /state
WORKDIR /app
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/dist dist
# The one package that is not in the bundle, for --store.
COPY --from=build /build/node_modules/@redis/client node_modules/@redis/client
# Without authentication, TLS (or --behind-tls-proxy) and an external address it refuses to start: give them.
ENV NODE_ENV=production \
  KRATOS_MCP_HTTP=0.0.0.0:8080 \
  KRATOS_MCP_OPS_PORT=9464 \
  KRATOS_MCP_STATE_DIR=/state/ory-identity-mcp
# `node` of the base image, by number, so that an orchestrator can see that it is not root.
USER 1000:1000
VOLUME /state
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${(process.env.KRATOS_MCP_OPS_PORT ?? '9464').split(':').at(-1)}/readyz`).then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/index.js"]

# Builds the package and runs it as a user of its own. The root file system may be read-only:
# what is written goes to /var/lib/courant, which compose.yaml makes a volume, as it does /secrets.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
# The image reads Yahoo Finance, whose client is for others to choose.
RUN npm run build && \
  npm pkg set "dependencies.yahoo-finance2=$(npm pkg get devDependencies.yahoo-finance2 | tr -d '"')" && \
  npm pkg delete devDependencies.yahoo-finance2 peerDependencies.yahoo-finance2 && npm prune --omit=dev

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/courant
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json ./
COPY bin ./bin
COPY data/recorded ./data/recorded
RUN install -d -o node -g node /var/lib/courant /secrets
USER node
WORKDIR /var/lib/courant
ENTRYPOINT ["node", "/opt/courant/bin/courant.js"]
CMD ["--help"]

# One image for every room, the `ddc` command and the sandbox chain: what runs is chosen by the arguments.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /src
# sqlite3 of the sandbox chain is compiled where no binary fits
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
RUN npm install --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:20.20.2-bookworm-slim
WORKDIR /ddc
ENV NODE_ENV=production
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/cli/ddc.mjs ./cli/ddc.mjs
COPY --from=build /src/dist ./dist
# Named volumes take over who owns these folders.
RUN mkdir -p /export /chain && chown node:node /export /chain
USER node
ENTRYPOINT ["node", "cli/ddc.mjs"]
CMD ["--help"]

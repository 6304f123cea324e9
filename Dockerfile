# One image for every role: `docker run rivulet wallet`, `rivulet receiver`, `rivulet operator`.
FROM node:24-slim AS build
WORKDIR /rivulet
RUN npm install --global pnpm@10
COPY . .
RUN pnpm install --frozen-lockfile && pnpm build

FROM node:24-slim
WORKDIR /rivulet
ENV NODE_ENV=production
# Buffers of sockets go back to the system when they are done with: without this a wallet keeps nearly twice the memory for a stream (bench/README.md).
ENV MALLOC_MMAP_THRESHOLD_=32768
COPY --from=build --chown=node:node /rivulet /rivulet
RUN mkdir /data && chown node:node /data && chmod 700 /data
USER node
VOLUME /data
EXPOSE 4000 4001 4002
STOPSIGNAL SIGTERM
# Packets on their way are copied by each collection of young objects: few collections, and nothing that dies young is put among the old, where it would keep alive what came after it; one thread helps to collect, as more of them would take the processor from those that pay (bench/README.md).
ENTRYPOINT ["node", "--max-semi-space-size=64", "--no-allocation-site-pretenuring", "--v8-pool-size=1", "apps/rivulet/src/main.ts"]
CMD ["up", "--data", "/data"]

# Builds c1-audit from this clone: it is not published as a package. Nothing of the clone but its sources is copied.
#
#   docker build --tag c1-audit .
#   docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     --env-file c1-audit.env --volume c1-audit:/data c1-audit --scope tenant --state state.json
#
# For production, pin the base image by digest (docker buildx imagetools inspect node:24-bookworm-slim).
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The lock file pins every package by its hash, and none of their install scripts runs.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY rules ./rules
COPY schema ./schema
COPY scripts ./scripts
COPY src ./src
RUN node scripts/build.js && node dist/bin.js --version

FROM node:24-bookworm-slim
# Everything here belongs to root: the program cannot change itself. It writes to /data only.
COPY --from=build /build/package.json /build/THIRD_PARTY_LICENSES.txt /build/sbom.cdx.json /opt/c1-audit/
COPY --from=build /build/dist /opt/c1-audit/dist
RUN ln -s /opt/c1-audit/dist/bin.js /usr/local/bin/c1-audit \
  && install --directory --owner=1000 --group=1000 --mode=0700 /data
WORKDIR /data
# By number, so that Kubernetes can tell that it is not root. In the base image this is the user node.
USER 1000:1000
ENTRYPOINT ["c1-audit"]

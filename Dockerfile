# syntax=docker/dockerfile:1
# pgsluiced and the pgsluice command on Debian 13.
#   docker build -t pgsluice .
#   docker run -p 7432:7432 -p 9432:9432 -e DATABASE_URL=postgresql://... \
#     -e PGSLUICE_SERVER_LISTEN_ADDRESS=0.0.0.0:7432 -e PGSLUICE_SERVER_PLAINTEXT=ALLOWED pgsluice
# or, in place of the last one, with certificates: docs/security.md.

ARG DEBIAN=debian:trixie-slim
# What is built, for pgsluice_build_info and the image's label: --build-arg COMMIT=$(git describe
# --always). There is no git in the context.
ARG COMMIT=

FROM ${DEBIAN} AS build
WORKDIR /src
# Before the sources, so that a change of these does not install everything again.
COPY scripts/install-deps scripts/install-deps
COPY scripts/lib/say.sh scripts/lib/deps.sh scripts/lib/
RUN scripts/install-deps build && rm -rf /var/lib/apt/lists/*
COPY . .
# Compilers at a time, each with up to 1.2 GiB; as many as there are cores unless it is said.
ARG CMAKE_BUILD_PARALLEL_LEVEL=
ARG COMMIT
# Warnings of compilers that we do not know yet are no errors here.
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release -DPGSLUICE_TESTS=OFF -DPGSLUICE_WERROR=OFF \
      -DPGSLUICE_COMMIT="$COMMIT" \
    && cmake --build build/release --target pgsluiced pgsluice_command
# The programs, and the packages that hold the libraries they are linked with.
RUN mkdir /out \
    && for program in pgsluiced pgsluice; do \
         strip -o /out/$program build/release/bin/$program; \
       done \
    && ldd /out/pgsluiced /out/pgsluice | awk '$2 == "=>" { print $3 }' | sort -u \
       | while read -r library; do \
           dpkg-query -S "$library" "$(readlink -f "$library")" 2>/dev/null \
             | head -n 1 | cut -d: -f1; \
         done | sort -u >/out/packages \
    && test -s /out/packages

FROM ${DEBIAN}
RUN --mount=type=bind,from=build,source=/out,target=/out \
    apt-get update \
    && xargs apt-get install -y --no-install-recommends ca-certificates </out/packages \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/pgsluiced /out/pgsluice /usr/local/bin/
ARG COMMIT
LABEL org.opencontainers.image.title="pgsluice" \
      org.opencontainers.image.description="A gRPC gateway for PostgreSQL" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$COMMIT"
USER 65532:65532
EXPOSE 7432 7433 9432
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD ["pgsluice", "--plaintext", "--addr", "localhost:7433", "health"]
ENTRYPOINT ["pgsluiced"]

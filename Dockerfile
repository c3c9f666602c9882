# copydesk as one static binary in an empty image.
#
#   docker build -t copydesk .
#   docker run --rm -p 8080:8080 --read-only --cap-drop=ALL copydesk
#
# A site without the public registry points both images at its own:
#   docker build --build-arg BUILDER_IMAGE=registry.example/rust:1.95-alpine .
# Any builder with this Rust, a C compiler and a static libc will do: Alpine's (musl) as well as Debian's (glibc).

ARG BUILDER_IMAGE=docker.io/library/rust:1.95-alpine
ARG RUNTIME_IMAGE=scratch

FROM ${BUILDER_IMAGE} AS build
WORKDIR /src
COPY . .
# The host's own target, named: RUSTFLAGS then hold for the binary and not for the macros that build it.
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
    && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --bin copydesk --target "$target" \
    && cp "target/$target/release/copydesk" /copydesk \
    && /copydesk --version

FROM ${RUNTIME_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="copydesk" \
      org.opencontainers.image.description="Raw article documents in, clean structured articles out" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /copydesk /copydesk
COPY --from=build /src/LICENSE /LICENSE
# No name: there is no /etc/passwd to find one in.
USER 65532:65532
# Milliseconds that freed memory is kept for the next document: by itself the allocator keeps it for 10, and takes it anew
# for each.
ENV COPYDESK_BIND=[::]:8080 MIMALLOC_PURGE_DELAY=25
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/copydesk", "health"]
ENTRYPOINT ["/copydesk"]

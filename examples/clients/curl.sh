#!/bin/sh
# One document, a page as it passes, and a batch, by curl: `examples/clients/curl.sh [http://localhost:8080]`
set -eu
service=${1:-http://localhost:8080}
cd "$(dirname "$0")/.."

# --retry obeys Retry-After of a 429 or 503; --fail-with-body shows the problem and exits with 22.
curl --silent --show-error --fail-with-body --retry 5 --data-binary @post.md "$service/v1/normalize?fields=title,authors,date_published"

# The page without its adverts, while it arrives.
curl --no-progress-meter --fail-with-body -N -X POST -T . "$service/v1/clean" < page.html | grep -c '<p>'

# Envelopes in, articles out; -T reads and writes at the same time.
printf '%s\n' '{"id":"a","document":"<p>The boats come back.</p>"}' '{"id":"b","document":""}' |
  curl --no-progress-meter --fail-with-body -N -X POST -T . "$service/v1/batch?fields=content_text"

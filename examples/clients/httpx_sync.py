"""Documents to articles, one after the other: `python httpx_sync.py http://localhost:8080 FILES…` (needs httpx).

A 429 or 503 is no failure but a request to come back: after as many seconds as `Retry-After` says.
"""

import pathlib
import random
import sys
import time

import httpx

TRIES = 8


def normalize(client: httpx.Client, document: bytes, **options: str) -> dict:
    for attempt in range(TRIES):
        answer = client.post("/v1/normalize", content=document, params=options)
        if answer.status_code not in (429, 503) or attempt + 1 == TRIES:
            break
        # With a little chance in it, so that those who were turned away together do not come back together.
        time.sleep(int(answer.headers.get("retry-after", "1")) + random.random())
    if answer.is_error:
        problem = answer.json()  # application/problem+json, whatever went wrong
        raise RuntimeError(f"{problem['code']}: {problem['detail']} (request {problem['request_id']})")
    return answer.json()


def main(service: str, *files: str) -> None:
    # Longer than the service's own budget for a document: its 504 says more than a timeout of ours.
    with httpx.Client(base_url=service, timeout=30) as client:
        for file in files:
            article = normalize(client, pathlib.Path(file).read_bytes(), fields="title,content_text")
            print(f"{file}: {article['title']}, {len(article['content_text'])} characters")


if __name__ == "__main__":
    main(*sys.argv[1:])

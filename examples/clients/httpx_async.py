"""Many documents at once: `python httpx_async.py http://localhost:8080 FILES…` (needs httpx).

The service tells by 429 when it has enough; as many tasks as its cores keep it busy, and more only wait.
"""

import asyncio
import pathlib
import random
import sys

import httpx

TRIES = 8
AT_ONCE = 8


async def normalize(client: httpx.AsyncClient, document: bytes, **options: str) -> dict:
    for attempt in range(TRIES):
        answer = await client.post("/v1/normalize", content=document, params=options)
        if answer.status_code not in (429, 503) or attempt + 1 == TRIES:
            break
        await asyncio.sleep(int(answer.headers.get("retry-after", "1")) + random.random())
    if answer.is_error:
        problem = answer.json()
        raise RuntimeError(f"{problem['code']}: {problem['detail']} (request {problem['request_id']})")
    return answer.json()


async def main(service: str, *files: str) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(file: str) -> str:
        async with gate:
            article = await normalize(client, pathlib.Path(file).read_bytes(), fields="title,content_text")
            return f"{file}: {article['title']}, {len(article['content_text'])} characters"

    async with httpx.AsyncClient(base_url=service, timeout=30) as client:
        for line in await asyncio.gather(*map(one, files)):
            print(line)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

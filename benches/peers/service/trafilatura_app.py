"""trafilatura behind uvicorn, as its users serve it: a page in, JSON with the names of our own answer out.

uvicorn trafilatura_app:app --port PORT
"""
import asyncio, json

import trafilatura


def extract(page, url):
    document = trafilatura.bare_extraction(page, url=url, with_metadata=True)
    if document is None:
        return {}
    found = document.as_dict()
    return {
        "title": found["title"], "authors": [{"name": found["author"]}] if found["author"] else [],
        "date_published": found["date"], "site_name": found["sitename"], "summary": found["description"],
        "language": found["language"], "content_text": found["text"],
    }


async def body_of(receive):
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        return
    answer = {}
    if scope["method"] == "POST":
        # Off the event loop, so that it goes on accepting.
        answer = await asyncio.to_thread(extract, await body_of(receive), None)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer, ensure_ascii=False).encode()})

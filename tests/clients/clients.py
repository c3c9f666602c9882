#!/usr/bin/env python3
"""Runs each client of examples/clients against a service of this machine, and checks what it prints: see `run` beside it."""

import http.server, json, os, pathlib, signal, subprocess, sys, tempfile, threading, time

import requests

BINARY = os.environ["COPYDESK"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "examples" / "clients"
FILES = [str(ROOT / "examples" / name) for name in ("post.md", "page.html")]
failed = []


def check(holds, text):
    print(("ok    " if holds else "FAIL  ") + text, flush=True)
    if not holds:
        failed.append(text)


class Server:
    def __init__(self, *flags):
        words = [BINARY, "serve", "--bind", "127.0.0.1:0", "--log-format", "json", *flags]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={"PATH": os.environ.get("PATH", "")})
        lines = map(json.loads, self.process.stderr)
        self.address = next(line["address"] for line in lines if line["message"] == "listening")
        self.url = f"http://{self.address}"
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def figure(self, name):
        lines = requests.get(f"{self.url}/metrics").text.splitlines()
        return float(next((line for line in lines if line.startswith(name)), "0").split()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def run(*words, fails=False, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, **more)
    for line in done.stdout.splitlines():
        print("      " + line[:150])
    if bool(done.returncode) != fails:
        print(done.stderr[-2000:])
    return done


def curl(server):
    done = run("sh", CLIENTS / "curl.sh", server.url)
    check(done.returncode == 0 and "林晓舟" in done.stdout and '"totals":{"documents":2,"ok":1,"failed":1}' in done.stdout, "curl")


def httpx(server):
    for name in ("httpx_sync.py", "httpx_async.py"):
        done = run(sys.executable, "-B", CLIENTS / name, server.url, *FILES * 3)
        check(done.returncode == 0 and done.stdout.count("青石镇图书馆") == 3 and len(done.stdout.splitlines()) == 6, name)
    done = run(sys.executable, "-B", CLIENTS / "httpx_sync.py", server.url, os.devnull, fails=True)
    check(done.returncode != 0 and "empty_body" in done.stderr, "httpx_sync.py says why an empty file is none")


def retry():
    """One document at a time and one that waits: eight at once are turned away, and all come back."""
    with tempfile.TemporaryDirectory() as folder, Server("--queue", "1", "--concurrency", "1") as server:
        large = pathlib.Path(folder, "large.html")
        large.write_text("<html><body>" + "<p>The boats come back in the morning, as they always did.</p>" * 30_000)
        done = run(sys.executable, "-B", CLIENTS / "httpx_async.py", server.url, *[str(large)] * 8)
        turned_away = server.figure('copydesk_rejections_total{reason="queue_full"}')
        check(done.returncode == 0 and len(done.stdout.splitlines()) == 8 and turned_away > 0, f"httpx_async.py: 8 documents at once, {turned_away:.0f} times turned away, all done by Retry-After")


def node(server):
    lines = [json.dumps({"id": f"n{i}", "document": f"<p>Document {i} of the harbour.</p>"}) for i in range(2000)]
    lines[7] = "{"
    done = subprocess.run(["node", CLIENTS / "node.mjs", server.url], input="\n".join(lines), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    out = done.stdout.splitlines()
    print("      " + "\n      ".join([*out[:2], out[7], "…", *out[-2:]] if len(out) > 8 else [done.stdout, done.stderr]))
    check(done.returncode == 0 and out[-1:] == ["1999 of 2000 were articles"] and out[1999].startswith("1999 n1999 200 Document 1999"), "node.mjs: 2,000 lines through one fetch, in order")


def scrapy(server):
    """A crawl of a little site of three pages that link to each other, one of them in another charset."""
    def page(title, links, charset):
        text = "".join(f"<p>{title}, part {i}: the boats come back in the morning with what the night has given them, and the harbour wakes.</p>" for i in range(9))
        anchors = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
        return f"<html><head><meta charset={charset}><title>{title}</title></head><body><nav><ul>{anchors}</ul></nav><article><h1>{title}</h1>{text}<div class=advertisement>Buy!</div></article></body></html>".encode(charset)
    site = {"/": page("Harbour", ["/north", "/south"], "utf-8"), "/north": page("Café Nord", ["/"], "iso-8859-1"), "/south": page("南港", ["/north"], "gb18030")}

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = site.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    local = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=local.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "articles.jsonl")
        words = [sys.executable, "-m", "scrapy", "runspider", CLIENTS / "scrapy_pipeline.py", "-a", f"start=http://127.0.0.1:{local.server_port}/", "-s", f"COPYDESK_URL={server.url}", "-s", "LOG_LEVEL=WARNING", "-O", out]
        done = run(*words, cwd=folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        articles = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    local.shutdown()
    for article in articles:
        print("      " + json.dumps({name: article.get(name) for name in ("url", "title", "language")}, ensure_ascii=False))
    titles = sorted(article["title"] for article in articles)
    clean = all("Buy!" not in article["content_text"] and "part 8" in article["content_text"] for article in articles)
    check(done.returncode == 0 and titles == ["Café Nord", "Harbour", "南港"] and clean, "Scrapy crawled three pages into three articles")


def defaults(server):
    """What clients send when nobody told them otherwise gets JSON."""
    page = pathlib.Path(FILES[1]).read_bytes()
    answer = requests.post(f"{server.url}/v1/normalize", data=page)
    check(answer.headers["content-type"] == "application/json" and answer.json()["title"], f"requests' own headers ({dict(answer.request.headers)['Accept']}) get JSON")
    for accept in ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "*/*"):
        answer = requests.post(f"{server.url}/v1/normalize", data=page, headers={"Accept": accept})
        check(answer.headers["content-type"] == "application/json", f"Accept: {accept} gets JSON")


with Server() as server:
    for step in (curl, httpx, node, scrapy, defaults):
        step(server)
retry()
print(f"{len(failed)} did not hold" if failed else "all held")
sys.exit(bool(failed))

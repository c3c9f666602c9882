#!/usr/bin/env python3
"""What small hostile requests take of the memory limit: the peak of the process for each of them, several at once.

    tests/load/run memory [NAME]...        or: COPYDESK=target/quick/copydesk tests/load/memory.py [NAME]...

Each case gets a service of its own. It fails when the process takes more than its limit and a tenth, or ends. Standard
library only, on loopback.
"""

import base64, json, os, re, signal, socket, subprocess, sys, tempfile, threading, time, urllib.parse

BINARY = os.environ["COPYDESK"]
MIB = 1 << 20
failed = []


class Server:
    def __init__(self, limit_mib, *flags):
        words = [BINARY, "serve", "--bind", "127.0.0.1:0", "--log-format", "json", "--memory-limit", f"{limit_mib}MiB", *flags]
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        environment = {"PATH": os.environ.get("PATH", ""), "MIMALLOC_PURGE_DELAY": "25"}
        self.process = subprocess.Popen(words, stderr=self.log, env=environment)
        end = time.monotonic() + 20
        while not (found := re.search(r'"message":"listening".*?"address":"([0-9.]+):(\d+)"|"address":"([0-9.]+):(\d+)".*?"message":"listening"', open(self.log.name).read())):
            if time.monotonic() > end or self.process.poll() is not None:
                self.process.kill()
                sys.exit("the service did not start: " + open(self.log.name).read()[-500:])
            time.sleep(0.01)
        host, port = [group for group in found.groups() if group]
        self.address = host, int(port)

    def status(self, name):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()


def request(target, body, content_type="text/html", *headers):
    head = [f"POST {target} HTTP/1.1", "Host: t", "Connection: close", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def send(server, bytes, answers):
    """Sends all, reads all, and notes the status."""
    try:
        with socket.create_connection(server.address, 120) as link:
            def write():
                try:
                    link.sendall(bytes)
                except OSError:
                    pass
            writer = threading.Thread(target=write)
            writer.start()
            first = b""
            while piece := link.recv(1 << 18):
                first = first or piece
            writer.join()
            answers.append(first[9:12].decode() or "none")
    except OSError as error:
        answers.append(type(error).__name__)


def envelope(document="<p>Some text of an article.", **keys):
    return json.dumps({"document": document, **keys}).encode()


def query(selectors, path):
    return path + "?" + urllib.parse.urlencode([("remove", selector) for selector in selectors])


NESTED = b"<b>" * 4000 + b"text"
TWENTY = ["b " * 19 + f"b.c{i}" for i in range(5000)]
EACH_OWN = "".join(f"<b class=d{i}>" for i in range(4000)).encode() + b"text"
LONG_VALUES = [f'[a{i % 9}*="' + "".join(chr(0x4E00 + (i * 7919 + j * 31) % 20000) for j in range(1200)) + '"]' for i in range(900)]


def short_query():
    return ["b " * 19 + "b" for _ in range(1000)]


# Name: the memory limit in MiB, how many at once, and what is sent.
CASES = {
    "selectors on depth, clean": (128, 2, lambda: request(query(short_query(), "/v1/clean"), NESTED)),
    "selectors on depth, normalize": (128, 2, lambda: request(query(short_query(), "/v1/normalize"), NESTED)),
    "selectors on depth, envelope": (256, 1, lambda: request("/v1/normalize", envelope(NESTED.decode(), options={"remove": TWENTY}), "application/json")),
    "selectors within their bounds": (128, 4, lambda: request(query(short_query()[:200], "/v1/normalize"), NESTED)),
    "selectors, each level another": (128, 4, lambda: request(query(short_query()[:190] + [f".d{i} i" for i in range(300)], "/v1/normalize"), EACH_OWN)),
    "selectors, each level another, clean": (128, 4, lambda: request(query(short_query()[:190] + [f".d{i} i" for i in range(300)], "/v1/clean"), EACH_OWN)),
    "selectors of two bytes": (128, 4, lambda: request("/v1/normalize", envelope(options={"remove": ["*," * 2000 + "b"] * 150}), "application/json")),
    "selectors with long values": (128, 4, lambda: request("/v1/normalize", envelope(options={"remove": LONG_VALUES[:60]}), "application/json")),
    "keep, many": (128, 4, lambda: request("/v1/normalize", envelope(options={"keep": [f".k{i}" for i in range(20000)]}), "application/json")),
    "without, many": (128, 4, lambda: request("/v1/normalize", envelope(options={"without": ["generic/ad-slot"] * 60000}), "application/json")),
    "fields, many": (128, 4, lambda: request("/v1/normalize", envelope(options={"fields": ["title"] * 100000}), "application/json")),
    "context of small objects": (1024, 2, lambda: request("/v1/normalize", b'{"document":"<p>a","context":[' + b",".join([b'{"a":1}'] * 1_800_000) + b"]}", "application/json")),
    "context of small lists": (256, 2, lambda: request("/v1/normalize", b'{"document":"<p>a","context":[' + b",".join([b"[]"] * 1_000_000) + b"]}", "application/json")),
    "metadata of small objects": (256, 2, lambda: request("/v1/normalize", b'{"document":"<p>a","metadata":{"title":[' + b",".join([b"[]"] * 600_000) + b"]}}", "application/json")),
    "metadata of many authors": (128, 4, lambda: request("/v1/normalize", b'{"document":"<p>a","metadata":{"authors":[' + b",".join([b'"A B"'] * 150_000) + b"]}}", "application/json")),
    "options of small lists": (256, 2, lambda: request("/v1/normalize", b'{"document":"<p>a","options":{"remove":[' + b",".join([b"[]"] * 600_000) + b"]}}", "application/json")),
    "headers of small texts": (128, 4, lambda: request("/v1/normalize", b'{"document":"<p>a","headers":{' + b",".join(b'"%d":""' % i for i in range(90_000)) + b"}}", "application/json")),
    "keys that are none": (128, 4, lambda: request("/v1/normalize", b"{" + b",".join(b'"%d":[]' % i for i in range(2_000)) + b"}", "application/json")),
    "short lines": (256, 4, lambda: request("/v1/normalize?fields=all", b"a\n\n" * 700_000, "text/plain")),
    "shorter lines": (256, 4, lambda: request("/v1/normalize?fields=all", b"a\n" * 1_000_000, "text/plain")),
    "short lines, markdown": (256, 4, lambda: request("/v1/normalize?format=markdown", b"a\n\n" * 700_000, "text/plain")),
    "blank lines": (256, 4, lambda: request("/v1/normalize?fields=all", b"a" + b"\n" * 2_000_000, "text/plain")),
    "blank lines, html": (256, 4, lambda: request("/v1/normalize?fields=all", b"<pre>a" + b"\n" * 2_000_000, "text/html")),
    "soup of <": (256, 4, lambda: request("/v1/normalize?fields=all", b"<" * 2_000_000)),
    "soup of < and blanks": (256, 4, lambda: request("/v1/normalize?fields=all", b"< " * 1_000_000)),
    "soup of <, text": (256, 4, lambda: request("/v1/normalize?fields=all", b"<" * 1_400_000, "text/plain")),
    "soup of <b": (256, 4, lambda: request("/v1/normalize?fields=all", b"<b" * 1_000_000)),
    "soup of </": (256, 4, lambda: request("/v1/normalize?fields=all", b"</" * 1_000_000)),
    "soup of <!": (256, 4, lambda: request("/v1/normalize?fields=all", b"<!>" * 700_000)),
    "front matter of lines": (256, 4, lambda: request("/v1/normalize?fields=all", b"---\n" + b"a: [" + b"[]," * 600_000 + b"]\n---\ntext")),
    "json-ld of small lists": (256, 4, lambda: request("/v1/normalize?fields=all", b"<script type=application/ld+json>[" + b"{}," * 700_000 + b"{}]</script><p>text")),
    "form of many parts": (256, 4, lambda: request("/v1/normalize", b"".join(b'--b\r\nContent-Disposition: form-data; name="without"\r\n\r\na\r\n' for _ in range(30_000)) + b"--b--\r\n", "multipart/form-data; boundary=b")),
    "feed of small entries": (256, 2, lambda: request("/v1/batch", b"<rss><channel>" + b"<item/>" * 250_000 + b"</channel></rss>", "application/rss+xml")),
    "batch of small envelopes": (256, 2, lambda: request("/v1/batch", b'{"document":"a"}\n' * 120_000, "application/x-ndjson")),
    "batch of contexts": (256, 2, lambda: request("/v1/batch", (b'{"document":"a","context":[' + b",".join([b"[]"] * 300_000) + b"]}\n") * 3, "application/x-ndjson")),
    "explain and removed": (256, 4, lambda: request("/v1/normalize?fields=all&explain=true&remove=i", b"<p>text of it<i>a</i>" * 60_000)),
    "attributes": (256, 4, lambda: request("/v1/normalize?fields=all", b"<p " + b"a " * 900_000 + b">text")),
    "entities": (256, 4, lambda: request("/v1/normalize?fields=all", b"&lt;" * 500_000)),
    "pictures": (256, 4, lambda: request("/v1/normalize?fields=all", b"<article><p>text" + b"<img src=a>" * 180_000)),
    "links": (256, 4, lambda: request("/v1/normalize?fields=all", b"<article><p>text" + b"<a href=a>b" * 180_000)),
    "long base and links": (128, 2, lambda: request("/v1/normalize?fields=all", b"<base href=http://a.example/" + b"x" * 60_000 + b"/><article><p>text" + b"<a href=b>c</a> " * 1000)),
    "base and links": (256, 4, lambda: request("/v1/normalize?fields=all", b"<base href=http://a.example/" + b"x" * 2000 + b"><article><p>text" + b"<a href=a>b" * 20_000)),
}


def run(name):
    limit, count, make = CASES[name]
    bytes = make()
    with Server(limit) as server:
        answers = []
        begun = time.monotonic()
        senders = [threading.Thread(target=send, args=(server, bytes, answers)) for _ in range(count)]
        [sender.start() for sender in senders]
        [sender.join() for sender in senders]
        alive = server.process.poll() is None
        peak = server.status("VmHWM") if alive else float("inf")
    holds = peak <= limit * 1.1
    print(f"{'ok   ' if holds else 'FAIL '} {name}: {count} of {len(bytes) / 1024:.0f} KiB, peak {peak:.0f} MiB of {limit} MiB ({peak / limit:.2f}); {','.join(sorted(answers))}; {time.monotonic() - begun:.1f} s", flush=True)
    if not holds:
        failed.append(name)


# What many connections send and then hold open.
HELD = {
    "idle batches": b"POST /v1/batch HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "idle batches, packed": b"POST /v1/batch HTTP/1.1\r\nHost: t\r\nAccept-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "bodies of one byte": b"POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n<",
    "streams of nothing": b"POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n",
}


def hold(name, limit=256, count=1000, seconds=40):
    """Many connections that send a byte and hold on: pages are answered beside them, and they are ended in time."""
    with Server(limit) as server:
        held = []
        for _ in range(count):
            link = socket.create_connection(server.address, 10)
            link.sendall(HELD[name])
            held.append(link)
        time.sleep(1)
        answers = []
        send(server, request("/v1/normalize", b"<p>A page beside them." * 100), answers)
        send(server, request("/v1/batch", b'{"document":"a"}\n', "application/x-ndjson"), answers)
        send(server, request("/v1/clean", b"<p>A page beside them." * 100), answers)
        begun = time.monotonic()
        ended = {}
        for link in held:
            link.settimeout(max(0.01, begun + seconds - time.monotonic()))
            text = b""
            try:
                while piece := link.recv(1 << 16):
                    text += piece
            except OSError:
                pass
            code = re.search(rb'"code":"(\w+)"', text)
            code = code[1].decode() if code else text[9:12].decode() or "open"
            ended[code] = ended.get(code, 0) + 1
        peak = server.status("VmHWM")
        holds = answers == ["200"] * 3 and not ended.get("open") and peak <= limit * 1.1
        print(f"{'ok   ' if holds else 'FAIL '} {name}, {count}: others {answers}; they end with {ended} after {time.monotonic() - begun:.0f} s; peak {peak:.0f} MiB of {limit} MiB", flush=True)
        if not holds:
            failed.append(name)


def main():
    names = sys.argv[1:]
    for name in CASES:
        if not names or any(word in name for word in names):
            run(name)
    for name in HELD:
        if not names or any(word in name for word in names):
            hold(name)
    print(f"{len(failed)} did not hold: {failed}" if failed else "all held")
    sys.exit(bool(failed))


main()

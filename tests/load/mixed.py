"""Everything at once, for as long as asked: pages, posts, hostile input, clients that vanish, rules read again.

    tests/load/run mixed MINUTES

`MIX` names folders of more pages, with `:` between; without it the pages are the project's own. Each document is sent
once at first, and every later answer must be the same but for the revision of the rules, which change every minute. One
client in a hundred hangs up, some before it has sent its document and some before it has its answer. It fails on any 5xx,
on an answer that is not the first one, and on memory, descriptors or threads that grow. Loopback only.
"""
import hashlib, http.client, json, os, pathlib, random, re, socket, sys, tempfile, threading, time

from load import OURS, RULE, Server, check, failed, say

CLIENTS = 4
RELOAD_SECONDS = 60
HOSTILE = {
    "nothing": b"",
    "white space": b" \n" * 1000,
    "no text": bytes(range(256)) * 100,
    "cut in a character": "<p>海港的渔船回来了。</p>".encode()[:-6],
    "deep": b"<div>" * 100_000,
    "unclosed paragraphs": b"<p>x" * 100_000,
    "attributes": b"<a " + b"x=1 " * 200_000 + b">y</a>",
    "classes": b"<p class='" + b"ad b " * 50_000 + b"'>x</p>",
    "less than": b"<" * 500_000,
    "comment without an end": b"<p>a</p><!--" + b"-" * 500_000,
    "misnested": b"<b><i><p>x</b></i>" * 20_000,
    "tables": b"<table><tr><td>" * 5_000,
    "front matter alone": b"---\ntitle: a\n---\n",
    "front matter bomb": b"---\na: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(b"%c: &%c [%b]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 106)) + b"---\n<p>x</p>",
    "entities": b"<p>" + b"&amp;&#x4e00;&nosuch;" * 30_000,
    "scripts": b"<script>" + b"var a = '</scrip';" * 30_000,
}
REVISION = re.compile(rb'"rules_revision":"[^"]*"')


def pages():
    """Each with its path: the project's own, and those of MIX."""
    here = pathlib.Path(__file__).resolve().parent.parent
    folders = [here / "pages", *filter(None, os.environ.get("MIX", "").split(":"))]
    files = sorted(file for folder in folders for file in pathlib.Path(folder).rglob("*") if file.suffix in (".html", ".md"))
    return [(str(file), file.read_bytes()) for file in files]


class Mix:
    def __init__(self, server, documents):
        self.server, self.documents, self.first = server, documents, {}
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.counts, self.wrong, self.vanished = {}, [], 0

    def ask(self, link, name, document):
        """The status, and what the answer says but for what may differ from one time to the next."""
        while True:
            link.request("POST", "/v1/normalize", document, {"Content-Type": "application/octet-stream"})
            reply = link.getresponse()
            body = reply.read()
            with self.lock:
                self.counts[reply.status] = self.counts.get(reply.status, 0) + 1
            if reply.status != 429:
                break
            time.sleep(0.05)
        said = REVISION.sub(b"", body) if reply.status == 200 else json.loads(body)["code"].encode()
        answer = (reply.status, hashlib.sha256(said).hexdigest())
        with self.lock:
            if reply.status >= 500 or self.first.setdefault(name, answer) != answer:
                self.wrong.append((name, reply.status))

    def vanish(self, document, chance):
        head = f"POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {len(document)}\r\n\r\n".encode()
        whole = head + document
        with socket.create_connection(self.server.address, 10) as link:
            link.sendall(whole[: chance.randrange(len(head), len(whole) + 1)])
        with self.lock:
            self.vanished += 1

    def client(self, number):
        os.sched_setaffinity(0, OURS)
        chance, link = random.Random(number), None
        while not self.stop.is_set():
            name, document = chance.choice(self.documents)
            try:
                if chance.random() < 0.01:
                    self.vanish(document, chance)
                    continue
                link = link or http.client.HTTPConnection(*self.server.address, timeout=60)
                self.ask(link, name, document)
            except (OSError, http.client.HTTPException) as error:
                # A connection that was kept may be closed before its next request; on a new one that is a fault.
                fresh = http.client.HTTPConnection(*self.server.address, timeout=60)
                try:
                    self.ask(fresh, name, document)
                except (OSError, http.client.HTTPException):
                    with self.lock:
                        self.wrong.append((name, repr(error)))
                link = fresh


def main(minutes):
    with tempfile.TemporaryDirectory() as rules, Server("--rules", rules) as server:
        mix, begun, samples = Mix(server, pages() + list(HOSTILE.items())), time.monotonic(), {}
        link = http.client.HTTPConnection(*server.address, timeout=60)
        for name, document in mix.documents:
            mix.ask(link, name, document)
        link.close()
        say(f"{len(mix.documents)} documents, {len(HOSTILE)} of them hostile; first answers {dict(sorted(mix.counts.items()))}")
        clients = [threading.Thread(target=mix.client, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()

        def sample(when):
            samples[when] = (server.rss(), server.descriptors(), server.threads())
            say("mixed at the {:6} after {:5.0f} s: resident {:.1f} MiB, {} descriptors, {} threads".format(when, time.monotonic() - begun, *samples[when]))

        # What is filled by the first documents of each kind has been filled then.
        time.sleep(min(30, minutes * 6))
        sample("start")
        turn, end = 0, begun + minutes * 60
        while time.monotonic() < end:
            time.sleep(min(RELOAD_SECONDS, max(0.1, end - time.monotonic()), minutes * 20))
            turn += 1
            new = pathlib.Path(rules, ".new")
            new.write_text(RULE % turn)
            new.rename(pathlib.Path(rules, "mine.toml"))
            if "middle" not in samples and time.monotonic() > (begun + end) / 2:
                sample("middle")
        sample("end")
        mix.stop.set()
        for client in clients:
            client.join()
        reloads = server.figure('copydesk_reloads_total{what="rules",outcome="ok"}')
        say(f"{sum(mix.counts.values())} answers {dict(sorted(mix.counts.items()))}, {mix.vanished} clients vanished, rules read again {reloads:.0f} times; peak resident {server.peak():.1f} MiB")
        check(not mix.wrong, f"mixed load of {minutes:g} minutes: no 5xx, and the same answers as at first {mix.wrong[:5] or ''}")
        (_, files, threads), (middle, _, _), (last, last_files, last_threads) = (samples[when] for when in ("start", "middle", "end"))
        check(last <= max(middle * 1.15, middle + 32), f"mixed: resident memory {middle:.1f} -> {last:.1f} MiB from middle to end (15 % or 32 MiB more at most)")
        check(last_files <= files + CLIENTS and last_threads <= threads + 1, f"mixed: descriptors {files} -> {last_files} (a client may be on its way), threads {threads} -> {last_threads}")
        check(server.stop() == 0, "and drained")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
    sys.exit(bool(failed))

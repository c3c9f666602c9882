#!/usr/bin/env python3
"""What the stream costs in memory: 256 MiB through `POST /v1/clean` and through `copydesk clean`.

    tests/load/stream_memory.py [BINARY] [MIB]

Prints the resident memory of the process at the start, in the middle and at the end, and fails when it rises by more than
8 MiB above idle, or when one byte of a page in which no rule matches comes back changed. Python's standard library only;
the server is started here, on a free port of the loopback, and stopped by its own process id.
"""

import hashlib
import json
import re
import socket
import subprocess
import sys
import threading
import time

BINARY = sys.argv[1] if len(sys.argv) > 1 else "target/release/copydesk"
MIB = int(sys.argv[2]) if len(sys.argv) > 2 else 256
RISE_KIB = 8 << 10
PIECE_BYTES = 64 << 10
PATIENCE_SECONDS = 600

WORDS = "the boats come back in the morning with what the night has given them "


def article(i):
    return (
        f'<div class="row r{i % 7}"><h2>Part {i}</h2><p>{WORDS}<a href="/a/{i}">{WORDS[:20]}</a> {WORDS}</p>\n'
        f'<ul><li>{i}<li class="x">{WORDS}</ul><!-- {i} --><img src="/i/{i}.jpg" alt="{WORDS[:30]}"></div>\n'
    )


# Each with whether the built-in rules leave it as it is.
KINDS = {
    "articles": (article, True),
    "p that never closes": (lambda i: f"<p>{i} {WORDS[:24]}\n", True),
    "li that never closes": (lambda i: f"<li class=a{i % 9}>{WORDS[:9]}", True),
    "tiny p": (lambda i: "<p>", True),
    "text without a tag": (lambda i: WORDS * 20, True),
    "adverts and scripts": (
        lambda i: f"<p>{WORDS}</p><div class=advertisement><p>{WORDS * 8}</div><script>x({i})</script>",
        False,
    ),
    "adverts that never close": (lambda i: f"<section><div class=advertisement>{WORDS}</section>", True),
    "one script": (lambda i: "<script>" if i == 0 else f"x({i});", False),
}


def pieces(make):
    """About MIB of a page in pieces, made anew each time so that it is never in memory as a whole."""
    # Rows are made in a round of 4096, which is made once: this script must not be what is slow.
    first = make(0)
    rest = "".join(make(i) for i in range(1, 4097))
    while len(rest) < PIECE_BYTES:
        rest += rest
    sent = len(first)
    yield first.encode()
    rest = rest.encode()
    while sent < MIB << 20:
        for at in range(0, len(rest), PIECE_BYTES):
            piece = rest[at : at + PIECE_BYTES]
            sent += len(piece)
            yield piece


def memory(pid, field):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{field}:\s+(\d+)", status.read())[1])


class Watch:
    """Resident memory of a process as a page passes through it."""

    def __init__(self, pid):
        self.pid = pid
        with open(f"/proc/{pid}/clear_refs", "w") as peak:
            peak.write("5")  # the peak of now: loading the rules is not the stream's
        self.seen = [memory(pid, "VmRSS")]

    def send(self, make, write):
        """Sends a page; the answer is its hash."""
        sent, whole, next_look = 0, hashlib.sha256(), MIB << 19
        for piece in pieces(make):
            write(piece)
            whole.update(piece)
            sent += len(piece)
            if sent >= next_look:
                self.seen.append(memory(self.pid, "VmRSS"))
                next_look = MIB << 21
        self.seen.append(memory(self.pid, "VmRSS"))
        self.seen.append(memory(self.pid, "VmHWM"))
        return whole.hexdigest()

    def report(self, road, kind, same):
        start, middle, end, peak = self.seen
        rise = max(self.seen) - start
        good = rise <= RISE_KIB and same is not False
        says = {True: "unchanged", False: "CHANGED", None: "cleaned"}[same]
        print(
            f"{road:5}{kind:26} start {start:6} KiB  middle {middle:6}  end {end:6}  peak {peak:6}  rise {rise:6}  "
            f"{says:10}{'ok' if good else 'FAILED'}",
            flush=True,
        )
        return good


class Reader(threading.Thread):
    """Reads to the end beside the sender: neither may wait for the other."""

    def __init__(self, read):
        super().__init__(daemon=True)
        self.read, self.digest, self.whole = read, hashlib.sha256(), False
        self.start()

    def run(self):
        while piece := self.read():
            self.digest.update(piece)
        self.whole = True


def chunks(stream):
    """A function that reads the chunks of a chunked answer, its head first."""
    in_head = True

    def read():
        nonlocal in_head
        while in_head:
            in_head = bool(stream.readline().strip())
        length = int(stream.readline(), 16)
        piece = stream.read(length)
        stream.readline()
        return piece

    return read


def over_http(kind, make, unchanged):
    process = subprocess.Popen(
        [BINARY, "serve", "--bind", "127.0.0.1:0", "--log-format", "json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = map(json.loads, process.stderr)
        address = next(line["address"] for line in lines if line["message"] == "listening")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        host, port = address.rsplit(":", 1)

        def connect():
            connection = socket.create_connection((host, int(port)), PATIENCE_SECONDS)
            connection.sendall(b"POST /v1/clean HTTP/1.1\r\nHost: load\r\nTransfer-Encoding: chunked\r\n\r\n")
            return connection, connection.makefile("rb")

        def send(connection, piece):
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))

        # A small page first: idle is a service that has worked.
        connection, answer = connect()
        send(connection, b"<p>warm</p>")
        send(connection, b"")
        read = chunks(answer)
        while read():
            pass
        connection.close()

        watch = Watch(process.pid)
        connection, answer = connect()
        reader = Reader(chunks(answer))
        whole = watch.send(make, lambda piece: send(connection, piece))
        send(connection, b"")
        reader.join(PATIENCE_SECONDS)
        same = reader.digest.hexdigest() == whole if unchanged else None
        return watch.report("http", kind, same) and reader.whole
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def over_pipe(kind, make, unchanged):
    process = subprocess.Popen([BINARY, "clean"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        reader = Reader(lambda: process.stdout.read1(PIECE_BYTES))
        while not re.search(r"^State:\s+S", open(f"/proc/{process.pid}/status").read(), re.M):
            time.sleep(0.01)  # it has loaded its rules once it sleeps on its input
        watch = Watch(process.pid)
        whole = watch.send(make, lambda piece: process.stdin.write(piece))
        process.stdin.close()
        reader.join(PATIENCE_SECONDS)
        same = reader.digest.hexdigest() == whole if unchanged else None
        return watch.report("pipe", kind, same) and process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def main():
    print(f"{MIB} MiB each through {BINARY}; at most {RISE_KIB} KiB above idle")
    good = [road(kind, *KINDS[kind]) for kind in KINDS for road in (over_http, over_pipe)]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()

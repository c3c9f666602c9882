"""Batches: a million lines and the memory that they take, and whether two jobs do twice the work of one.

    tests/load/run batch [LINES]

`MIX` names folders of pages to measure the speed with, with `:` between; without it they are the project's own. A million
lines are made as they are sent, by the shell and by `POST /v1/batch`, and each answer must be the next one, whole and good.
Speed is that of `copydesk batch` with one job for each core against the whole process held to one core by taskset, by the
clock, and against the engine in process, by processor time; in rounds in turn, of which the middle one counts. Loopback only.
"""
import http.client, json, os, pathlib, resource, statistics, subprocess, sys, tempfile, threading, time

from load import BINARY, HAMMER, THEIRS, Server, check, failed, processor_ms, say
from mixed import pages

# As the image sets it.
ENVIRONMENT = {**os.environ, "MIMALLOC_PURGE_DELAY": "25"}
ROUNDS = 15
SECONDS_EACH = 2
PIECE_LINES = 500
RISE_MIB = 32


def resident_mib(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024


def line(number):
    text = f"The harbour of the town was built by fishermen, and boat number {number} has come back to it every morning since then."
    return b'{"id":"%d","document":"<article><h1>Boat %d</h1><p>%b</p><div class=\\"ad-slot\\">x</div></article>"}\n' % (number, number, text.encode())


def lines(count):
    for first in range(0, count, PIECE_LINES):
        yield b"".join(map(line, range(first, min(first + PIECE_LINES, count))))


def follow(answers, pid, count):
    """Reads all answers; the memory on the way, and what is wrong with the first one that is not as it must be."""
    memory, marks = [], {count // 20: "start", count // 2: "middle", count: "end"}
    for number in range(count):
        said = answers.readline()
        if not said.startswith(b'{"index":%d,"id":"%d","status":200,' % (number, number)) or not said.endswith(b"}\n"):
            return memory, said[:200]
        if number + 1 in marks:
            memory.append(resident_mib(pid))
    totals = answers.readline()
    return memory, None if totals and json.loads(totals)["totals"]["ok"] == count else totals


def judge(name, count, memory, wrong, seconds):
    start, middle, end = memory if len(memory) == 3 else [0] * 3
    say(f"{name}: resident {start:.1f} MiB at the start, {middle:.1f} in the middle, {end:.1f} at the end; {count / seconds:.0f} lines a second")
    check(wrong is None and end <= start + RISE_MIB, f"{name}: {count} lines, each answered once and in its order, {end - start:+.1f} MiB from start to end ({RISE_MIB} at most) {wrong or ''}")


def shell(count):
    begun = time.monotonic()
    words = [BINARY, "batch", "--fields", "content_text", "-"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    def feed():
        for piece in lines(count):
            process.stdin.write(piece)
        process.stdin.close()
    feeder = threading.Thread(target=feed)
    feeder.start()
    memory, wrong = follow(process.stdout, process.pid, count)
    feeder.join()
    process.stdout.close()
    judge("copydesk batch", count, memory, wrong, time.monotonic() - begun)
    check(process.wait(60) == 0, "and exits with 0")


def service(count):
    with Server(pinned=False) as server:
        link, begun = http.client.HTTPConnection(*server.address, timeout=600), time.monotonic()
        link.putrequest("POST", "/v1/batch?fields=content_text")
        link.putheader("Content-Type", "application/x-ndjson")
        link.putheader("Transfer-Encoding", "chunked")
        link.endheaders()
        def feed():
            for piece in lines(count):
                link.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            link.send(b"0\r\n\r\n")
        feeder = threading.Thread(target=feed)
        feeder.start()
        memory, wrong = follow(link.getresponse(), server.process.pid, count)
        feeder.join()
        judge("POST /v1/batch", count, memory, wrong, time.monotonic() - begun)


def batch(folders, cores):
    """Seconds by the clock, and of processor time, for one batch on these cores."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = ["taskset", "-c", ",".join(map(str, cores)), BINARY, "batch", *folders]
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begun, sum(after[:2]) - sum(before[:2])


def speed():
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        found = pages()
        for number, (path, page) in enumerate(found):
            pathlib.Path(folder, f"{number:05}{pathlib.Path(path).suffix}").write_bytes(page)
        seconds, _ = batch([folder], cores)
        many = [folder] * max(1, round(SECONDS_EACH / seconds))
        count = len(found) * len(many)
        prepare = lambda: os.sched_setaffinity(0, THEIRS)
        engine = subprocess.Popen([HAMMER, "road", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT, preexec_fn=prepare)
        gains, shares = [], []
        for _ in range(ROUNDS):
            all_cores, _ = batch(many, cores)
            one_core, used = batch(many, cores[:1])
            before = processor_ms(engine.pid)
            engine.stdin.write(f"{count}\n")
            engine.stdin.flush()
            engine.stdout.readline()
            gains.append(one_core / all_cores)
            shares.append((processor_ms(engine.pid) - before) / 1000 / used)
        engine.stdin.close()
        engine.wait()
    say(f"{count} documents a round: {count / one_core:.0f} a second on one core, {count / all_cores:.0f} on {len(cores)} (the last round)")
    gain, share = statistics.median(gains), statistics.median(shares)
    if len(cores) > 1:
        check(gain >= 0.9 * len(cores), f"with {len(cores)} jobs {gain:.2f} times the speed of one core ({0.9 * len(cores):.1f} at least; from {min(gains):.2f} to {max(gains):.2f})")
    check(share >= 0.9, f"a batch does {share * 100:.1f} % of what the engine does in process, by processor time (90 at least; from {min(shares) * 100:.1f} to {max(shares) * 100:.1f})")


def main(count):
    speed()
    shell(count)
    service(count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    print(f"{len(failed)} promises did not hold" if failed else "all held")
    sys.exit(bool(failed))

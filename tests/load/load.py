#!/usr/bin/env python3
"""Load, cost, faults and soak against a copydesk of this machine: figures, and whether they are what is promised.

    tests/load/run [load|cost|faults|kills|stream MIB|soak MINUTES]...      load, cost and faults without words

Standard library only. Everything stays on loopback, and is bounded in time and count. Where there are two cores the
service gets one and the client the other: they would share them otherwise, and each figure would be of both. A line that
begins with FAIL is a promise that did not hold; the exit code is then 1.
"""

import asyncio, contextlib, json, os, pathlib, resource, signal, socket, statistics, subprocess, sys, tempfile, threading, time

BINARY, HAMMER = os.environ["COPYDESK"], os.environ["HAMMER"]
SEED = pathlib.Path(os.environ.get("SEED", "examples/post.md"))
CORES = sorted(os.sched_getaffinity(0))
OURS, THEIRS = ({CORES[-1]}, {CORES[0]}) if len(CORES) > 1 else (set(CORES), set(CORES))
failed = []


def check(holds, text):
    print(("ok    " if holds else "FAIL  ") + text, flush=True)
    if not holds:
        failed.append(text)


def say(text):
    print("      " + text, flush=True)


def processor_ms(process):
    """Processor time of a process and all its threads, user and system, by the clock that the kernel keeps for it."""
    return time.clock_gettime_ns((~process << 3) | 2) / 1e6


class Server:
    """A service on a free port, on its own core, with its log in a file."""

    def __init__(self, *flags, pinned=True, before=None):
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log")
        words = [BINARY, "serve", "--bind", "127.0.0.1:0", "--log-format", "json", *flags]
        def prepare():
            if pinned:
                os.sched_setaffinity(0, THEIRS)
            if before:
                before()
        # As the image and the unit set it.
        environment = {"PATH": os.environ.get("PATH", ""), "MIMALLOC_PURGE_DELAY": "25"}
        self.process = subprocess.Popen(words, stderr=self.log, env=environment, preexec_fn=prepare)
        end = time.monotonic() + 20
        while True:
            lines = self.lines("listening")
            if lines:
                break
            if time.monotonic() > end or self.process.poll() is not None:
                self.process.kill()
                sys.exit("the service did not start: " + open(self.log.name).read()[-500:])
            time.sleep(0.01)
        self.settings = lines[0]
        host, port = lines[0]["address"].rsplit(":", 1)
        self.address, self.text = (host, int(port)), lines[0]["address"]

    def lines(self, message):
        found = []
        for line in open(self.log.name):
            if f'"message":"{message}"' in line:
                found.append(json.loads(line))
        return found

    def _status(self, name):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1])

    def rss(self):
        return self._status("VmRSS") / 1024

    def peak(self):
        return self._status("VmHWM") / 1024

    def threads(self):
        return self._status("Threads")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def processor_ms(self):
        return processor_ms(self.process.pid)

    def get(self, path="/livez", timeout=10):
        begun = time.monotonic()
        with socket.create_connection(self.address, timeout) as link:
            link.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
            status = int(link.recv(64).split()[1])
        return status, (time.monotonic() - begun) * 1000

    def ask(self, path):
        """The body of an answer."""
        with socket.create_connection(self.address, 10) as link:
            link.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: link.recv(65536), b"")).decode().partition("\r\n\r\n")[2]

    def figure(self, name):
        lines = (line for line in self.ask("/metrics").splitlines() if line.startswith(name))
        return float(next(lines, "0").split()[-1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Road:
    """The road in a process of its own, on the service's core, without any HTTP."""

    def __init__(self, path):
        prepare = lambda: os.sched_setaffinity(0, THEIRS)
        self.process = subprocess.Popen([HAMMER, "road", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=prepare)

    def run(self, count):
        """Processor time for each of so many documents, in milliseconds."""
        before = processor_ms(self.process.pid)
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()
        return (processor_ms(self.process.pid) - before) / count

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)


class Hammer:
    """A load generator that runs beside us, on the clients' core; `figures` waits for its end."""

    def __init__(self, *words):
        prepare = lambda: os.sched_setaffinity(0, OURS)
        self.process = subprocess.Popen([HAMMER, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=prepare)

    def figures(self, timeout=180):
        out, error = self.process.communicate(timeout=timeout)
        if self.process.returncode:
            sys.exit(error)
        return json.loads(out.strip().splitlines()[-1])


def hammer(*words):
    return Hammer(*words).figures()


def post(body, extra=""):
    return f"POST /v1/normalize HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


PARAGRAPH = "<p>The harbour of the town was built by fishermen, and <a href=/x>it has been open</a> all year round since then.</p>\n"
MENU = '<div class="menu item"><ul><li><a href="/news">News</a></li><li><a href="/sport">Sport</a></li></ul></div>\n'


def page(size):
    """A page with a menu, paragraphs, adverts and a script, as long as asked."""
    parts, length, number = ["<!doctype html><html><head><title>Harbour</title></head><body>", MENU * 5, "<article><h1>Harbour</h1>\n"], 0, 0
    while length < size - 1500:
        number += 1
        part = PARAGRAPH
        if number % 20 == 0:
            part += '<div class="ad-slot"><script>var x = 1;</script></div>\n' + MENU
        parts.append(part)
        length += len(part)
    return ("".join(parts) + "</article></body></html>\n").encode()


PAGES = {}


def pages(folder):
    if SEED.is_file():
        PAGES["post"] = str(SEED)
    else:
        say(f"{SEED} is not here: skipped")
    for name, size in (("100KB", 100_000), ("5MB", 5_000_000)):
        path = os.path.join(folder, name + ".html")
        pathlib.Path(path).write_bytes(page(size))
        PAGES[name] = path


LOAD_ROUNDS = 5
SHARES = (50, 80, 100, 400)


def stolen():
    """Processor time that the host has kept from this machine, in seconds."""
    return int(open("/proc/stat").readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def load():
    """In rounds, each with its own capacity: what else a host does comes and goes, and the middle round counts."""
    seconds = float(os.environ.get("SECONDS_EACH", "3"))
    for name, path in PAGES.items():
        with Server() as server:
            hammer("load", server.text, path, 2, 2, 0)
            begun, lost, before = time.monotonic(), stolen(), server.rss()
            capacities, bursts, at, others = [], [], {percent: [] for percent in SHARES}, {}
            for _ in range(LOAD_ROUNDS):
                # As many at once as are taken in of any size, so that no time goes into refusals.
                full = hammer("load", server.text, path, 2, seconds, 0)
                capacities.append(full["statuses"]["200"]["per_second"])
                for percent in SHARES:
                    # Enough to keep the rate where others are refused, and no more: the generator has one core, and
                    # each connection waits for the others there. The burst that an overload begins with is taken in, as a
                    # burst is to be: it is told by itself, and p99 is about the overload behind it.
                    parts = (seconds,) if percent <= 100 else (1, seconds)
                    for part in parts:
                        result = hammer("load", server.text, path, 32 if percent <= 100 else 48, part, capacities[-1] * percent / 100)
                        statuses = result["statuses"]
                        for status in statuses.keys() - {"200", "429"}:
                            others[status] = others.get(status, 0) + statuses[status]["count"]
                        if part != parts[-1]:
                            bursts.append(statuses.get("200", {}).get("p99_ms", 0))
                    at[percent].append((statuses.get("200", {}), statuses.get("429", {})))
            middle = lambda percent, which, figure: statistics.median(of[which].get(figure, 0) for of in at[percent])
            lost = (stolen() - lost) / (time.monotonic() - begun) / len(CORES)
            say(f"{name}: capacity {statistics.median(capacities):.1f} requests a second on one core ({min(capacities):.1f} to {max(capacities):.1f} in {LOAD_ROUNDS} rounds); the host kept {lost * 100:.1f} % of the time for others")
            for percent in SHARES:
                say(f"{name} {percent:>3} %: {middle(percent, 0, 'per_second'):.1f}/s p50 {middle(percent, 0, 'p50_ms'):.1f} p99 {middle(percent, 0, 'p99_ms'):.1f} ms; "
                    f"429: {middle(percent, 1, 'per_second'):.1f}/s p50 {middle(percent, 1, 'p50_ms'):.1f} p99 {middle(percent, 1, 'p99_ms'):.1f} ms")
            say(f"{name}: in the first second of 400 % the accepted had p99 {statistics.median(bursts):.1f} ms")
            ratios = [over[0]["p99_ms"] / under[0]["p99_ms"] for over, under in zip(at[400], at[80])]
            refused = [over[1].get("p99_ms", 0) for over in at[400]]
            told = lambda figures: ", ".join(f"{figure:.1f}" for figure in sorted(figures))
            check(not others, f"{name}: nothing but 200 and 429 {others or ''}")
            check(statistics.median(ratios) <= 3, f"{name}: p99 of the accepted at 400 % is {statistics.median(ratios):.1f} times that at 80 % (3 at most; {told(ratios)})")
            check(statistics.median(refused) <= 50, f"{name}: the others are turned away within {statistics.median(refused):.1f} ms at p99 (50 at most; {told(refused)})")
            say(f"{name}: resident {before:.0f} -> {server.rss():.0f} MiB, peak {server.peak():.0f}")
            check(server.rss() <= before * 1.15 + 16, f"{name}: memory stays flat (15 % and 16 MiB more at most)")
            check(server.stop() == 0, f"{name}: drained")


COST_ROUNDS = 25


def cost():
    """The same documents in process and over HTTP in turn, in rounds so short that what else the machine does is in both."""
    path = PAGES["100KB"]
    road = Road(path)
    shares, served, walked = [], [], []
    with Server("--log", "info") as server:
        hammer("load", server.text, path, 2, 2, 0)
        road.run(100)
        for _ in range(COST_ROUNDS):
            walked.append(road.run(100))
            before = server.processor_ms()
            done = hammer("load", server.text, path, 2, 0.7, 0)["statuses"]["200"]["count"]
            served.append((server.processor_ms() - before) / done)
            walked.append(road.run(100))
            shares.append(2 * served[-1] / (walked[-2] + walked[-1]) - 1)
    road.stop()
    quarters = statistics.quantiles(shares, n=4)
    say(f"100KB: {statistics.median(served):.3f} ms of processor time served, {statistics.median(walked):.3f} ms in process (medians); shares from {quarters[0] * 100:+.1f} % to {quarters[2] * 100:+.1f} % in the middle half of the rounds")
    share = statistics.median(shares)
    check(share <= 0.15, f"the HTTP layer costs {share * 100:.1f} % over the road in process (15 at most; the median of {len(shares)} rounds in turn)")


def turns():
    """How long /v1/clean keeps an async thread: half a millisecond, and the slice of 2 KiB that was begun before."""
    with tempfile.TemporaryDirectory() as folder:
        kinds = {name: pathlib.Path(path).read_bytes() for name, path in PAGES.items()}
        kinds |= {"<p>": b"<p>" * 200_000, "<b>": b"<b>" * 3000 + b"</b>" * 3000, "closed": b"<p class=ad>x</p>" * 40_000, "pictures": b"<p><img src=a alt=b>" * 30_000,
                  "attributes": b"<a " + b"x " * 200_000 + b">", "classes": b"<p class='" + b"a b " * 100_000 + b"'>x</p>", "comment": b"<!--" + b"-" * 1_000_000 + b"-->"}
        for name, page in kinds.items():
            path = os.path.join(folder, "page")
            pathlib.Path(path).write_bytes(page)
            figures = hammer("slices", path, 2048)
            check(figures["max_ms"] <= 0.5, f"a slice of 2 KiB of {name}: p50 {figures['p50_ms'] * 1000:.0f}, at most {figures['max_ms'] * 1000:.0f} microseconds (500 at most, after a turn of 500)")


def busy_with(server, connections=4, seconds=3, name="100KB"):
    return hammer("load", server.text, PAGES[name], connections, seconds, 0)["statuses"]


async def many(count, talk, at_once=500):
    gate = asyncio.Semaphore(at_once)
    async def one(number):
        async with gate:
            return await talk(number)
    return await asyncio.gather(*(one(number) for number in range(count)), return_exceptions=True)


def slowloris():
    with Server("--header-timeout", "3s") as server:
        async def run():
            links = []
            async def open_one(number):
                reader, writer = await asyncio.open_connection(*server.address)
                writer.write(b"POST /v1/normalize HTTP/1.1\r\nHost: t\r\nX-")
                links.append((reader, writer))
            await many(500, open_one)
            begun = time.monotonic()
            loop = asyncio.get_running_loop()
            good = loop.run_in_executor(None, busy_with, server)
            ended = 0
            async def drip(reader, writer):
                nonlocal ended
                try:
                    while time.monotonic() < begun + 15:
                        writer.write(b"a")
                        await writer.drain()
                        if await asyncio.wait_for(reader.read(1), 1) == b"":
                            break
                except asyncio.TimeoutError:
                    return await drip(reader, writer)
                except OSError:
                    pass
                ended += 1
            await asyncio.gather(*(drip(*link) for link in links))
            return ended, time.monotonic() - begun, await good
        ended, seconds, good = asyncio.run(run())
        answered = good.get("200", {})
        check(ended == 500 and seconds < 10, f"500 slowloris: all ended after {seconds:.1f} s (header timeout 3 s); meanwhile {answered.get('count')} pages at p99 {answered.get('p99_ms', 0):.1f} ms, others {[s for s in good if s != '200']}")


def trickle():
    with Server() as server:
        links = []
        for _ in range(64):
            link = socket.create_connection(server.address)
            link.sendall(post(b"")[:-2].replace(b"Content-Length: 0", b"Content-Length: 1000") + b"\r\n")
            links.append(link)
        stop = threading.Event()
        def drip():
            while not stop.wait(1):
                for link in links:
                    try:
                        link.sendall(b"x")
                    except OSError:
                        pass
        threading.Thread(target=drip, daemon=True).start()
        good = busy_with(server)["200"]
        begun = time.monotonic()
        answers = []
        for link in links:
            link.settimeout(20)
            answers.append(link.recv(64)[:12])
        stop.set()
        seconds = time.monotonic() - begun + 3
        check(set(answers) == {b"HTTP/1.1 408"}, f"64 bodies of one byte a second: 408 after about {seconds:.0f} s; meanwhile {good['count']} pages at p99 {good['p99_ms']:.1f} ms")


def never_reads():
    with Server("--stall-timeout", "3s", "--memory-limit", "512MiB") as server:
        body = b"<p>" + b"The boats come back in the morning. " * 60_000
        links = []
        for _ in range(16):
            link = socket.create_connection(server.address)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.sendall(post(body))
            links.append(link)
        time.sleep(1.5)
        held = server.rss()
        good = busy_with(server, 2)
        time.sleep(3)
        stalled, memory = server.figure('copydesk_connections_ended_total{reason="stalled"}'), server.figure("copydesk_body_memory_bytes")
        check(stalled and memory == 0, f"16 clients that never read: {stalled:.0f} ended as stalled, {memory:.0f} bytes still held; resident {held:.0f} MiB then, {server.rss():.0f} after; meanwhile {good.get('200', {}).get('count')} pages")


def idle():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 200)
    with Server("--max-connections", str(count + 100), "--memory-limit", "4GiB") as server:
        start = server.rss()
        async def run():
            links = []
            async def ask(number):
                reader, writer = await asyncio.open_connection(*server.address)
                writer.write(b"GET /livez HTTP/1.1\r\nHost: t\r\n\r\n")
                await reader.readuntil(b"}\n")
                links.append(writer)
            outcome = await many(count, ask, 200)
            wrong = [error for error in outcome if isinstance(error, BaseException)]
            figures = server.rss(), server.descriptors()
            loop = asyncio.get_running_loop()
            good = await loop.run_in_executor(None, busy_with, server)
            alive = max([(await loop.run_in_executor(None, server.get))[1] for _ in range(10)])
            for writer in links:
                writer.close()
            return wrong, figures, good, alive
        wrong, (rss, descriptors), good, alive = asyncio.run(run())
        each = (rss - start) * 1024 / count
        check(not wrong, f"{count} idle keep-alives: {descriptors} descriptors, resident {start:.0f} -> {rss:.0f} MiB ({each:.1f} KiB each); meanwhile {good['200']['count']} pages at p99 {good['200']['p99_ms']:.1f} ms, alive in {alive:.1f} ms")


def drains():
    lost, answered, codes, refused = 0, 0, [], 0
    for _ in range(20):
        with Server("--drain-delay", "200ms") as server:
            stop, counts = threading.Event(), []
            lock = threading.Lock()
            body = post(page(3000))
            def client():
                good = bad = no = 0
                link = None
                while not stop.is_set():
                    try:
                        link = link or socket.create_connection(server.address, 10)
                    except OSError:
                        no += 1
                        break
                    try:
                        link.sendall(body)
                        data = link.recv(65536)
                        while data and b"\r\n\r\n" not in data:
                            data += link.recv(65536)
                        head, _, rest = data.partition(b"\r\n\r\n")
                        length = int(head.lower().split(b"content-length:")[1].split()[0])
                        while len(rest) < length:
                            more = link.recv(65536)
                            if not more:
                                raise OSError("broke off")
                            rest += more
                        if head[9:12] in (b"200", b"429"):
                            good += 1
                        else:
                            bad += 1
                        if b"connection: close" in head.lower():
                            link.close()
                            link = None
                    except (OSError, IndexError):
                        bad += 1
                        link = None
                with lock:
                    counts.append((good, bad, no))
            clients = [threading.Thread(target=client) for _ in range(16)]
            for thread in clients:
                thread.start()
            time.sleep(0.3)
            codes.append(server.stop())
            stop.set()
            for thread in clients:
                thread.join()
            answered += sum(count[0] for count in counts)
            lost += sum(count[1] for count in counts)
            refused += sum(count[2] for count in counts)
    check(lost == 0 and set(codes) == {0}, f"20 drains under load: {answered} answered, {lost} lost, exit codes {sorted(set(codes))}; {refused} connections refused after the end")


def descriptors():
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    with Server("--max-connections", "1000", before=few) as server:
        links = [socket.create_connection(server.address) for _ in range(100)]
        time.sleep(0.5)
        warned = len(server.lines("accept failed"))
        for link in links:
            link.close()
        status, milliseconds = server.get()
        check(status == 200 and warned >= 1, f"descriptors run out (64, 100 wanted): {warned} warnings, and alive again in {milliseconds:.0f} ms")


@contextlib.contextmanager
def control_group(controller, one, two):
    """A control group of our own with one limit, as (file, value) of version 1 and of version 2: a function with which a
    child enters it, or None where none may be made."""
    name = f"copydesk-load-{os.getpid()}"
    for group, limits in ((f"/sys/fs/cgroup/{controller}/{name}", one), (f"/sys/fs/cgroup/{name}", two)):
        try:
            os.mkdir(group)
        except OSError:
            continue
        try:
            for file, value in limits.items():
                pathlib.Path(group, file).write_text(value)
        except OSError:
            os.rmdir(group)
            continue
        yield lambda: pathlib.Path(group, "cgroup.procs").write_text(str(os.getpid()))
        time.sleep(0.2)
        os.rmdir(group)
        return
    yield None


def memory_limit(megabytes):
    limit = str(megabytes << 20)
    return control_group("memory", {"memory.limit_in_bytes": limit}, {"memory.max": limit})


def one_core():
    return control_group("cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"}, {"cpu.max": "100000 100000"})


def hostile():
    with memory_limit(256) as enter:
        hostile_within(enter)


def hostile_within(enter):
    def data_limit():
        resource.setrlimit(resource.RLIMIT_DATA, (256 << 20, 256 << 20))
    what = "control group of 256 MiB" if enter else "data limit of 256 MiB (no control group may be made here)"
    flags = () if enter else ("--memory-limit", "256MiB")
    bodies = [b"<p>" * 5_000_000, b"<p>x" * 800_000, b"<p><img src=a alt=b>" * 160_000, b"<a href=x>y</a>" * 200_000, b"<p>x" * 90_000]
    requests = [post(body, "Connection: close\r\n") for body in bodies]
    # A stream takes memory of its own: a tag of attributes is the dearest there is.
    attributes = b"<a " + b"x " * 2_000_000
    requests.append(f"POST /v1/clean HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: {len(attributes)}\r\n\r\n".encode() + attributes)
    with Server(*flags, before=enter or data_limit) as server:
        say(f"{what}: the service found a limit of {server.settings['memory_limit'] >> 20} MiB, bodies of {server.settings['max_body'] >> 10} KiB, {server.settings['max_elements']} elements")
        seconds = float(os.environ.get("HOSTILE_SECONDS", "20"))
        statuses, lock, end = {}, threading.Lock(), time.monotonic() + seconds
        asking = Hammer("ask", server.text, "/livez", seconds, 20)
        def client(number):
            turn = number
            while time.monotonic() < end:
                turn += 1
                try:
                    with socket.create_connection(server.address, 30) as link:
                        link.settimeout(30)
                        try:
                            link.sendall(requests[turn % len(requests)])
                        except OSError:
                            pass
                        head = link.recv(65536)[9:12].decode() or "closed"
                        while link.recv(1 << 20):
                            pass
                except OSError as error:
                    head = type(error).__name__
                with lock:
                    statuses[head] = statuses.get(head, 0) + 1
        clients = [threading.Thread(target=client, args=(number,)) for number in range(64)]
        for thread in clients:
            thread.start()
        alive = asking.figures()["statuses"]
        for thread in clients:
            thread.join()
        peak = server.peak() if server.process.poll() is None else 0
        check(server.process.poll() is None and server.stop() == 0, f"hostile load, 64 clients, 5 million elements a body: not killed; peak resident {peak:.0f} MiB; answers {dict(sorted(statuses.items()))}")
        alive_within(alive, "meanwhile alive")


def alive_within(statuses, when):
    figures = statuses.get("200", {"count": 0, "p50_ms": 0, "p99_ms": 0, "max_ms": 0})
    others = set(statuses) - {"200"}
    check(figures["count"] and figures["max_ms"] < 100 and not others, f"{when}: p50 {figures['p50_ms']:.1f}, p99 {figures['p99_ms']:.1f}, at most {figures['max_ms']:.1f} ms of {figures['count']} asked (100 at most) {others or ''}")


def starve():
    """Small posts beside large documents without end."""
    with Server("--queue", "4") as server:
        small = PAGES.get("post", PAGES["100KB"])
        alone = hammer("load", server.text, small, 2, 4, 50)["statuses"]["200"]
        large = Hammer("load", server.text, PAGES["5MB"], 4, 7, 0)
        time.sleep(1)
        beside = hammer("load", server.text, small, 2, 4, 50)["statuses"]
        done = large.figures()["statuses"]
        others = {status: figures["count"] for status, figures in beside.items() if status != "200"}
        good = beside["200"]
        check(not others and good["p99_ms"] < 250, f"50 small ones a second: alone p50 {alone['p50_ms']:.1f} p99 {alone['p99_ms']:.1f} ms; beside 5 MB pages without end (p50 {done['200']['p50_ms']:.0f} ms) p50 {good['p50_ms']:.1f} p99 {good['p99_ms']:.1f} ms {others or ''}")


def alive():
    """Health while every worker is busy and more is offered than can be taken."""
    with one_core() as enter:
        for what, options in (("on one core", {}), ("with a quota of one core", {"pinned": False, "before": enter})):
            if options and not enter:
                say("a quota of one core: no control group may be made here")
                continue
            with Server(**options) as server:
                loads = [Hammer("load", server.text, PAGES[name], 4, 8, 0) for name in ("5MB", "100KB")]
                time.sleep(1)
                alive_within(hammer("ask", server.text, "/livez", 5, 50)["statuses"], f"alive {what} with every worker busy")
                for load in loads:
                    load.figures()


def rules_gone():
    """The folder of the rules vanishes: those in force stay, and the operator is told."""
    with tempfile.TemporaryDirectory() as folder:
        rules = os.path.join(folder, "rules")
        os.mkdir(rules)
        pathlib.Path(rules, "mine.toml").write_text(RULE % 0)
        with Server("--rules", rules) as server:
            before = server.ask("/version")
            os.rename(rules, rules + "-gone")
            begun = time.monotonic()
            while time.monotonic() < begun + 10 and not json.loads(server.ask("/readyz?verbose"))["rules_fault"]:
                time.sleep(0.05)
            seconds = time.monotonic() - begun
            fault = json.loads(server.ask("/readyz?verbose"))["rules_fault"]
            counted = 'copydesk_reloads_total{what="rules",outcome="error"} 1' in server.ask("/metrics")
            stays = server.ask("/version") == before and server.get("/readyz")[0] == 200
            os.rename(rules + "-gone", rules)
            while time.monotonic() < begun + 20 and json.loads(server.ask("/readyz?verbose"))["rules_fault"]:
                time.sleep(0.05)
            mended = not json.loads(server.ask("/readyz?verbose"))["rules_fault"]
        told = (fault or "").replace(folder, "…")
        check(fault and counted and stays and mended, f"rules folder gone: told after {seconds:.1f} s as {told!r}, counted, ready with the rules in force, and well again when it is back")


RULE = """[[rule]]
id = "paragraph"
category = "promotion"
why = "Turn %d."
select = [".no-such-class"]
[[rule.example]]
in = "<p class=no-such-class>a</p><p>b</p>"
out = "<p>b</p>"
"""


def reload():
    """A rule file dropped into the folder of a service at full load."""
    with tempfile.TemporaryDirectory() as folder, Server("--rules", folder) as server:
        revision = lambda: json.loads(server.ask("/version"))["rules_revision"]
        busy = Hammer("load", server.text, PAGES["100KB"], 4, 12, 0)
        time.sleep(1)
        times = []
        for turn in range(8):
            before, path = revision(), pathlib.Path(folder, ".new")
            path.write_text(RULE % turn)
            path.rename(pathlib.Path(folder, "mine.toml"))
            begun = time.monotonic()
            while revision() == before and time.monotonic() < begun + 10:
                time.sleep(0.005)
            times.append((time.monotonic() - begun) * 1000)
            time.sleep(0.13 * turn % 0.5)
        statuses = busy.figures()["statuses"]
        others = {status: figures["count"] for status, figures in statuses.items() if status != "200"}
        check(not others and max(times) < 1000, f"8 rule files under full load: in force after {sorted(times)[4]:.0f} ms, {max(times):.0f} at most (1000 at most); {statuses['200']['count']} pages meanwhile, others {others or 'none'}")


def chunk(bytes):
    return b"%x\r\n%b\r\n" % (len(bytes), bytes)


CLEAN = b"POST /v1/clean HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"


def kills():
    """kill -9 in the middle of a stream: of the client, and of the service; and what the other side sees."""
    rows = (PARAGRAPH * 500).encode()
    with Server() as server:
        pid = os.fork()
        if not pid:
            link = socket.create_connection(server.address)
            link.sendall(CLEAN)
            while True:
                link.sendall(chunk(rows))
                link.recv(1 << 20)
        time.sleep(1)
        streams, memory = server.figure("copydesk_connections"), server.figure("copydesk_body_memory_bytes")
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        os.waitpid(pid, 0)
        while server.figure("copydesk_body_memory_bytes") and time.monotonic() < begun + 10:
            time.sleep(0.002)
        milliseconds = (time.monotonic() - begun) * 1000
        used = server.processor_ms()
        time.sleep(0.5)
        used = server.processor_ms() - used
        lines = [line for line in server.lines("request") if line.get("route") == "/v1/clean"]
        line = {name: lines[-1].get(name) for name in ("status", "bytes_in", "bytes_out", "whole")} if lines else None
        check(memory and milliseconds < 1000 and line and line["whole"] is False, f"client killed in mid-stream: the service held {memory / 1024:.0f} KiB for it and gave them back after {milliseconds:.0f} ms; in the half second after it used {used:.0f} ms of processor time; its log says {line}")
        check(server.get()[0] == 200, "and serves on")
    with Server() as server:
        link = socket.create_connection(server.address)
        link.sendall(CLEAN + chunk(rows))
        got = link.recv(1 << 20)
        server.process.kill()
        server.process.wait()
        ended = "the connection was closed"
        try:
            while more := link.recv(1 << 20):
                got += more
        except OSError as error:
            ended = f"{type(error).__name__}"
        check(got.startswith(b"HTTP/1.1 200") and not got.endswith(b"0\r\n\r\n"), f"service killed in mid-stream: the client had {len(got)} bytes of a chunked answer and no last chunk; then {ended}")
        curl = subprocess.run(["curl", "-sS", "--data-binary", "@" + PAGES["100KB"], f"http://{server.text}/v1/clean"], capture_output=True, text=True)
        say(f"a client that comes after it: curl exits with {curl.returncode}, {curl.stderr.strip()}")
    # What curl makes of it, the page coming slowly.
    with Server() as server:
        curl = subprocess.Popen(["curl", "--no-progress-meter", "-N", "-X", "POST", "-T", ".", f"http://{server.text}/v1/clean"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        curl.stdin.write(rows)
        curl.stdin.flush()
        curl.stdout.read(1000)
        server.process.kill()
        server.process.wait()
        _, error = curl.communicate(timeout=30)
        check(curl.returncode not in (0, None), f"service killed under curl: it exits with {curl.returncode}, {error.decode().strip()}")


def stream(mib):
    """A large stream and the memory that it takes: see stream_memory.py."""
    script = pathlib.Path(__file__).with_name("stream_memory.py")
    done = subprocess.run([sys.executable, "-B", script, BINARY, str(mib)], text=True, stdout=subprocess.PIPE)
    print(done.stdout, end="")
    check(done.returncode == 0, f"streams of {mib} MiB: at most 8 MiB above idle, and not a byte changed that no rule drops")


def faults():
    for fault in (reload, alive, turns, starve, slowloris, trickle, never_reads, idle, drains, descriptors, rules_gone, kills, hostile):
        fault()


def soak(minutes):
    """All kinds in turn at full load. It fails on any answer but 200 and 429, on a request without one, on resident memory
    that the second half raises by more than 15 % and 32 MiB, and on descriptors or threads (but for one) that are more at the
    end than at the start."""
    with Server() as server:
        for path in PAGES.values():
            hammer("load", server.text, path, 8, 5, 0)
        begun, samples = time.monotonic(), {}
        def sample(when):
            # Behind the same load, and with what that had open closed: freed memory is given back by those who ask for more.
            hammer("load", server.text, PAGES["100KB"], 2, 2, 0)
            time.sleep(1)
            samples[when] = (server.rss(), server.descriptors(), server.threads())
            say("soak at the {:6} after {:5.0f} s: resident {:.1f} MiB, {} descriptors, {} threads".format(when, time.monotonic() - begun, *samples[when]))
        sample("start")
        counts, wrong, errors, turn = {}, {}, [], 0
        names, end = list(PAGES), begun + minutes * 60
        while time.monotonic() < end or turn % len(names) or "middle" not in samples:
            if "middle" not in samples and time.monotonic() > (begun + end) / 2:
                sample("middle")
            name = names[turn % len(names)]
            result = hammer("load", server.text, PAGES[name], 8, min(15, minutes * 5), 0)
            turn += 1
            errors += result["errors"]
            for status, figures in result["statuses"].items():
                into = counts if status in ("200", "429") else wrong
                into[status, name] = into.get((status, name), 0) + figures["count"]
        sample("end")
        say("soak: " + ", ".join(f"{count} times {status} for {name}" for (status, name), count in sorted(counts.items())) + f"; peak resident {server.peak():.1f} MiB")
        for error in errors[:10]:
            say(f"no answer: {error}")
        check(not wrong, f"soak of {minutes:g} minutes at full load: nothing but 200 and 429 {wrong or ''}")
        (middle, _, _), (last, files, threads) = samples["middle"], samples["end"]
        check(last <= max(middle * 1.15, middle + 32), f"soak: resident memory {middle:.1f} -> {last:.1f} MiB from middle to end (15 % or 32 MiB more at most)")
        check(files <= samples["start"][1] and threads <= samples["start"][2] + 1, f"soak: descriptors {samples['start'][1]} -> {files}, threads {samples['start'][2]} -> {threads}")
        check(server.stop() == 0, "and drained")


def main():
    words = sys.argv[1:] or ["load", "cost", "faults"]
    busy = " ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"on {len(CORES)} cores; the service on {sorted(THEIRS)}, the client on {sorted(OURS)}; load averages before it {busy}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory() as folder:
        pages(folder)
        while words:
            word = words.pop(0)
            number = float(words.pop(0)) if words and words[0].replace(".", "").isdigit() else None
            if word == "soak":
                soak(number or 20)
            elif word == "stream":
                stream(int(number or 1024))
            elif callable(globals().get(word)):
                globals()[word]()
            else:
                sys.exit(__doc__)
    print(f"{len(failed)} promises did not hold" if failed else "all held")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

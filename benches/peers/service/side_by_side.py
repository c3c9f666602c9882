"""copydesk beside what people run today, each as a service: the same pages, the same load generator, one run.

    SCORE=…/score.py benches/peers/service/run FOLDER…

Each service has one core to itself and the load generator another, where there are two. They take turns for `ROUNDS`
rounds and the best one counts, so that a machine that is busy for a while is busy for all of them. Pages a second and times
are those of `CONNECTIONS` clients that ask again when they are answered; memory is the most that the service held resident
by then; the size is what has to be installed, the language's own runtime included. Loopback only. Prints the table of
docs/comparison.md. Python standard library only.
"""
import json, os, pathlib, shutil, socket, subprocess, sys, tempfile, time, urllib.request

COPYDESK, HAMMER, PEERS = (pathlib.Path(os.environ[name]) for name in ("COPYDESK", "HAMMER", "PEERS"))
SCORE = os.environ.get("SCORE")
CORES = sorted(os.sched_getaffinity(0))
OURS, THEIRS = CORES[-1], CORES[0]
ROUNDS, SECONDS_EACH, CONNECTIONS = 3, 15, 4
SETS = ("scrapinghub", "trafilatura", "chinese", "readability")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def size_mib(*paths):
    total = sum(int(subprocess.run(["du", "-skL", path], stdout=subprocess.PIPE, check=True).stdout.split()[0]) for path in paths)
    return total / 1024


def contenders():
    """Name, command with {port}, folder, and the size of what must be installed."""
    node = shutil.which("node")
    python = PEERS / "trafilatura/venv/bin/python"
    standard_library = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    return [
        ("copydesk", [COPYDESK, "serve", "--bind", "127.0.0.1:{port}", "--log", "warn"], PEERS, size_mib(COPYDESK)),
        ("Readability.js 0.6, linkedom, Fastify", [node, "readability.mjs", "{port}"], PEERS / "readability",
         size_mib(PEERS / "readability/node_modules", node)),
        # Its own five seconds end connections that wait for a page.
        ("trafilatura 2.3, uvicorn", [python, "-m", "uvicorn", "trafilatura_app:app", "--port", "{port}", "--log-level", "warning",
                                      "--timeout-keep-alive", "75"],
         PEERS / "trafilatura", size_mib(PEERS / "trafilatura/venv", python.resolve(), standard_library)),
    ]


class Service:
    def __init__(self, command, folder, core=None):
        self.port = free_port()
        pin = (lambda: os.sched_setaffinity(0, {core})) if core is not None else None
        # As copydesk's image sets it; the others know nothing of it.
        environment = {**os.environ, "MIMALLOC_PURGE_DELAY": "25"}
        words = [str(word).format(port=self.port) for word in command]
        self.process = subprocess.Popen(words, cwd=folder, env=environment, preexec_fn=pin)
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/livez", timeout=5).read()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    sys.exit(f"{command[0]} does not start")
                time.sleep(0.1)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def load(self, pages, seconds):
        words = [HAMMER, "load", f"127.0.0.1:{self.port}", pages, str(CONNECTIONS), str(seconds), "0"]
        said = subprocess.run(words, stdout=subprocess.PIPE, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {OURS}))
        return json.loads(said.stdout.splitlines()[-1])["statuses"]

    def peak_mib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)


def measure(command, folder, pages):
    with Service(command, folder, THEIRS) as service:
        service.load(pages, 3)
        statuses = service.load(pages, SECONDS_EACH)
        if "200" not in statuses:
            sys.exit(f"{command[0]} answered no page of {pages} with 200: {statuses}")
        answered = statuses.pop("200")
        return {**answered, "others": sum(other["count"] for other in statuses.values()), "peak_mib": service.peak_mib()}


def f1(command, folder):
    """By set, on the labelled pages that lie beside score.py."""
    with Service(command, folder) as service, tempfile.NamedTemporaryFile(suffix=".json") as out:
        sets = [word for name in SETS for word in ("--set", name)]
        words = [sys.executable, "-B", SCORE, "--url", service.url, "--json", out.name, *sets]
        subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
        figures = json.load(open(out.name))
        return [figures[name]["f1"] for name in SETS]


def main(folders):
    with tempfile.TemporaryDirectory() as pages:
        files = sorted(file for folder in folders for file in pathlib.Path(folder).rglob("*.html"))
        if not files:
            sys.exit("no page in these folders")
        for number, file in enumerate(files):
            shutil.copy(file, f"{pages}/{number:05}.html")
        total = sum(file.stat().st_size for file in files)
        print(f"{len(files)} pages, {total / len(files) / 1000:.0f} KB each on average, {CONNECTIONS} connections, one core each\n")
        rounds = [[measure(command, folder, pages) for _, command, folder, _ in contenders()] for _ in range(ROUNDS)]
    best = [max(of, key=lambda figures: figures["per_second"]) for of in zip(*rounds)]
    print("| | pages/s | p50 | p99 | memory | size |" + "".join(f" {name} |" for name in SETS if SCORE))
    print("|---|---|---|---|---|---|" + "---|" * len(SETS if SCORE else ()))
    for (name, command, folder, size), figures in zip(contenders(), best):
        scores = "".join(f" {score:.3f} |" for score in (f1(command, folder) if SCORE else ()))
        print(f"| {name} | {figures['per_second']:.0f} | {figures['p50_ms']:.1f} ms | {figures['p99_ms']:.0f} ms "
              f"| {figures['peak_mib']:.0f} MiB | {size:.0f} MiB |{scores}")
        if figures["others"]:
            print(f"  {figures['others']} requests of {name} were not answered with 200", file=sys.stderr)
    ours, others = best[0], best[1:]
    fastest = max(others, key=lambda figures: figures["per_second"])
    print(f"\n{ours['per_second'] / fastest['per_second']:.1f} times the pages of the faster one, "
          f"at {ours['peak_mib'] / fastest['peak_mib']:.2f} of its memory")


main(sys.argv[1:])

#!/usr/bin/env python3
"""A Spark job over a few thousand documents, an executor of it killed by kill -9, each document there exactly once: see `run`."""

import json, os, pathlib, signal, subprocess, sys, tempfile, time

BINARY = os.path.abspath(os.environ["COPYDESK"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
MASTER = "local-cluster[2,1,1024]"
DOCUMENTS, PARTITIONS = 20_000, 40
failed = []


def check(holds, text):
    print(("ok    " if holds else "FAIL  ") + text, flush=True)
    if not holds:
        failed.append(text)


def submit(*words):
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1"}
    submit = pathlib.Path(sys.executable).with_name("spark-submit")
    conf = ["--conf", "spark.ui.enabled=false", "--conf", "spark.executor.memory=1g", "--conf", "spark.driver.host=127.0.0.1"]
    command = [submit, "--master", MASTER, *conf, ROOT / "deploy/spark/articles.py", "--copydesk", BINARY, *words]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=words[-1].rsplit("/", 1)[0])


def descendants(process):
    """The processes that a process has started, and those that they have."""
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            parents[int(folder.name)] = (int(fields[1]), (folder / "cmdline").read_bytes())
        except OSError:
            pass
    found = {process}
    while more := {child for child, (parent, _) in parents.items() if parent in found} - found:
        found |= more
    return {child: parents[child][1] for child in found if child in parents}


def read(output):
    """The rows of the Parquet files, by a session in this process."""
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.log.level", "ERROR").getOrCreate()
    rows = spark.read.parquet(output).select("id", "status", "url", "content_text", "stats.paragraphs", "problem").collect()
    spark.stop()
    return rows


def killed(folder):
    source, output = f"{folder}/documents.ndjson", f"{folder}/articles"
    with open(source, "w") as file:
        for i in range(DOCUMENTS):
            text = "".join(f"<p>Document {i}, part {part}: the boats come back in the morning.</p>" for part in range(40))
            file.write(json.dumps({"id": f"d{i}", "document": text if i != 7 else ""}) + "\n")
    begun = time.monotonic()
    job = submit("--partitions", str(PARTITIONS), source, output)
    # In mid-job: some partitions are done, and others at work.
    victims, done = [], 0
    while job.poll() is None and time.monotonic() < begun + 240:
        done = sum(1 for _ in pathlib.Path(output).rglob("task_*")) if os.path.isdir(output) else 0
        victims = [pid for pid, words in descendants(job.pid).items() if b"CoarseGrainedExecutorBackend" in words]
        if done >= 5 and len(victims) == 2:
            os.kill(victims[0], signal.SIGKILL)
            break
        time.sleep(0.05)
    killed_at = time.monotonic() - begun
    _, log = job.communicate(timeout=400)
    lost = [line for line in log.splitlines() if "Lost executor" in line]
    check(job.returncode == 0 and lost, f"{MASTER}: executor killed after {killed_at:.1f} s with {done} of {PARTITIONS} partitions done; {(lost or ['nothing was lost'])[0][-90:]}; the job ended after {time.monotonic() - begun:.1f} s")
    if job.returncode:
        print(log[-3000:])
        return
    rows = read(output)
    names = [row["id"] for row in rows]
    right = all(row["content_text"].startswith(f"Document {row['id'][1:]}, part 0") and row["paragraphs"] == 40 for row in rows if row["status"] == 200)
    bad = [(row["id"], row["status"], row["problem"]["code"]) for row in rows if row["status"] != 200]
    check(len(names) == len(set(names)) == DOCUMENTS and right and bad == [("d7", 400, "empty_body")], f"{len(names)} rows, {len(set(names))} documents, each once; not articles: {bad}")


def warc(folder):
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter
    import gzip, io
    paths = []
    for number in range(3):
        path = f"{folder}/crawl-{number}.warc.gz"
        paths.append(path)
        with open(path, "wb") as file:
            writer = WARCWriter(file, gzip=True)
            for i in range(5):
                page = f"<html><body><article><h1>Page {i}</h1>" + "<p>Die Boote kommen morgens zurück, grüßt man am Hafen.</p>" * 5 + "</article></body></html>"
                headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=iso-8859-1"), ("Content-Encoding", "gzip")], protocol="HTTP/1.1")
                body = io.BytesIO(gzip.compress(page.encode("iso-8859-1")))
                writer.write_record(writer.create_warc_record(f"https://site{number}.example/{i}", "response", payload=body, http_headers=headers))
            picture = StatusAndHeaders("200 OK", [("Content-Type", "image/png")], protocol="HTTP/1.1")
            writer.write_record(writer.create_warc_record("https://site.example/a.png", "response", payload=io.BytesIO(b"\x89PNG"), http_headers=picture))
    pathlib.Path(folder, "paths").write_text("\n".join(paths) + "\n")
    job = submit("--warc", f"{folder}/paths", f"{folder}/pages")
    _, log = job.communicate(timeout=400)
    if job.returncode:
        print(log[-3000:])
    rows = read(f"{folder}/pages") if not job.returncode else []
    urls = {row["url"] for row in rows}
    right = all(row["status"] == 200 and "zurück, grüßt" in row["content_text"] for row in rows)
    check(len(rows) == len(urls) == 15 and right, f"3 WARC files by their paths: {len(rows)} HTML responses, unpacked, in their own charset; the pictures are passed over")


with tempfile.TemporaryDirectory() as folder:
    killed(folder)
    warc(folder)
print(f"{len(failed)} did not hold" if failed else "all held")
sys.exit(bool(failed))

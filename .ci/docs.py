"""Every command of the README and of docs/, run as it stands there.

    python3 .ci/docs.py target/release/copydesk

One line a command, `pass FILE:LINE` or `FAIL FILE:LINE: why`. Each file has a service of its own on port 8080 of the
command, which is another port here, and a folder with the project's examples; a TOML block that a sentence calls
`FOLDER/FILE.toml` lies there under that name. Commands that build, install or need a container engine are passed over
with a line that says so. Python standard library only.
"""
import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is done elsewhere: the release build, the tests, the image, the Spark job.
ELSEWHERE = re.compile(r"\b(docker|cargo (run --release\b(?! --)|install|test|bench)|tests/(browser|contract)/|fuzz/run|kubectl|pip|apt-get|systemctl|spark-submit)")
PATIENCE_SECONDS = 60


def blocks(text):
    """The shell blocks of a document with their lines, and its named TOML blocks."""
    for found in re.finditer(r"^```(\w+)\n(.*?)^```", text, re.M | re.S):
        before = text[: found.start()]
        yield found.group(1), found.group(2), before.count("\n") + 2, re.findall(r"`(\w+/\w+\.toml)`", before)


def commands(block):
    """The commands of a block: one a line, or more where a line is not the end of one."""
    whole = ""
    for line in block.splitlines():
        whole += line + "\n"
        if subprocess.run(["bash", "-n", "-c", whole], capture_output=True).returncode == 0 and not line.endswith(("\\", "|")):
            yield whole.strip()
            whole = ""
    if whole:
        yield whole.strip()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def serve(binary, port):
    service = subprocess.Popen([binary, "serve", "--bind", f"127.0.0.1:{port}", "--log", "off"])
    for _ in range(PATIENCE_SECONDS * 10):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
            return service
        except OSError:
            time.sleep(0.1)
    service.kill()
    raise SystemExit("the service does not start")


def prepare(folder):
    """What the commands speak of: the examples, an archive of them, the same as envelopes, and one of them packed."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "archive").mkdir()
    documents = [folder / "examples" / name for name in ("page.html", "post.md")]
    with open(folder / "documents.ndjson", "w", encoding="utf-8") as envelopes:
        for document in documents:
            shutil.copy(document, folder / "archive")
            line = {"id": document.name, "document": document.read_text(encoding="utf-8")}
            envelopes.write(json.dumps(line) + "\n")
    (folder / "page.html.gz").write_bytes(gzip.compress(documents[0].read_bytes()))


def why_not(command, folder, environment):
    """Why a command does not do what it says, or None."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        return f"exit code {done.returncode}: {done.stderr.strip()[-300:]}"
    written = re.findall(r"(?:> |--resume )(\S+)", command)
    if not done.stdout.strip() and not any((folder / name).stat().st_size for name in written):
        return "it says nothing"
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return None
    if isinstance(answer, dict) and str(answer.get("type", "")).startswith("/docs/errors/"):
        return answer["detail"]
    return None


def main(binary):
    failures = 0
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = file.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            prepare(folder)
            (folder / "bin").mkdir()
            os.symlink(binary, folder / "bin" / "copydesk")
            environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
            port = free_port()
            service = serve(binary, port)
            try:
                for language, block, line, named in blocks(text):
                    if language == "toml" and named:
                        path = folder / named[-1]
                        path.parent.mkdir(exist_ok=True)
                        path.write_text(block, encoding="utf-8")
                    if language != "sh":
                        continue
                    for command in commands(block):
                        place = f"{file.relative_to(ROOT)}:{line}"
                        if ELSEWHERE.search(command):
                            print(f"skip {place}: {command.splitlines()[0]}")
                            continue
                        here = command.replace("cargo run --release --", "copydesk").replace("localhost:8080", f"127.0.0.1:{port}")
                        fault = why_not(here, folder, environment)
                        failures += fault is not None
                        print(f"pass {place}" if fault is None else f"FAIL {place}: {command}: {fault}", flush=True)
            finally:
                service.terminate()
                service.wait(timeout=PATIENCE_SECONDS)
    return failures


if __name__ == "__main__":
    sys.exit(1 if main(str(pathlib.Path(sys.argv[1]).resolve())) else 0)

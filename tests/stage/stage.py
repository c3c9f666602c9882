#!/usr/bin/env python3
"""The stream behind nginx and in a shell pipe: see `run` beside it. Standard library only, loopback only."""

import gzip, json, os, pathlib, re, signal, socket, subprocess, sys, tempfile, threading, time

BINARY, NGINX = os.environ["COPYDESK"], os.environ["NGINX_BINARY"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PARAGRAPH = "<p>The boats come back in the morning with what the night has given them.</p>\n"
ADVERT = "<div class=advertisement>Buy!</div>\n"
PAGES = 40
failed = []


def check(holds, text):
    print(("ok    " if holds else "FAIL  ") + text, flush=True)
    if not holds:
        failed.append(text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def chunk(text):
    return b"%x\r\n%b\r\n" % (len(text), text.encode())


def connect(port):
    link = socket.create_connection(("127.0.0.1", port), 20)
    link.sendall(b"POST /v1/clean HTTP/1.1\r\nHost: stage\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    return link


def behind_nginx(folder):
    port, own = free_port(), free_port()
    service = subprocess.Popen([BINARY, "serve", "--bind", f"127.0.0.1:{own}", "--log-format", "json"], stderr=subprocess.PIPE, text=True)
    next(line for line in service.stderr if '"listening"' in line)
    threading.Thread(target=service.stderr.read, daemon=True).start()
    conf = (ROOT / "deploy/nginx/copydesk.conf").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{own}").replace("127.0.0.1:8081", f"127.0.0.1:{port}")
    pathlib.Path(folder, "copydesk.conf").write_text(conf)
    pathlib.Path(folder, "nginx.conf").write_text(f"""
        daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{ }}
        http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
        uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; include {folder}/copydesk.conf; }}""")
    nginx = subprocess.Popen([NGINX, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
    try:
        while nginx.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        version = subprocess.run([NGINX, "-v"], capture_output=True, text=True).stderr.strip()

        # The page stops in the middle: what came before is there, without its advert, while the rest is still to come.
        link = connect(port)
        link.sendall(chunk(PARAGRAPH * 40 + ADVERT))
        begun, got = time.monotonic(), b""
        while got.count(b"</p>") < 40:
            got += link.recv(65536)
        first = time.monotonic() - begun
        link.sendall(chunk("<p>the end</p>") + b"0\r\n\r\n")
        while not got.endswith(b"0\r\n\r\n"):
            got += link.recv(65536)
        check(got.startswith(b"HTTP/1.1 200") and b"the end" in got and b"Buy!" not in got, f"{version}: the first part of a page is out after {first * 1000:.0f} ms, before the rest has come")

        # Whole pages, as many as show that none stands still, and none is gathered on a disk.
        page, whole = (PARAGRAPH * 13_000).encode(), 0
        curl = ["curl", "--no-progress-meter", "-N", "-X", "POST", "-T", ".", f"http://127.0.0.1:{port}/v1/clean"]
        for _ in range(PAGES):
            whole += subprocess.run(curl, input=page, stdout=subprocess.PIPE, timeout=120).stdout == page
        kept = sum(file.stat().st_size for place in ("body", "proxy") for file in pathlib.Path(folder, place).rglob("*") if file.is_file())
        check(whole == PAGES and not kept, f"{whole} of {PAGES} pages of {len(page) >> 10} KiB came whole through nginx, {kept} bytes of them in its temporary files")

        # A stream that fails behind nginx has no regular end in front of it either.
        link = connect(port)
        link.sendall(chunk(PARAGRAPH * 40))
        got = link.recv(65536)
        service.kill()
        try:
            while piece := link.recv(65536):
                got += piece
        except OSError:
            pass
        check(got.startswith(b"HTTP/1.1 200") and not got.endswith(b"0\r\n\r\n"), "the service killed in mid-stream: nginx breaks the answer off as well")
    finally:
        nginx.send_signal(signal.SIGTERM)
        nginx.wait(20)
        service.kill()
        service.wait(20)


def in_a_pipe(folder):
    page = PARAGRAPH * 5000 + ADVERT + PARAGRAPH * 5000
    source, target, report = (os.path.join(folder, name) for name in ("page.html.gz", "clean.html.gz", "removed.ndjson"))
    pathlib.Path(source).write_bytes(gzip.compress(page.encode()))
    pipe = f"set -o pipefail; zcat {source} | {BINARY} clean --report {report} | gzip > {target}"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True)
    clean = gzip.decompress(pathlib.Path(target).read_bytes()).decode()
    lines = [json.loads(line) for line in pathlib.Path(report).read_text().splitlines()]
    start = len(PARAGRAPH) * 5000
    told = [(line["rule"], line["byte_start"], line["byte_end"]) for line in lines]
    wanted = [("generic/ad-slot", start, start + len(ADVERT.rstrip()))]
    check(done.returncode == 0 and clean == page.replace(ADVERT.rstrip(), "") and told == wanted, f"zcat | copydesk clean --report | gzip: {len(page)} bytes in, {len(clean)} out, removed {told}")
    pipe = f"set -o pipefail; yes '<b>' | head -n 100000 | {BINARY} clean > /dev/null"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True)
    check(done.returncode == 1 and re.search("nested", done.stderr), f"a page that is refused in the middle fails the pipe: {done.stderr.strip()}")


with tempfile.TemporaryDirectory() as folder:
    behind_nginx(folder)
    in_a_pipe(folder)
print(f"{len(failed)} did not hold" if failed else "all held")
sys.exit(bool(failed))

"""berthc html --serve, as a process of its own, over a real socket."""
from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import ENV, ROOT
from processes import heed_interrupts

from berthc.commands import serve
from berthc.commands.common import Usage
from berthc.files.watch import Watch

PATIENCE = 20  # seconds


class Served:
    """A server of one spec, and what it says."""

    def __init__(self, spec: Path, *more: str) -> None:
        self.spec = spec
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "berthc", "html", "--serve", str(spec), *more],
            env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=heed_interrupts)
        address = self.until(r"http://127\.0\.0\.1:(\d+)/ until Ctrl-C")
        self.port = int(address[1])

    def until(self, pattern: str) -> re.Match[str]:
        """The first line that the server prints and that fits."""
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(said)

    def get(self, path: str, host: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Host": host} if host else {})
            answer = connection.getresponse()
            assert answer.getheader("Cache-Control") == "no-store"
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE)


class News:
    """A listener."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.connection.request("GET", "/events")
        self.answer = self.connection.getresponse()
        assert self.answer.getheader("Content-Type") == "text/event-stream"

    def next(self) -> Any:
        for line in iter(self.answer.readline, b""):
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    spec = tmp_path / "scsi.yaml"
    spec.write_text((ROOT / "spec/scsi.yaml").read_text())
    server = Served(spec)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            assert server.end() == 0


def test_a_broken_spec_keeps_the_last_good_page_and_says_what_is_wrong(served: Served) -> None:
    good = served.spec.read_text()
    news = News(served.port)
    while not (first := news.next())["version"]:
        pass
    assert first["broken"] == []
    status, page = served.get("/")
    assert status == 200 and page == served.get("/scsi.html")[1]
    assert "connect-src &#39;self&#39;" in page and f'"live":"{first["version"]}"' in page

    served.spec.write_text(good.replace("initial: reserved", "initial: resrved", 1))
    broken = news.next()
    assert broken["version"] == first["version"] and served.get("/")[1] == page
    told, = broken["broken"]
    assert told["line"] == good[:good.index("initial: reserved")].count("\n") + 1
    assert "resrved" in told["message"] and "^^^^" in told["excerpt"]

    served.spec.write_text(good.replace("SCSI disks", "Disks"))
    mended = news.next()
    assert mended["broken"] == [] and mended["version"] != first["version"]
    assert "Disks of a virtual machine" in served.get("/")[1]

    served.spec.unlink()
    assert news.next()["broken"][0]["id"] == "file"
    served.spec.write_text(good)
    assert news.next() == first


def test_it_listens_on_this_machine_alone(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as here:
        assert here.getsockname()[0] == "127.0.0.1"
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127.0.0.1"):
        with pytest.raises(OSError):
            socket.create_connection(("::1", served.port), timeout=2).close()
    else:
        with pytest.raises(OSError):
            socket.create_connection((own, served.port), timeout=2).close()
    assert served.get("/", host="evil.example:80")[0] == 403
    assert served.get("/", host=f"localhost:{served.port}")[0] == 200
    assert served.get("/", host="localhost")[0] == 200  # as a browser asks port 80
    for host in ("evil.example", "localhost.evil.example", ":80", "localhost:1@evil.example"):
        assert served.get("/", host=host)[0] == 403, host
    assert served.get("/../../etc/passwd")[0] == 404
    assert served.get("//[")[0] == 404
    assert served.get("/spec.yaml")[0] == 404


def test_an_interrupt_ends_it_also_while_somebody_listens(served: Served) -> None:
    news = News(served.port)
    news.next()
    begin = time.monotonic()
    assert served.end() == 0
    assert time.monotonic() - begin < 5
    assert news.next() is None
    assert "Traceback" not in (served.process.stdout.read() if served.process.stdout else "")


def test_a_search_comes_after_the_page(tmp_path: Path) -> None:
    spec = tmp_path / "vpci.yaml"
    spec.write_text((ROOT / "spec/vpci.yaml").read_text())
    server = Served(spec, "--search")
    try:
        news = News(server.port)
        while not (version := news.next()["version"]).endswith("-1"):
            assert version == "" or version.endswith("-0")
        assert "Explored every order of calls" in server.get("/")[1]
        assert server.until(r"vpci\.yaml: (.*)")[1] == "ok"
        assert server.until(r"vpci\.yaml: (.*)")[1] == "checked: nothing is wrong"
    finally:
        assert server.end() == 0


def test_a_save_ends_a_search_that_is_not_over(tmp_path: Path) -> None:
    spec = tmp_path / "kitchen.yaml"
    text = (ROOT / "tests/gen/specs/kitchen.yaml").read_text()
    spec.write_text(text)  # its search takes minutes
    server = Served(spec, "--search")
    try:
        news = News(server.port)
        while not (first := news.next())["version"]:
            pass
        time.sleep(2)
        spec.write_text(text.replace("brief: Stoves", "brief: Ovens", 1))
        assert news.next()["version"] != first["version"]
        assert "Ovens, their burners" in server.get("/")[1]
    finally:
        assert server.end() == 0


def test_specs_that_do_not_go_together_any_more_keep_the_last_pages(tmp_path: Path) -> None:
    text = (ROOT / "examples/minimal/net.yaml").read_text()
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text(text)
    b.write_text(text)
    args = Namespace(specs=[str(a), str(b)], search=False)
    shown, watch = serve.Shown(), Watch(args.specs)
    with pytest.raises(Usage):  # from the beginning, it is a mistake of the command line
        serve.renew(args, shown, None, watch)
    b.write_text(text.replace("manager: net", "manager: other"))
    serve.renew(args, shown, None, watch)
    pages = shown.pages
    assert set(pages) == {"index.html", "net.html", "other.html"} and not shown.broken
    b.write_text(text)
    assert serve.renew(Namespace(specs=args.specs, search=True), shown, None, watch) is False
    assert shown.pages is pages
    told, = shown.broken
    assert (told["file"], told["line"]) == (str(b), 0)
    assert told["message"].startswith("two of the specs are of the manager net")


def test_a_port_that_is_taken_is_told(served: Served) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "berthc", "html", "--serve", "--port", str(served.port),
         str(served.spec)], env=ENV, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2 and f"port {served.port}: Address already in use" in done.stderr


def test_a_spec_that_is_wrong_from_the_beginning_is_shown_once_it_is_right(tmp_path: Path) -> None:
    spec = tmp_path / "scsi.yaml"
    good = (ROOT / "spec/scsi.yaml").read_text()
    spec.write_text(good.replace("initial: reserved", "initial: resrved", 1))
    server = Served(spec)
    try:
        news = News(server.port)
        while not news.next()["broken"]:
            pass
        assert "resrved" in server.get("/")[1]
        spec.write_text(good)
        assert news.next()["broken"] == []
        assert "SCSI disks" in server.get("/")[1]
    finally:
        assert server.end() == 0

"""Input that no friend would send: the C simulator answers it as malformed, changes nothing, and
goes on.

Under the sanitizers too, where they were built.
"""
from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from builds import FOLDERS, simulator

RESERVE = b'{"op": "reserve", "disk": {"host_path": "/a"}, "mount": {"partition": 1}}'
LINE_MAX = 1 << 20


def answers(folder: Path, text: bytes, manager: str = "scsi") -> list[dict[str, Any]]:
    """What the simulator answers; it must end well and say nothing else."""
    run = subprocess.run(
        [str(simulator(manager, folder))], input=text, capture_output=True, timeout=120, check=False
    )
    assert (run.returncode, run.stderr.decode("utf-8", "replace")) == (0, "")
    return [json.loads(line) for line in run.stdout.decode("utf-8").splitlines()]


def assert_malformed(answer: dict[str, Any], n: int) -> None:
    assert set(answer) == {"n", "ok", "error", "message"}
    assert (answer["n"], answer["ok"], answer["error"]) == (n, False, "EINVAL")
    assert answer["message"]


def assert_all_malformed(folder: Path, lines: list[bytes]) -> list[dict[str, Any]]:
    """Each line is malformed, and leaves the one reservation made before as it was. The answers to
    them."""
    given = answers(
        folder,
        b"\n".join([RESERVE, *lines, b'{"op": "map_to_guest", "reservation": "r2"}']) + b"\n",
    )
    assert len(given) == len(lines) + 2
    for n, answer in enumerate(given[1:-1], 2):
        assert_malformed(answer, n)
    assert (given[-1]["error"], given[-1]["where"]) == ("ENOENT", {})
    assert given[-1]["state"] == given[0]["state"]
    return given[1:-1]


pytestmark = pytest.mark.parametrize("folder", FOLDERS, ids=[path.name for path in FOLDERS])


def test_truncated_requests(folder: Path) -> None:
    request = (
        b'{"op":"reserve","disk":{"host_path":"/\\u00e9\xc3\xa9","read_only":true},"mount":{"partition":12},'
        b'"fail":[{"hook":"vm.add_disk","nth":1}]}'
    )
    assert_all_malformed(folder, [request[:length] for length in range(1, len(request))])


def test_bytes_that_are_no_text(folder: Path) -> None:
    lines = [
        b"\0",
        b"\xff\xfe",
        b'{"op": "new\0"}',
        b'{"op": "new"}\0',
        b'{"op": "\xc3"}',
        b'{"op": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"op": "new"}',
        b'{"op": "\\u0000"}',
        b'{"op": "new\\ud800"}',
        b'{"\xff": 1, "op": "new"}',
        bytes(range(1, 10)),
        bytes(range(11, 256)),
    ]
    assert_all_malformed(folder, lines)


def test_random_bytes(folder: Path) -> None:
    rng = random.Random(5)
    alphabet = b'{}[]",:\\ 0123456789.eE+-truefalsnop\xc3\xa9\x00\xff'
    lines = [
        b"x" + bytes(rng.choice(alphabet) for _ in range(rng.randrange(60))) for _ in range(500)
    ]
    assert_all_malformed(folder, lines)


def test_requests_with_one_byte_changed(folder: Path) -> None:
    """Whatever it then means, there is one answer to each, and the process lives on."""
    rng = random.Random(6)
    request = (
        b'{"op":"reserve_for_rootfs","disk":{"host_path":"/a","type":"pass_thru"},'
        b'"address":{"controller":0,"lun":3}}'
    )
    lines = []
    for _ in range(1000):
        line = bytearray(request)
        line[rng.randrange(len(line))] = rng.choice([b for b in range(256) if b != 10])
        lines.append(bytes(line))
    given = answers(folder, b"\n".join(lines) + b"\n")
    assert [answer["n"] for answer in given] == list(range(1, 1001))


@pytest.mark.parametrize("bracket", [b"[", b"{", b'{"a":', b"[[{"])
def test_deep_nesting(folder: Path, bracket: bytes) -> None:
    given = assert_all_malformed(folder, [bracket * (LINE_MAX // len(bracket)), bracket * 20])
    assert given[0]["message"] in ("nested too deep", "a member's name must be a string")


def test_huge_numbers(folder: Path) -> None:
    mount = b'{"op": "reserve", "disk": {"host_path": "/b"}, "mount": {"partition": %s}}'
    numbers = [
        b"18446744073709551616",
        b"-1",
        b"1" * 5000,
        b"-" + b"9" * 5000,
        b"1e5",
        b"1.0",
        b"1e99999",
        b"0x10",
        b"1_000",
        b"\xd9\xa1",
    ]
    assert_all_malformed(folder, [mount % number for number in numbers])
    largest = answers(folder, mount % b"18446744073709551615" + b"\n")[0]
    assert largest["error"] is None
    assert largest["state"]["disk"][0]["mount"][0]["partition"] == 18446744073709551615


def test_duplicate_members(folder: Path) -> None:
    assert_all_malformed(folder, [
        b'{"op": "new", "op": "new"}', b'{"op": "new", "\\u006fp": "new"}',
        b'{"op": "reserve", "disk": {"host_path": "/x", "host_path": "/x"}}',
        b'{"op": "drain", "fail": [{"hook": "vm.add_disk", "hook": "vm.add_disk"}]}',
    ])


def test_what_no_operation_takes(folder: Path) -> None:
    assert_all_malformed(
        folder,
        [
            b"1",
            b"null",
            b"[]",
            b'"new"',
            b"{}",
            b'{"op": null}',
            b'{"op": "no"}',
            b'{"op": ""}',
            b'{"op": "%s%n"}',
            b'{"op": "new", "controllers": 1}',
            b'{"op": "new", "options": {"controllers": 0}}',
            b'{"op": "new", "options": {"controllers": 5}}',
            b'{"op": "new", "options": {"guest": "beos"}}',
            b'{"op": "new", "without": ["vm.add_disk"]}',
            b'{"op": "new", "without": ["eject"]}',
            b'{"op": "new", "fail": []}',
            b'{"op": "map_to_guest"}',
            b'{"op": "map_to_guest", "reservation": 1}',
            b'{"op": "map_to_guest", "reservation": "r1", "disk": {}}',
            b'{"op": "reserve", "disk": []}',
            b'{"op": "reserve", "disk": {"host_path": null}}',
            b'{"op": "reserve", "disk": {"type": 0}}',
            b'{"op": "reserve", "disk": {"type": ""}}',
            b'{"op": "reserve", "mount": {"options": "ro"}}',
            b'{"op": "reserve", "mount": {"options": [1]}}',
            b'{"op": "reserve", "mount": {"guest_path": "/x"}}',
            b'{"op": "reserve", "reservation": "r1"}',
            b'{"op": "reserve_for_rootfs", "disk": {"host_path": "/r"}}',
            b'{"op": "reserve_for_rootfs", "disk": {"host_path": "/r"}, "address": {"lun": 256}}',
            b'{"op": "reserve_for_rootfs", "disk": {"host_path": "/r"}, "address": {"slot": 1}}',
            b'{"op": "map_to_guest", "reservation": "r1", "fail": "vm.add_disk"}',
            b'{"op": "map_to_guest", "reservation": "r1", "fail": ["add_disk"]}',
            b'{"op": "map_to_guest", "reservation": "r1", "fail": [{"hook": "vm.add_disk", "nth": 0}]}',
            b'{"op": "map_to_guest", "reservation": "r1", "fail": [{"hook": "vm.add_disk", "error": "EWOULDBLOCK"}]}',
            b'{"op": "map_to_guest", "reservation": "r1", "fail": [{"hook": "vm.add_disk", "outcome": "pending"}]}',
        ],
    )


def test_a_line_that_is_too_long(folder: Path) -> None:
    padding = b" " * (LINE_MAX - len(b'{"op": "new"}'))
    lines = [b'{"op": "new"}' + padding, b'{"op": "new"} ' + padding, b"x" * 5 * LINE_MAX, RESERVE]
    given = answers(folder, b"\n".join(lines))
    assert [answer["ok"] for answer in given] == [True, False, False, True]
    for n in (2, 3):
        assert given[n - 1] == {
            "n": n,
            "ok": False,
            "error": "EINVAL",
            "message": "a line of more than 1048576 bytes",
        }


def test_a_long_value_is_kept_whole(folder: Path) -> None:
    path = "/" + "é" * 200_000
    given = answers(
        folder,
        json.dumps({"op": "reserve", "disk": {"host_path": path}}, ensure_ascii=False).encode(),
    )
    assert given[0]["state"]["disk"][0]["host_path"] == path


def test_blank_lines_and_a_missing_last_newline(folder: Path) -> None:
    given = answers(folder, b"\n  \n\t\r\n" + b'{"op": "new"}\r\n\n' + b'{"op": "drain"}')
    assert [answer["n"] for answer in given] == [1, 2]
    assert answers(folder, b"") == []
    assert answers(folder, b"\n\n") == []


def test_each_answer_comes_before_the_next_request(folder: Path) -> None:
    with subprocess.Popen(
        [str(simulator("scsi", folder))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for n in (1, 2, 3):
            process.stdin.write(RESERVE + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["n"] == n
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def test_nobody_reads_the_answers(folder: Path) -> None:
    command = [str(simulator("scsi", folder))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.close()
        try:
            process.stdin.write((RESERVE + b"\n") * 1000)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.wait(timeout=60) != 0

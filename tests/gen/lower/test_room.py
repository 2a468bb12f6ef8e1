"""Limits in numbers, worked out by hand: chains of hash tables, nodes of pools, texts."""
from __future__ import annotations

from berthc.diff import compare
from berthc.emit.c import files
from berthc.lower import ir, lower
from berthc.lower.room import chains
from berthc.pipeline import compile_text

SPEC = """\
berth: 1
manager: yard
options: {{rows: {{type: u16, default: 1, range: [1, 100]}}, site: {{type: string, max_length: 9, default: a}}}}
resources:
  lot:
    key: [path]
    fields: {{path: {{type: string, max_length: 30, required: true}}, note: {{type: string, max_length: 7}}, tags: {{type: {tags}}}}}
    assigned: {{place: {{pool: {{row: rows, at: {size}}}}}, label: {{format: "{{option.site}}"}}, number: {{counter: {{start: 1}}}}}}
    holders: {{take: claim, drop: leave}}
    initial: free
    states:
      free: {{resident: true, on: {{claim: stay, leave: gone}}}}
      gone: {{final: true}}
operations:
  rent: {{obtain: [lot], gives: reservation}}
  leave: {{with: reservation, do: [lot.leave], ends: reservation}}
  look: {{find: lot, by: number}}
  {operation}
limits:
  resources: {{lot: {{instances: {instances}{text}}}}}
  reservations: 17
"""


def limits(instances: int, size: int, operation: str = "", text: str = "",
           tags: str = "u8") -> ir.Limits:
    spec = SPEC.format(instances=instances, size=size, operation=operation, text=text, tags=tags)
    result = compile_text("yard.yaml", spec)
    assert result.manager is not None, result.diagnostics
    found = lower(result.manager).limits
    assert found is not None
    return found


NAMED = "put: {create: {resource: lot, at: place, enter: free}}"


def test_chains() -> None:
    """Two items a chain; a small table has 16 chains of its own."""
    assert [chains(n)
            for n in (1, 32, 33, 64, 65, 1000, 1024, 1025)] == [0, 0, 32, 32, 64, 512, 512, 1024]


def test_texts() -> None:
    assert limits(5, 10).resources[0].text == 31 + 8
    assert limits(5, 10, text=", text: 200").resources[0].text == 200
    assert limits(5, 10, text=", text: 0", tags="set, of: string").resources[0].text == 0
    assert limits(5, 10).text == 10  # of the option, with its NUL
    assert (limits(5, 10).reservations, limits(5, 10).levels) == (17, 1)


def test_pools() -> None:
    """100 rows at most, whatever the option says later; 64 slots a word, 4,096 a leaf, 64 nodes an
    inner node."""
    assert limits(5, 1).resources[0].pools == (ir.Pool(words=2),)
    assert limits(5, 40).resources[0].pools == (ir.Pool(words=63),)
    # 4,100 slots: the lowest leaf and the node above it
    assert limits(5, 41).resources[0].pools == (ir.Pool(nodes=2),)
    assert limits(5000, 100).resources[0].pools == (ir.Pool(nodes=3),)
    # 10,000 slots are 3 leaves, and any of them may be asked for
    assert limits(5, 100, NAMED).resources[0].pools == (ir.Pool(nodes=4),)
    assert limits(5, 10000, NAMED).resources[0].pools == (ir.Pool(nodes=245 + 4 + 1),)
    assert limits(5, 10000).resources[0].pools == (ir.Pool(nodes=3),)


def test_the_sum_can_be_read() -> None:
    result = compile_text("yard.yaml",
                          SPEC.format(instances=40, size=10, operation="", text="", tags="u8"))
    assert result.manager is not None
    header = files(result.manager)["yard/yard.h"]
    start = header.index("#define YARD_ARENA_SIZE")
    assert header[start:header.index("\n\n", start)].splitlines() == [
        "#define YARD_ARENA_SIZE \\",
        "    (BERTH_ROOM_START + /* alignment */ \\",
        "     BERTH_ROOM_MANAGER(1, 3, yard_backend, yard_options, 10) + /* the manager */ \\",
        "     BERTH_ROOM_CHAINS(32) + /* hash table: instances by key */ \\",
        "     40 * BERTH_ROOM_INSTANCE(yard_lot, 0, 1, 39) + /* lot */ \\",
        "     BERTH_ROOM_CHAINS(32) + /* hash table: lot by number */ \\",
        "     BERTH_ROOM_POOL(16) + /* a pool of lot */ \\",
        "     17 * BERTH_ROOM_RESERVATION(1)) /* reservations */",
    ]


def test_changes_of_limits_are_reported() -> None:
    before, after = (
        compile_text("yard.yaml",
                     SPEC.format(instances=instances, size=10, operation="", text=text,
                                 tags="u8")).manager
        for instances, text in ((40, ""), (41, ", text: 9"))
    )
    assert before is not None and after is not None
    assert [
        str(c)
        for c in compare(before,
                         after)] == ["~ limit lot: its number of instances is now 41; it was 40",
                                     "~ limit lot: its text is now 9 bytes; it was not limited"]

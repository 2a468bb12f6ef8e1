"""Sequence diagrams: which runs are drawn, what they say, and that each form says all of it."""
from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from diagram_support import LANTERN, NO_GRAPHVIZ, SPECS, made_of, quiet, spec

from berthc.emit import diagram
from berthc.emit.diagram import mermaid
from berthc.emit.diagram.sequence import MOST, Kind, Sequence, sequences
from berthc.emit.diagram.sequence import text as text_sequence
from berthc.emit.diagram.sequence.svg import picture
from berthc.answers.codes import hooks_called

ALL = [(path, name) for path in SPECS for name in sequences(spec(path))]


def titles(path: str, operation: str) -> list[str]:
    return [s.title for s in sequences(spec(path), every=True)[operation].sequences]


def run(path: str, operation: str, title: str) -> Sequence:
    every = sequences(spec(path), every=True)[operation].sequences
    return next(s for s in every if s.title == title)


def reported(path: str, operation: str, title: str) -> list[str]:
    """The messages as one line each."""
    signs = {
        Kind.REQUEST: "> ",
        Kind.CALL: "call ",
        Kind.ANSWER: "answer ",
        Kind.NOTE: "",
        Kind.REPLY: "< ",
    }
    return [
        signs[m.kind] + (f"{m.group}." if m.kind is Kind.CALL else "") + m.text
        for m in run(path, operation, title).messages
    ]


def test_runs_of_scsi() -> None:
    assert titles("spec/scsi.yaml", "reserve") == ["all goes well"]
    assert titles("spec/scsi.yaml", "map_to_guest") == [
        "all goes well",
        "done already",
        "all goes well with guest.format_and_mount",
        "vm.has_disk says yes (disk suspect)",
        "vm.has_disk says no (disk suspect)",
        "guest.has_mount says yes (mount suspect)",
        "guest.has_mount says no (mount suspect)",
        "vm.add_disk fails",
        "vm.add_disk is uncertain",
        "guest.mount fails",
        "guest.mount is uncertain",
        "guest.format_and_mount fails",
        "guest.format_and_mount is uncertain",
        "vm.has_disk cannot tell (disk suspect)",
        "guest.has_mount cannot tell (mount suspect)",
    ]
    assert titles("spec/scsi.yaml", "unmap_from_guest") == [
        "all goes well",
        "somebody else still holds them",
        "all goes well (disk suspect)",
        "all goes well (mount suspect)",
        "all goes well (disk leaving)",
        "guest.unmount fails",
        "guest.unmount is uncertain",
        "guest.eject fails",
        "guest.eject is uncertain",
        "vm.remove_disk fails or is uncertain",
        "guest.eject fails or is uncertain (disk suspect)",
        "guest.unmount fails or is uncertain (mount suspect)",
        "guest.eject fails or is uncertain (disk leaving)",
    ]


def test_happy_path_of_an_operation_that_lets_go() -> None:
    assert reported("spec/scsi.yaml", "unmap_from_guest", "all goes well") == [
        "> unmap_from_guest(reservation)", "disk attached, mount mounted",
        "call guest.unmount(mount)", "answer ok", "mount: mounted → unmounted (final)",
        "call guest.eject(disk)", "answer ok", "disk: attached → ejected, then detach",
        "call vm.remove_disk(disk)", "answer ok", "disk: ejected → detached (final)",
        "the reservation has ended", "< 0"]


def test_a_failure_says_what_the_caller_still_holds() -> None:
    assert reported("spec/scsi.yaml", "unmap_from_guest", "guest.eject fails")[-4:] == [
        "answer failed",
        "disk stays attached",
        "the reservation still holds disk",
        "< the error of guest.eject",
    ]


def test_while_somebody_else_holds_it_nothing_is_called() -> None:
    assert reported("spec/vpci.yaml", "remove_from_vm", "somebody else still holds it") == [
        "> remove_from_vm(reservation)", "others hold the same; device ready",
        "device stays ready: only this hold goes", "the reservation has ended", "< 0"]


def test_an_event_raised_after_an_uncertain_call_runs_and_the_first_error_stays() -> None:
    assert reported("spec/plan9.yaml", "add_to_vm", "vm.add_plan9 is uncertain") == [
        "> add_to_vm(share)",
        "share made, pending",
        "call vm.add_plan9(share)",
        "answer uncertain",
        "share: pending → suspect, then undo",
        "call vm.remove_plan9(share)",
        "answer ok",
        "share: suspect → removed (final)",
        "< the error of vm.add_plan9",
    ]


def test_a_call_that_is_left_for_a_second_time_is_not_made() -> None:
    assert reported("spec/plan9.yaml", "add_to_vm", "done already") == [
        "> add_to_vm(share)",
        "share found, added",
        "share stays added, no call",
        "one more reference to share",
        "< 0, name",
    ]


@pytest.mark.parametrize(("path", "operation"), ALL)
def test_every_hook_that_an_operation_may_call_is_drawn_ok_failing_and_uncertain(
    path: str, operation: str
) -> None:
    manager = spec(path)
    drawn = sequences(manager, every=True)[operation]
    assert not drawn.left_out and len({s.title for s in drawn.sequences}) == len(drawn.sequences)
    seen: set[tuple[str, str]] = set()
    for one in drawn.sequences:
        call = ""
        for message in one.messages:
            if message.kind is Kind.CALL:
                call = f"{message.group}.{message.text.split('(')[0]}"
            elif message.kind is Kind.ANSWER:
                seen |= {(call, word) for word in message.text.split(" or ")}
    for hook in hooks_called(manager, manager.operation(operation)):
        words = (
            ("yes", "no", "cannot tell")
            if manager.hook(hook).asks
            else ("ok", "failed", "uncertain")
        )
        assert {(hook, word) for word in words} <= seen


@pytest.mark.parametrize(("path", "operation"), ALL)
def test_every_form_says_every_message_in_order(path: str, operation: str) -> None:
    for one in sequences(spec(path), every=True)[operation].sequences:
        shown = mermaid.sequence_diagram(one)
        lines = shown.splitlines()
        assert lines[0] == "sequenceDiagram"
        body = [line for line in lines if ": " in line]
        assert [line.split(": ", 1)[1] for line in body] == [
            mermaid.text(m.text) for m in one.messages
        ]
        assert [bool(re.match(r" +\w+--x\w+:", line)) for line in body] == [
            m.bad and m.kind is not Kind.NOTE for m in one.messages
        ]
        drawn = text_sequence.sequence_diagram(one)
        assert drawn.isascii() and "*/" not in drawn and max(map(len, drawn.splitlines())) <= 76
        words = iter(re.sub(r"[\s|\[\].<>x-]", "", drawn))
        wanted = re.sub(
            r"[\s|\[\].<>x-]",
            "",
            "".join(one.participants) + "".join(m.text.replace("→", "") for m in one.messages),
        )
        assert all(letter in words for letter in wanted), "the letters of all messages, in order"
        root = ElementTree.fromstring(picture(operation, (one,)))
        texts = [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}text")]
        assert all(any(m.text in t for t in [*texts, " ".join(texts)]) for m in one.messages)


@pytest.mark.parametrize("width", [60, 76, 100])
def test_text_keeps_to_its_width(width: int) -> None:
    for drawn in sequences(spec(SPECS[3]), every=True).values():
        for one in drawn.sequences:
            assert max(map(len, text_sequence.sequence_diagram(one, width).splitlines())) <= width


def test_text_of_a_known_run() -> None:
    assert text_sequence.sequence_diagram(run(LANTERN, "kindle", "hand.light fails")) == """\
caller                      lantern                                  hand
   | kindle(reservation)       |                                       |
   |-------------------------->|                                       |
   |                           | [ lamp dark ]                         |
   |                           | light(lamp)                           |
   |                           |-------------------------------------->|
   |                           | failed                                |
   |                           |x......................................|
   |                           | [ lamp: dark -> broken ]              |
   |                           | [ the reservation still holds lamp ]  |
   | the error of hand.light   |                                       |
   |x..........................|                                       |
"""


MANY = (
    """\
berth: 1
manager: m
brief: More failures than anybody reads.
backend: {b: {h: {on: r, repeatable: true, brief: Do it.}}}
resources:
  r:
    brief: A thing.
    key: [k]
    fields: {k: {type: string, brief: Key.}}
    holders: {take: hold, drop: free}
    initial: s0
    states:
"""
    + "".join(
        f"      s{n}: {{brief: State., on: {{hold: stay, go: {{call: b.h, ok: s{n + 1}, fail: stay}}, free: end}}}}\n"
        for n in range(MOST)
    )
    + f"""\
      s{MOST}: {{brief: Last., on: {{hold: stay, go: stay, free: end}}}}
      end: {{final: true, brief: Gone.}}
operations:
  reserve: {{brief: Hold., obtain: [r], gives: reservation}}
  go: {{brief: Go on., with: reservation, do: [r.go]}}
  free: {{brief: Let go., with: reservation, do: [r.free], ends: reservation}}
"""
)


def test_more_runs_than_anybody_reads_are_counted_and_not_drawn() -> None:
    drawn = sequences(made_of(MANY), every=True)["go"]
    assert len(drawn.sequences) == MOST
    assert drawn.left_out == 2 * MOST - MOST  # each state's call, ok and failing
    note = f"{MOST} more runs are not drawn; the state × event tables have them all."
    made = diagram.files(made_of(MANY), quiet, NO_GRAPHVIZ, choice=diagram.Choice(every=True))
    assert note in made["m/diagrams.md"] and note.replace("×", "x") in made["m/diagrams.txt"]


def test_an_operation_that_can_never_go_well_has_no_diagrams() -> None:
    manager = made_of(
        MANY.replace(
            "reserve: {brief: Hold., obtain: [r], gives: reservation}",
            (
                "reserve: {brief: Hold., obtain: [r], gives: reservation}\n"
                "  lose: {brief: Find., find: r, do: [r.stop]}"
            ),
        )
        .replace("initial: s0", "initial: s0\n    otherwise: {reject: EBUSY}")
        .replace("s0: {brief: State., on: {", "s0: {brief: State., on: {stop: {reject: EBUSY}, ")
    )
    assert sequences(manager)["lose"].sequences == ()
    assert "m/sequence-lose.svg" not in diagram.files(manager, quiet, NO_GRAPHVIZ)


@pytest.mark.parametrize(("path", "operation"), ALL)
def test_the_short_form_has_success_and_the_first_failure_of_each_hook(
    path: str, operation: str
) -> None:
    every = sequences(spec(path), every=True)[operation].sequences
    short = sequences(spec(path))[operation]
    assert [s.messages for s in short.sequences[:1]] == [s.messages for s in every[:1]]
    assert {s.messages for s in short.sequences} <= {s.messages for s in every}
    assert short.left_out == len(every) - len(short.sequences)
    failing = [_failing(s) for s in every if _failing(s) and s.bad]
    shown = [_failing(s) for s in short.sequences[1:]]
    assert all(s.bad for s in short.sequences[1:]) and len(shown) == len(set(shown))
    assert {hook for hooks in failing for hook in hooks} == {h for hooks in shown for h in hooks}
    assert len(shown) <= len({hook for hooks in failing for hook in hooks})
    assert (f"{short.left_out} more run" in short.note) == bool(short.left_out)


def _failing(sequence: Sequence) -> tuple[str, ...]:
    """The hooks whose calls fail, are uncertain, or cannot tell."""
    return tuple(f"{call.group}.{call.text.partition('(')[0]}"
                 for call, answer in zip(sequence.messages, sequence.messages[1:])
                 if answer.kind is Kind.ANSWER and answer.bad)


def test_the_picture_of_an_operation_is_small_and_says_how_many_panels_it_leaves_out() -> None:
    def size(every: bool) -> tuple[float, float, str]:
        drawn = diagram.files(spec("spec/scsi.yaml"), quiet, NO_GRAPHVIZ,
                              {"sequence-map_to_guest.svg"}, diagram.Choice(every=every))
        shown = drawn["scsi/sequence-map_to_guest.svg"]
        root = ElementTree.fromstring(shown)
        return float(root.attrib["width"]), float(root.attrib["height"]), shown

    (wide, high, short), (_, higher, every) = size(False), size(True)
    assert high < 1000 < 2500 < higher and wide < 1300
    note = re.search(r'y="([0-9.]+)"[^>]*>9 more runs are not drawn: berthc diagram --all<', short)
    assert note is not None and float(note[1]) < high
    assert short.count("<g ") == 6 and every.count("<g ") == 15 and "more runs" not in every

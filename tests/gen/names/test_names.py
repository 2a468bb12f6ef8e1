"""C identifiers: the spelling that docs/architecture.md promises, reserved words, and every kind of
collision."""
from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace

import pytest
from berthc.emit import c
from berthc.model import (
    NOWHERE, Assigned, AssignedKind, Deny, Form, Guard, Hook, Loc, Manager, Operation, Ref, State,
    Type,
)
from berthc.names import (
    OWN_WORDS, RESERVED, Names, called, collisions, free_name, hook_member, library, member,
)
from emit_c_support import SPECS, field, manager, pool, spec, thing

HERE = Loc("m.yaml", 3, 5, 2)


def messages(found: Manager) -> list[str]:
    return [message for _, message in collisions(found)]


def test_the_spelling_is_that_of_the_architecture() -> None:
    names = Names("scsi")
    assert (names.header, names.source) == ("scsi/scsi.h", "scsi/scsi.c")
    assert names.descriptor == "scsi_manager_type"
    assert (names.options, names.options_default) == ("scsi_options", "SCSI_OPTIONS_DEFAULT")
    assert (names.option_enum("guest"), names.option_value("guest", "linux")) == (
        "scsi_option_guest",
        "SCSI_OPTION_GUEST_LINUX",
    )
    assert (names.field_enum("disk", "type"), names.field_value("disk", "type", "pass_thru")) == (
        "scsi_disk_type",
        "SCSI_DISK_TYPE_PASS_THRU",
    )
    assert (names.config("disk"), names.config_default("disk")) == (
        "scsi_disk_config",
        "SCSI_DISK_CONFIG_DEFAULT",
    )
    assert (names.view("disk"), names.slot("disk", "address")) == ("scsi_disk", "scsi_disk_address")
    assert names.size("mount", "guest_path") == "SCSI_MOUNT_GUEST_PATH_SIZE"
    assert (names.resource_id("disk"), names.state_id("disk", "boot")) == (
        "SCSI_RESOURCE_DISK",
        "SCSI_DISK_STATE_BOOT",
    )
    assert (names.event_id("disk", "attach"),
            names.hook_id("vm.add_disk")) == ("SCSI_DISK_EVENT_ATTACH", "SCSI_HOOK_VM_ADD_DISK")
    assert names.operation_id("map_to_guest") == "SCSI_OPERATION_MAP_TO_GUEST"
    assert (names.id_enum("disk", "state"), names.none_id("disk", "state")) == (
        "scsi_disk_state",
        "SCSI_DISK_STATE_NONE",
    )
    assert (names.backend, names.backend_version, names.out("vm.add_disk")) == (
        "scsi_backend",
        "SCSI_BACKEND_VERSION",
        "scsi_vm_add_disk_out",
    )
    assert (
        names.function("reserve"), names.until("reserve")) == ("scsi_reserve", "scsi_reserve_until")
    assert (names.item, names.visit) == ("scsi_item", "scsi_visit")


@pytest.mark.parametrize("word",
                         ["restrict", "class", "int", "uuid_t", "errno", "linux", "constexpr"])
def test_a_reserved_word_gets_an_underscore(word: str) -> None:
    assert member(word) == word + "_"


def test_other_words_stay_as_they_are() -> None:
    assert member("read_only") == "read_only"
    assert hook_member("guest.switch") == "guest.switch_"


@pytest.mark.parametrize("word", ["st_atime", "sa_handler", "berth_call", "berth_error", "sun"])
def test_a_member_steps_aside_for_macros_and_berth(word: str) -> None:
    assert member(word) == word + "_"


def test_a_member_that_is_called_steps_aside_for_macros_with_arguments() -> None:
    assert (member("fpclassify"), called("fpclassify")) == ("fpclassify", "fpclassify_")
    assert hook_member("fpclassify.fpclassify") == "fpclassify.fpclassify_"


@pytest.mark.parametrize("word",
                         ["environ", "optarg", "uid_t", "preorder", "time", "berth_done", "stdin"])
def test_a_parameter_hides_nothing_of_the_headers(word: str) -> None:
    assert free_name(word, set()) == word + "_"


@pytest.mark.parametrize("word", ["mount", "disk", "name", "berths"])
def test_a_parameter_keeps_a_name_that_hides_nothing(word: str) -> None:
    """A function of a header that the generated one does not bring along is no obstacle, nor is a
    struct's tag."""
    assert free_name(word, set()) == word


def test_a_resource_may_be_called_like_its_manager() -> None:
    made = manager(thing(name="m"),
                   operations=(Operation("take", "", NOWHERE, Form.OBTAIN, ("m",)),))
    assert messages(made) == []
    assert "int m_take(m *manager, const m_m_config *m_, berth_error *error);" in c.files(
        made)["m/m.h"]


@pytest.mark.parametrize("word", ["m_op", "m_options", "m_backend", "m_item", "m_visit"])
def test_a_member_is_not_called_like_a_type(word: str) -> None:
    """In C++ a name cannot change its meaning in a class."""
    assert any(f"would be called '{word}' in the view of thing" in text
               for text in messages(manager(thing(fields=(field(word),)))))
    assert any(f"would be called '{word}' in items" in text
               for text in messages(manager(thing(name=word))))


def test_a_local_name_steps_aside_until_it_is_free() -> None:
    assert free_name("results", set()) == "results"
    assert free_name("results", {"results", "results_"}) == "results__"
    assert free_name("default", set()) == "default_"


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_no_spec_of_the_tree_collides(path: object) -> None:
    assert collisions(spec(getattr(path, "stem"))) == []


def test_a_field_that_is_a_keyword_is_no_collision() -> None:
    assert messages(manager(thing(fields=(field("restrict"), field("int"))))) == []


@pytest.mark.parametrize("name", ["int", "class", "NULL"])
def test_a_manager_cannot_be_a_keyword(name: str) -> None:
    assert messages(
        manager(name=name)) == [f"manager {name}: '{name}' is a reserved word in C or C++"]


def test_a_manager_cannot_be_a_function_of_the_c_library() -> None:
    assert messages(manager(name="mount")) == [
        "manager mount would be called 'mount' in C, as the C library's function is"
    ]


def test_a_manager_cannot_be_what_string_h_declares() -> None:
    """Generated sources include it."""
    source = subprocess.run(
        [os.environ.get("BERTH_CC", "cc"), "-std=gnu11", "-E", "-P",
         "-"], input="#include <string.h>", capture_output=True, text=True, check=True,
    ).stdout
    declared = set(re.findall(r"\b(\w+) ?\([^()]*\)[^;{}]*;",
                              re.sub(r"__attribute__ ?\(\(.*?\)\)(?=[ ;)])", "", source)))
    assert {"memcpy", "strtok", "strdup"} <= declared
    assert sorted(word for word in declared - set(library.names()) - RESERVED
                  if not word.startswith("_")) == []


@pytest.mark.parametrize("name", ["berth", "berth_x", "uuid", "pthread_pool"])
def test_a_manager_cannot_take_the_prefix_of_others(name: str) -> None:
    prefix = name.split("_")[0]
    assert messages(manager(name=name)) == [
        f"manager '{name}': names that begin with '{prefix}_' belong to others in C"
    ]


@pytest.mark.parametrize("name", ["manager", "options", "visit", "call"])
def test_a_manager_is_not_called_like_a_parameter(name: str) -> None:
    """`int out_create(..., out **out)` does not compile, nor do others under -Wshadow."""
    assert messages(
        manager(name=name)) == [f"manager '{name}': the generated C uses this word itself"]


@pytest.mark.parametrize("name", ["kitchen", "scsi"])
def test_every_parameter_and_variable_of_the_generated_source_is_no_name_for_a_manager(
    name: str) -> None:
    found = spec(name)
    text = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|struct \w* ?\{.*?\n\}', "",
                  "".join(c.files(found).values()), flags=re.DOTALL)
    mine = ({found.name, *(r.name for r in found.resources)}
            | {f.name for r in found.resources for f in r.fields})
    mine |= {word for r in found.resources for a in r.assigned for word in (a.name, *a.leaves)}
    words = set(re.findall(r"\b[a-z]\w*\s+\**([a-z][a-z0-9]*)(?:\[[^\]]*\])*\s*(?=[,;)=])",
                           text)) - mine
    assert {"config", "given", "end", "visitor"} <= words
    assert sorted(words - OWN_WORDS - RESERVED - set(library.names())) == []


COLLIDING: list[tuple[str, Manager, str]] = [
    (
        "a field and the keyword's spelling",
        manager(thing(fields=(field("int", loc=HERE), field("int_", loc=HERE)))),
        "field thing.int_ would be called 'int_' in the view of thing, as field thing.int is",
    ),
    (
        "a field and a leaf of a pool",
        manager(
            thing(fields=(field("lun"),), assigned=(replace(pool("address", lun=4), loc=HERE),))
        ),
        (
            "assigned value thing.lun would be called 'lun' in the view of thing, as field"
            " thing.lun is"
        ),
    ),
    (
        "an operation and the discard of a root",
        manager(
            thing(), operations=(Operation("discard_thing", "", HERE, Form.OBTAIN, ("thing",)),)
        ),
        (
            "operation discard_thing would be called 'm_discard_thing' in C, as the function"
            " m_discard_thing is"
        ),
    ),
    (
        "a field and the parent",
        manager(thing(), thing(name="part", parent="thing", fields=(field("thing", loc=HERE),))),
        "field part.thing would be called 'thing' in the view of part, as parent thing is",
    ),
    (
        "an operation and a resource",
        manager(operations=(Operation("thing", "", HERE, Form.OBTAIN, ("thing",)),)),
        "operation thing would be called 'm_thing' in C, as the view of thing is",
    ),
    (
        "an operation and a function of every manager",
        manager(operations=(Operation("drain", "", HERE, Form.OBTAIN, ("thing",)),)),
        "operation drain would be called 'm_drain' in C, as the function m_drain is",
    ),
    (
        "an operation and another with a deadline",
        manager(
            operations=(
                Operation("go", "", NOWHERE, Form.OBTAIN, ("thing",)),
                Operation("go_until", "", HERE, Form.OBTAIN, ("thing",)),
            )
        ),
        "operation go_until would be called 'm_go_until' in C, as operation go with a deadline is",
    ),
    (
        "a resource and a type of every manager",
        manager(thing(name="options", loc=HERE)),
        "the view of options would be called 'm_options' in C, as the options is",
    ),
    (
        "a resource and a member of items",
        manager(thing(name="refs", loc=HERE)),
        "resource refs would be called 'refs' in items, as the item's member refs is",
    ),
    (
        "a group of hooks and a member of the backend",
        manager(hooks=(Hook("ctx.go", "thing", "", HERE),)),
        "group ctx would be called 'ctx' in the backend, as the backend's member ctx is",
    ),
    (
        "two hooks",
        manager(hooks=(Hook("a_b.c", "thing", "", NOWHERE), Hook("a.b_c", "thing", "", HERE))),
        "hook a.b_c would be called 'M_HOOK_A_B_C' in C, as hook a_b.c is",
    ),
    (
        "a state called none",
        manager(thing(states=(State("none", "", HERE),), initial="none", take=None, drop=None)),
        "state thing.none would be called 'M_THING_STATE_NONE' in C, as the id 0 is",
    ),
    (
        "an enum of a field and the states",
        manager(thing(fields=(field("state", Type.ENUM, values=("x",), loc=HERE),))),
        (
            "the type of field thing.state would be called 'm_thing_state' in C, as the type"
            " m_thing_state is"
        ),
    ),
    (
        "a value of a field and a state",
        manager(thing(fields=(field("state", Type.ENUM, values=("on",), loc=HERE),))),
        (
            "value on of field thing.state would be called 'M_THING_STATE_ON' in C, as state"
            " thing.on is"
        ),
    ),
    (
        "resources whose names run together",
        manager(
            thing(name="a", assigned=(pool("b_c", x=1),)),
            thing(name="a_b", assigned=(replace(pool("c", y=1), loc=HERE),)),
        ),
        "the slot a_b.c would be called 'm_a_b_c' in C, as the slot a.b_c is",
    ),
    (
        "two results",
        manager(
            thing(assigned=(Assigned("id", AssignedKind.UUID, Type.UUID, "", NOWHERE),)),
            thing(
                name="part",
                parent="thing",
                assigned=(Assigned("id", AssignedKind.UUID, Type.UUID, "", NOWHERE),),
            ),
            operations=(
                Operation(
                    "go",
                    "",
                    NOWHERE,
                    Form.OBTAIN,
                    ("thing", "part"),
                    returns=(Ref("thing", "id", NOWHERE), Ref("part", "id", HERE)),
                ),
            ),
        ),
        "result part.id would be called 'id' in the results of go, as result thing.id is",
    ),
    (
        "the results of an operation and another operation",
        manager(
            thing(assigned=(pool("place", row=2, column=2),)),
            operations=(
                Operation(
                    "go",
                    "",
                    NOWHERE,
                    Form.OBTAIN,
                    ("thing",),
                    returns=(Ref("thing", "row", NOWHERE), Ref("thing", "column", NOWHERE)),
                ),
                Operation("go_result", "", HERE, Form.OBTAIN, ("thing",)),
            ),
        ),
        (
            "operation go_result would be called 'm_go_result' in C,"
            " as the struct of the results of go is"
        ),
    ),
    (
        "a resource and Berth",
        manager(thing(name="berth", loc=HERE)),
        (
            "the table berth_fields would be called 'berth_fields' in C, and names that begin with"
            " 'berth_' are Berth's own"
        ),
    ),
    (
        "two formats",
        manager(
            *(
                thing(name=n, assigned=(Assigned(f, AssignedKind.FORMAT, Type.STRING, "", HERE),))
                for n, f in (("a", "b_c"), ("a_b", "c"))
            )
        ),
        "the format of a_b.c would be called 'format_a_b_c' in C, as the format of a.b_c is",
    ),
    (
        "a type and a variable of the source",
        manager(
            thing(name="x"),
            thing(name="m_x", loc=HERE),
            operations=(
                Operation(
                    "go",
                    "",
                    NOWHERE,
                    Form.OBTAIN,
                    ("m_x",),
                    deny=(
                        Deny(
                            Guard("true", NOWHERE, ref=Ref("field", "f", NOWHERE)),
                            "EPERM",
                            "",
                            NOWHERE,
                        ),
                    ),
                ),
            ),
        ),
        (
            "the variable m_x_config of the generated source would be called 'm_x_config' in C, as"
            " the config of x is"
        ),
    ),
    (
        "a manager and what its suite declares",
        manager(
            name="run",
            loc=HERE,
            operations=(Operation("go", "", NOWHERE, Form.OBTAIN, ("thing",)),),
        ),
        "operation go would be called 'run_go' in C, as operation go in the conformance suite is",
    ),
    (
        "a manager and what its source declares",
        manager(thing(name="table", loc=HERE), name="limit"),
        (
            "the view of table would be called 'limit_table' in C, as limit_table of the generated"
            " source is"
        ),
    ),
]


@pytest.mark.parametrize(("made", "message"), [c[1:] for c in COLLIDING],
                         ids=[c[0] for c in COLLIDING])
def test_two_things_of_one_name(made: Manager, message: str) -> None:
    assert message in messages(made)


def test_the_place_is_that_of_the_later_one() -> None:
    made = manager(thing(name="refs", loc=HERE))
    assert [place for place, _ in collisions(made)] == [HERE]

"""Every id that a message can have, with what it says: the list in docs/language.md is made from
this (see reference)."""
from __future__ import annotations

from berthc.check import RULES

# Found while reading: by load, schema, expr.
READING: tuple[tuple[str, str], ...] = (
    ("file", "The file can be read."),
    ("size", "A spec has at most 4 MiB."),
    ("encoding", "A spec is UTF-8 text without control characters."),
    ("yaml", "A spec is YAML."),
    ("empty", "The file holds something."),
    ("more", "At most 100 messages about one spec are shown; this one counts the others."),
    ("documents", "A file holds one YAML document."),
    ("duplicate-key", "No mapping has a key twice."),
    ("merge-key", "Merge keys (`<<`) are not supported."),
    ("alias",
     "An alias names an anchor before it and around which it does not stand; written out, a spec "
     "has at most a million nodes."),
    ("depth", "Values are nested at most 40 levels deep."),
    ("tag", "Values have no YAML tags."),
    ("key", "A key is a word, not a list or a mapping."),
    ("unknown-key", "Every key is one that has a meaning where it stands."),
    ("missing-key", "A key without which the rest has no meaning is there."),
    ("form",
     "Where there are several forms, the keys say which one it is: a row calls, moves or rejects; "
     "an operation obtains, creates, finds, or works with a reservation."),
    ("type",
     "A value is of the kind that belongs there: a mapping, a list, a text, an integer, true or "
     "false."),
    ("value", "A value is one of those that are possible there."),
    ("empty-value", "A value that must hold something does."),
    ("name",
     "Names are lower-case letters, digits and single underscores between them; hooks and steps "
     "are two names with a dot; errors are errno names."),
    ("guard-syntax", "A condition can be read."),
    ("format-syntax",
     "A format can be read: references stand in braces, and braces themselves are doubled."),
)


def catalogue() -> dict[str, str]:
    """Ids in the order of the stages; where two functions look for one thing, both their
    sentences."""
    out = dict(READING)
    for rule in RULES:
        out[rule.id] = f"{out[rule.id]} {rule.says}" if rule.id in out else rule.says
    return out


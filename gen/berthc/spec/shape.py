"""How a spec's nodes are held against the schema.

The messages about unknown and missing keys come from the schema file, so that they cannot say
anything else. Only the part of JSON Schema that the file uses is understood;
tests/gen/spec/test_schema.py compares the verdicts with those of the jsonschema package.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence as SequenceType

from berthc.diag import MOST, Diagnostic, hint, listing, printable, quote
from berthc.errnos import meant
from berthc.spec.load import Mapping, Node, Scalar, Sequence
from berthc.spec.schema import Part, Schema
from berthc.spec.wording import (
    BOOLEANS, ERRNO, KINDS, SYNONYMS, as_mapping, below, describe, kind_of, near_key, quoting,
    renamed, shown, which_key, with_article,
)


def check_shape(schema: Schema, node: Node) -> list[Diagnostic]:
    """Everything in which the tree below `node` differs from the schema."""
    checker = Checker(schema, node)
    checker.visit(node, schema.root)
    return checker.once()


class Checker:
    def __init__(self, schema: Schema, root: Node | None = None) -> None:
        self.schema = schema
        self.hooks = [f"{group}.{name}" for group, hooks in below(root, "backend")
                      for name, _ in below(hooks)]
        self.events = list(
            dict.fromkeys(
                f"{name}.{event}"
                for name, resource in below(root, "resources")
                for _, state in below(resource, "states")
                for event, _ in below(state, "on")
            )
        )
        self.found: list[Diagnostic] = []
        # by identity of the unresolved part, which the schema keeps alive
        self.resolved: dict[int, Part] = {}
        # by identity of the resolved part, which `resolved` keeps alive
        self.flattened: dict[int, list[Part]] = {}
        self.patterns: dict[str, re.Pattern[str]] = {}
        # for each use: does it declare; where in `found`
        self.misnamed: dict[str, list[tuple[bool, int]]] = {}

    def resolve(self, part: Part) -> Part:
        known = self.resolved.get(id(part))
        if known is None:
            known = self.resolved[id(part)] = self.schema.resolve(part)
        return known

    def report(self, rule: str, node: Node, message: str, help_text: str = "") -> None:
        self.found.append(Diagnostic(rule, node.loc, message, help_text))

    def visit(self, node: Node, part: Part, key: Node | None = None) -> None:
        """`key` is the key that the node is the value of: the place of what is missing in it."""
        part = self.resolve(part)
        others: list[Part] = []
        if "oneOf" in part:
            flat = self.flat(part)
            branch = self.choose(node, part, flat, key or node)
            if branch is None:
                return
            others = [one for one in flat if one is not branch]
            part = branch
        if "const" in part or "enum" in part:
            self.word(node, part, others)
            return
        kind = kind_of(node)
        if "type" in part and part["type"] != kind:
            self.wrong_type(node, part)
        elif isinstance(node, Mapping):
            self.mapping(node, part, key or node)
        elif isinstance(node, Sequence):
            self.sequence(node, part)
        elif isinstance(node, Scalar):
            self.scalar(node, part, others)

    def wrong_type(self, node: Node, part: Part) -> None:
        kind = KINDS[part["type"]]
        wanted = str(part.get("title", kind))
        what = (wanted if wanted == kind or part["type"] in ("string", "array", "integer")
                else f"{wanted} ({kind})")
        advice = self.form(node, part) or (quoting(node) if part["type"] == "string" else "")
        self.report("type", node, f"{shown(node)} stands where {what} belongs",
                    advice or describe(part))

    def form(self, node: Node, part: Part) -> str:
        """How a single value, or a list, is written where it is a list, a mapping or an errno name
        that belongs there."""
        if isinstance(node, Sequence):
            return as_mapping(node, part)
        if not isinstance(node, Scalar):
            return ""
        if part.get("title") == "a state" and part.get("type") == "object" and node.value is None:
            return "write {} for a state without rows, or {final: true} where the instance ends"
        if node.value is None:
            return ""
        if part.get("type") == "boolean" and node.text.lower() in BOOLEANS:
            return f"did you mean {BOOLEANS[node.text.lower()]}?"
        if self.resolve(part.get("properties", {}).get(node.text, {})).get("type") == "boolean":
            return f"did you mean {{{node.text}: true}}?"
        if part.get("title") == ERRNO:
            name = meant(node.text)
            return f"did you mean {quote(name)}?" if name else ""
        if part.get("type") == "array":
            return (f"did you mean [{printable(node.text)}]?"
                    if self.accepts(node, part.get("items", {})) else "")
        keys: SequenceType[str] = part.get("required") or list(part.get("properties", {}))
        for key in keys:
            rest = [f"{name}: …" for name in part.get("required", ()) if name != key]
            wanted = self.resolve(part["properties"][key])  # not one that takes any text
            if ({"enum", "pattern", "minimum"} & wanted.keys() and len(rest) < 3
                and self.accepts(node, part["properties"][key])):
                return f"did you mean {{{', '.join([f'{key}: {printable(node.text)}', *rest])}}}?"
        return ""

    def accepts(self, node: Scalar, part: Part) -> bool:
        """Is the value right for a part?"""
        trial = Checker(self.schema)
        trial.visit(node, part)
        return not trial.found

    def word(self, node: Node, part: Part, others: SequenceType[Part] = ()) -> None:
        """`others` are forms that may stand there instead."""
        valid = [part["const"]] if "const" in part else list(part["enum"])
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(node, Scalar) and any(value == v and type(value) is type(v) for v in valid):
            return
        words = [str(v) for v in valid]
        text = node.text if isinstance(node, Scalar) else ""
        rule = "value" if isinstance(node, Scalar) and value is not None else "type"
        if isinstance(value, str) and text in words:
            self.report(rule, node, f"{shown(node)} is not valid here",
                        f"write {text} without quotes: it is no text")
            return
        advice = next((f"{form} " for other in others if (form := self.form(node, other))), "")
        meant_ = (words[0] if len(words) == 1 and isinstance(valid[0], str)
                  else SYNONYMS.get(text, ""))
        near = hint(text, words, "valid here")
        if not advice and meant_ in words and not near.startswith("did you mean"):
            advice = f"did you mean {quote(meant_)}? "
        self.report(rule, node, f"{shown(node)} is not valid here", advice + near)

    def mapping(self, node: Mapping, part: Part, place: Node) -> None:
        properties: Part = part.get("properties", {})
        rest = part.get("additionalProperties", True)
        missing = [name for name in part.get("required", ()) if name not in node.values]
        # else a key may be misspelt: told with it
        if rest is not False or all(key in properties for key in node.values):
            for name in missing:
                self.report("missing-key", place,
                            f"{with_article(part)} lacks the key {quote(name)}",
                            describe(properties[name]))
        if len(node.values) < part.get("minProperties", 0):
            self.report("empty-value", place, f"{with_article(part)} must not be empty",
                        describe(part))
        names = self.resolve(part["propertyNames"]) if "propertyNames" in part else None
        unknown = 0
        for key, value in node.values.items():
            if key in properties:
                self.visit(value, properties[key], node.keys[key])
            elif rest is False:
                unknown += 1
                self.report("unknown-key", node.keys[key],
                            f"{quote(key)} is no key of {with_article(part)}",
                            which_key(key, missing, part, node) if unknown <= MOST else "")
            else:
                if names is not None:
                    self.text(node.keys[key], node.keys[key].text, names, declares=True)
                if isinstance(rest, dict):
                    self.visit(value, rest, node.keys[key])

    def sequence(self, node: Sequence, part: Part) -> None:
        least, most = part.get("minItems", 0), part.get("maxItems")
        if len(node.items) < least and least == 1:
            self.report("empty-value", node, f"{with_article(part)} must not be empty",
                        describe(part))
        elif len(node.items) < least or (most is not None and len(node.items) > most):
            self.report("value", node,
                        f"{with_article(part)} has {least} values, not {len(node.items)}",
                        describe(part))
        if "items" in part:
            for item in node.items:
                self.visit(item, part["items"])

    def scalar(self, node: Scalar, part: Part, others: SequenceType[Part] = ()) -> None:
        value = node.value
        if isinstance(value, str):
            self.text(node, value, part, others)
        elif isinstance(value, int) and not isinstance(value, bool):
            least, most = part.get("minimum"), part.get("maximum")
            if (least is not None and value < least) or (most is not None and value > most):
                self.report("value", node, f"{shown(node)} is out of range",
                            f"{with_article(part)} is from {least} to {most}")

    def text(self,
             node: Scalar,
             value: str,
             part: Part,
             others: SequenceType[Part] = (),
             declares: bool = False) -> None:
        """A text or a key, against pattern and lengths.

        `others` are forms that may stand there instead; `declares`: what it names is declared here.
        """
        if len(value) > part.get("maxLength", len(value)):
            self.report("value", node,
                        f"{with_article(part)} has at most {part['maxLength']} characters, not "
                        f"{len(value)}")
        elif len(value) < part.get("minLength", 0):
            self.report("empty-value", node, f"{with_article(part)} must not be empty",
                        describe(part))
        elif "pattern" in part:
            pattern = self.patterns.get(part["pattern"])
            if pattern is None:
                # JSON Schema's $ is the end of the text; Python's $ also matches before a final
                # line break.
                pattern = self.patterns[
                    part["pattern"]] = re.compile(re.sub(r"\$\Z", r"\\Z", part["pattern"]))
            if not pattern.search(value) and not self.may_be_errno(value, part):
                self.misnamed.setdefault(value, []).append((declares, len(self.found)))
                form = next((form for other in others if (form := self.form(node, other))), "")
                self.report("name", node, f"{quote(value)} is not {with_article(part)}",
                            form or self.dotted(value, part) or renamed(value, part))

    @staticmethod
    def may_be_errno(value: str, part: Part) -> bool:
        """Is it written like an errno name? The rule unknown-errno then tells whether there is such
        a name, together with what other rules find."""
        return part.get("title") == ERRNO and re.fullmatch("E[A-Z0-9]+", value) is not None

    def dotted(self, value: str, part: Part) -> str:
        """Help for a hook, or a name with its resource, of which only the last part is given, or
        with another sign for the dot."""
        word = re.split(r"[^A-Za-z0-9_]+", value)[-1]
        known = (self.hooks if part.get("title") == "a hook" else self.events
                 if part.get("title") == "a name with its resource" else ())
        near = [name for name in known if name.split(".")[1] == word]
        return f"did you mean {quote(near[0])}? {part.get('form', describe(part))}" if near else ""

    def once(self) -> list[Diagnostic]:
        """What was found. A bad name that is told where it is declared is not told again where it
        is used."""
        declared = {name for name, uses in self.misnamed.items()
                    if any(declares for declares, _ in uses)}
        again = {n for name, uses in self.misnamed.items() if declared.intersection(name.split("."))
                 for declares, n in uses if not declares}
        return [d for n, d in enumerate(self.found) if n not in again]

    def choose(self, node: Node, part: Part, flat: list[Part], place: Node) -> Part | None:
        """The one of the alternatives `flat` that `node` is meant to be, or None when that has been
        reported as unclear."""
        fitting = [b for b in flat if self.fits(node, b)]
        if not fitting:
            wanted = (part.get("title")
                      or " or ".join(str(b.get("title", KINDS[b["type"]])) for b in flat))
            form = next((text for b in flat if (text := self.form(node, b))), "")
            self.report("type", node, f"{shown(node)} stands where {wanted} belongs",
                        form or quoting(node) or describe(part))
            return None
        if len(fitting) == 1 or not isinstance(node, Mapping):
            return fitting[0]
        inner = [b for b in map(self.resolve, part["oneOf"]) if "oneOf" in b]
        return self.choose_mapping(
            node, inner[0] if len(inner) == 1 and len(fitting) == len(inner[0]["oneOf"]) else part,
            fitting, place)

    def flat(self, part: Part) -> list[Part]:
        """All of `flatten`, made once."""
        known = self.flattened.get(id(part))
        if known is None:
            known = self.flattened[id(part)] = list(self.flatten(part))
        return known

    def flatten(self, part: Part) -> Iterator[Part]:
        """The alternatives, and those of alternatives that have some themselves."""
        for branch in map(self.resolve, part["oneOf"]):
            if "oneOf" in branch:
                yield from self.flatten(branch)
            else:
                yield branch

    @staticmethod
    def fits(node: Node, branch: Part) -> bool:
        kind = kind_of(node)
        if "enum" in branch:
            return isinstance(node, Scalar) and (node.value in branch["enum"] or kind == "string")
        return bool(branch["type"] == kind)

    def choose_mapping(self, node: Mapping, part: Part, branches: list[Part],
                       place: Node) -> Part | None:
        """By the first required key of each alternative, and where that is `type`, by its value."""
        title = str(part.get("title", "this"))
        deciding = list(dict.fromkeys(b["required"][0] for b in branches))
        present = [key for key in deciding if key in node.values]
        if len(present) > 1:
            second = node.keys[max(present, key=lambda k: (node.keys[k].line, node.keys[k].column))]
            others = [quote(k) for k in present if k != second.text]
            self.report("form", second,
                        f"{quote(second.text)} excludes {' and '.join(others)} in {title}",
                        f"{title} has exactly one of: {listing(deciding)}")
            return None
        if not present:
            if len(deciding) == 1:
                self.report("missing-key", place, f"{title} lacks the key {quote(deciding[0])}",
                            describe(branches[0]["properties"][deciding[0]]))
            else:
                near = [key for key in node.values
                        if not any(key in b["properties"] for b in branches)]
                at = node.keys[near[0]] if near else place
                every = list(dict.fromkeys(k for b in branches for k in b["properties"]))
                self.report("form", at, f"{title} needs one of: {listing(deciding)}",
                            near_key(near[0], every) if near else describe(part))
            return None
        candidates = [b for b in branches if b["required"][0] == present[0]]
        if len(candidates) == 1:
            return candidates[0]
        chosen = node.values[present[0]]
        words = {word: b for b in candidates
                 for word in self.resolve(b["properties"][present[0]])["enum"]}
        if isinstance(chosen, Scalar) and isinstance(chosen.value, str) and chosen.value in words:
            return words[chosen.value]
        text = chosen.text if isinstance(chosen, Scalar) else ""
        self.report("value" if text else "type", chosen, f"{shown(chosen)} is not valid here",
                    near_key(text, list(words)))
        return None

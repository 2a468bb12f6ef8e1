"""The two little languages inside texts: conditions (`if:`) and formats.

    condition = all {"or" all}
    all       = one {"and" one}
    one       = "not" one | "(" condition ")" | name [compare literal]
    name      = scope "." word
    compare   = "==" | "!=" | "<" | "<=" | ">" | ">="
    literal   = integer | word

Only the form is looked at here; whether names exist and types agree is for the static rules.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from berthc.diag import Diagnostic, quote
from berthc.model import FormatText, Guard, Loc, Ref
from berthc.spec.load import Scalar

_TOKEN = re.compile(
    r"\s*(?:(?P<int>-?[0-9]+)(?![A-Za-z0-9_.])|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op>==|!=|<=|>=|<|>|\(|\)|\.))"
)
# What other languages write, and what it is here.
_FOREIGN = re.compile(r"\s*(?P<word>===|!==|<>|=<|=>|&&?|\|\|?|=(?!=)|!(?!=)|[\"'`])")
_MEANT = {"===": "==", "=": "==", "!==": "!=", "<>": "!=", "=<": "<=", "=>": ">=", "&&": "and",
          "&": "and", "||": "or", "|": "or", "!": "not"}
_COMPARE = ("==", "!=", "<", "<=", ">", ">=")
_MAX_DEPTH = 32
_MAX_DIGITS = 20
_SPELT = {"and": "and", "or": "or", "is": "==", "eq": "==", "ne": "!=", "equals": "=="}
RESERVED_WORDS = ("and", "or", "not")


class ExprError(Exception):
    """A text that is no condition or no format; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def place(node: Scalar, start: int, length: int) -> Loc:
    """Where characters of a scalar's text stand; the whole scalar where the text is folded, has
    escapes, or is empty."""
    if not node.exact or not node.text:
        return node.loc
    return Loc(node.file, node.line, node.column + node.offset + start, max(length, 1))


def parse_guard(node: Scalar) -> Guard:
    """The condition in `node`. Raises ExprError."""
    return _GuardParser(node).parse()


class _GuardParser:
    def __init__(self, node: Scalar) -> None:
        self.node = node
        self.text = node.text
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, start
        self.next = 0
        self.depth = 0
        at = 0
        while self.text[at:].strip():
            foreign = _FOREIGN.match(self.text, at)
            if foreign is not None:
                raise self.foreign(foreign.group("word"), foreign.start("word"))
            match = _TOKEN.match(self.text, at)
            if match is None:
                start = at + len(self.text[at:]) - len(self.text[at:].lstrip())
                raise self.error(f"{quote(self.text[start])} has no meaning in a condition", start,
                                 1)
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind), match.start(kind)))
            at = match.end()

    def error(self, message: str, start: int, length: int, advice: str = "") -> ExprError:
        return ExprError(
            Diagnostic(
                "guard-syntax",
                place(self.node, start, length),
                message,
                advice + "a condition is like: option.guest == linux and not "
                "(field.read_only or field.size > 10)",
            )
        )

    def foreign(self, word: str, start: int) -> ExprError:
        """An operator or a quote of another language."""
        advice = (f"did you mean {quote(_MEANT[word])}? " if word in _MEANT
                  else "values are written without quotes; ")
        return self.error(f"{quote(word)} has no meaning in a condition", start, len(word), advice)

    def unexpected(self, wanted: str) -> ExprError:
        _, text, start = self.peek()
        return self.error(f"{wanted} is missing before {quote(text)}" if text
                          else f"the condition ends where {wanted} is missing", start, len(text))

    def peek(self) -> tuple[str, str, int]:
        return (self.tokens[self.next] if self.next < len(self.tokens)
                else ("end", "", max(len(self.text.rstrip()) - 1, 0)))

    def take(self, *texts: str) -> bool:
        if self.peek()[1] in texts:
            self.next += 1
            return True
        return False

    def parse(self) -> Guard:
        guard = self.either()
        kind, text, start = self.peek()
        if kind != "end":
            meant = _SPELT.get(text.lower(), "")
            raise self.error(f"{quote(text)} cannot follow here", start, len(text),
                             f"did you mean {quote(meant)}? " if meant else "")
        return Guard(guard.op, self.node.loc, guard.args, guard.ref, guard.literal,
                     " ".join(self.text.split()))

    def either(self) -> Guard:
        return self.chain("or", self.all)

    def all(self) -> Guard:
        return self.chain("and", self.one)

    def chain(self, word: str, parse: Callable[[], Guard]) -> Guard:
        args = [parse()]
        while self.take(word):
            args.append(parse())
        return args[0] if len(args) == 1 else Guard(word, args[0].loc, tuple(args))

    def one(self) -> Guard:
        _, text, start = self.peek()
        here = place(self.node, start, len(text))
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error(f"the condition is nested more than {_MAX_DEPTH} levels deep", start,
                             len(text))
        if self.take("not"):
            guard = Guard("not", here, (self.one(),))
        elif self.take("("):
            guard = self.either()
            if not self.take(")"):
                raise self.unexpected("')'")
        else:
            guard = self.comparison()
        self.depth -= 1
        return guard

    def comparison(self) -> Guard:
        ref = self.reference()
        op = self.peek()[1]
        if op not in _COMPARE:
            return Guard("true", ref.loc, ref=ref)
        self.next += 1
        kind, text, start = self.peek()
        if kind not in ("int", "word") or text in RESERVED_WORDS:
            raise self.unexpected("a number or a value of an enum")
        if len(text.lstrip("-")) > _MAX_DIGITS and kind == "int":
            raise self.error("the number is too long", start, len(text))
        self.next += 1
        after_kind, after, after_start = self.peek()
        if after_kind == "op" and after == ".":
            raise self.error(
                "a comparison is with a number or a value of an enum, not with another name",
                after_start, 1)
        return Guard(op, ref.loc, ref=ref, literal=int(text) if kind == "int" else text)

    def reference(self) -> Ref:
        kind, scope, start = self.peek()
        if kind != "word" or scope in RESERVED_WORDS:
            raise self.unexpected("a name such as option.x or field.x")
        self.next += 1
        if not self.take("."):
            if scope == "NOT":
                raise self.error("'NOT' has no meaning in a condition", start, len(scope),
                                 "did you mean 'not'? ")
            raise self.error(
                f"{quote(scope)} does not say of what: write option.{scope} or field.{scope}",
                start, len(scope))
        kind, name, last = self.peek()
        if kind != "word":
            raise self.unexpected("a name")
        self.next += 1
        return Ref(scope, name, place(self.node, start, last + len(name) - start))


_PIECE = re.compile(r"(?P<open>\{\{)|(?P<close>\}\})|\{(?P<ref>[^{}]*)\}|(?P<stray>[{}])")
_REF = re.compile(r"(?:([a-z][a-z0-9_]*)\.)?([a-z][a-z0-9_]*)\Z")


def parse_format(node: Scalar, guard: Guard | None) -> FormatText:
    """The text of a format. A name without a resource is a field, or an assigned value, of the
    instance itself. Raises ExprError."""
    nul = node.text.find("\0")
    if nul >= 0:
        raise ExprError(Diagnostic("format-syntax", place(node, nul, 1),
                                   "a NUL cannot stand in a format", "it would end the text in C"))
    parts: list[str | Ref] = []
    literal = ""
    at = 0
    for match in _PIECE.finditer(node.text):
        literal += node.text[at: match.start()]
        at = match.end()
        where = place(node, match.start(), match.end() - match.start())
        if match.group("open") or match.group("close"):
            literal += match.group()[0]
        elif match.group("stray"):
            raise ExprError(Diagnostic("format-syntax", where,
                                       f"{quote(match.group())} has no partner",
                                       "a reference stands in braces: {partition}, {disk.lun}; a "
                                       "brace itself is written twice: {{ or }}"))
        else:
            name = _REF.match(match.group("ref"))
            if name is None:
                raise ExprError(
                    Diagnostic("format-syntax", where, f"{quote(match.group())} is no reference",
                               "a reference is {field}, {resource.value} or {option.name}"))
            if literal:
                parts.append(literal)
                literal = ""
            parts.append(Ref(name.group(1) or "field", name.group(2), where))
    literal += node.text[at:]
    if literal:
        parts.append(literal)
    return FormatText(tuple(parts), node.loc, guard)

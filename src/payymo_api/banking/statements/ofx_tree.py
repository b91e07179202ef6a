"""An OFX file as a tree, whether its tags are SGML (1.x) or XML (2.x), each with its line.

Read without a library: ofxtools 1.1 keeps no line numbers, which a refusal must name, and refuses
the many files that break the order of the specification; ofxparse has had no release since 2021.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import NamedTuple

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.statements.text import decoded, refuse_controls, unix_lines

_HEAD = 2048
_BEGIN = re.compile(r"<OFX(?:\s[^<>]*)?>", re.IGNORECASE)
_CHARSET = re.compile(rb"CHARSET:\s*([\w-]+)|encoding=[\"']([\w-]+)", re.IGNORECASE)
_CODE_PAGES = re.compile(r"(?:cp|windows-)125\d|(?:iso-?)?8859-\d\d?|latin-?1", re.IGNORECASE)
_TAG = re.compile(r"<([^<>]*)>([^<]*)")
_CLOSED = re.compile(r"</\s*([\w.-]+)")
_NAME = re.compile(r"[\w.-]+")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
# These hold others even where a file that was cut short never closes them.
_AGGREGATES = set(
    "OFX BANKMSGSRSV1 CREDITCARDMSGSRSV1 STMTTRNRS CCSTMTTRNRS STMTRS CCSTMTRS BANKACCTFROM "
    "CCACCTFROM BANKTRANLIST STMTTRN LEDGERBAL AVAILBAL".split()
)
# An empty one of these has no content, even where other places in the file close it.
_ALWAYS_TEXT = set("NAME MEMO FITID CHECKNUM REFNUM TRNTYPE DTUSER DTAVAIL EXTDNAME SIC".split())
_DEEPEST = 30
_MOST_TAGS = 2_000_000
"""More than 20 MiB of real lines have; it bounds the memory that a hostile file can take."""


class Text(NamedTuple):
    """An element that holds text; `field` says where it stands: STMTTRN/TRNAMT."""

    text: str
    line: int
    field: str


@dataclass(slots=True)
class Aggregate:
    """An element that holds others; of texts with one name it keeps the first."""

    name: str
    line: int
    texts: dict[str, Text] = field(default_factory=dict)
    parts: "list[Aggregate]" = field(default_factory=list)

    def text(self, *names: str) -> str | None:
        """Return the first text that is not blank."""
        return next((found.text for name in names if (found := self.texts.get(name))), None)

    def needed(self, name: str) -> Text:
        found = self.texts.get(name)
        if found is None:
            raise self.refusal(name, "is missing")
        return found

    def part(self, *names: str) -> "Aggregate | None":
        return next((each for each in self.parts if each.name in names), None)

    def all(self, *names: str) -> "Iterator[Aggregate]":
        """Yield the aggregates of these names at any depth."""
        for each in self.parts:
            if each.name in names:
                yield each
            yield from each.all(*names)

    def refusal(self, name: str, what: str) -> StatementUnreadable:
        return StatementUnreadable.at_line(self.line, f"{self.name}/{name}", what)

    def plain(self) -> dict[str, object]:
        """Turn into JSON; of parts with one name the last."""
        texts = {name: found.text for name, found in self.texts.items()}
        return texts | {each.name: each.plain() for each in self.parts}


def is_ofx(content: bytes) -> bool:
    head = content[:_HEAD].replace(b"\x00", b"").upper()
    return b"OFXHEADER" in head or b"<OFX>" in head


def tree(content: bytes) -> Aggregate:
    """Return what stands below `<OFX>`."""
    text = unix_lines(decoded(content, _declared(content)).text)
    refuse_controls(text)
    text = _without_comments(text)
    begin = _BEGIN.search(text)
    if begin is None:
        raise StatementUnreadable.at_line(1, "OFX", "is missing")
    closed = {match[1].upper() for match in _CLOSED.finditer(text)}
    return _Builder(_AGGREGATES | (closed - _ALWAYS_TEXT)).built(text, begin.start())


def _declared(content: bytes) -> str | None:
    """Return the code page that the header names, but not where the text is valid UTF-8."""
    match = _CHARSET.search(content[:_HEAD])
    name = (match[1] or match[2]).decode() if match else ""
    name = f"cp{name}" if name.isdigit() else name
    try:
        content.decode()
    except UnicodeDecodeError:
        return name if _CODE_PAGES.fullmatch(name) else None
    return None


def _without_comments(text: str) -> str:
    """Blank comments out, line by line, and turn CDATA into plain text."""
    if "<!" not in text:
        return text
    parts, at = [], 0
    while (start := text.find("<!", at)) >= 0:
        is_comment = text.startswith("<!--", start)
        opening, closing = ("<!--", "-->") if is_comment else ("<![CDATA[", "]]>")
        end = text.find(closing, start) if text.startswith(opening, start) else -1
        if end < 0:
            line = text.count("\n", 0, start) + 1
            raise StatementUnreadable.at_line(
                line, "OFX", "declares what a statement has no use of"
            )
        inner = text[start + len(opening) : end]
        parts += [text[at:start], "\n" * inner.count("\n") if is_comment else _escaped(inner)]
        at = end + len(closing)
    return "".join([*parts, text[at:]])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class _Builder:
    """`closable`: names of aggregates; any other blank tag is an empty text."""

    def __init__(self, closable: set[str]) -> None:
        self._closable = closable
        self._root = Aggregate("OFX file", 1)
        self._open = [self._root]

    def built(self, text: str, start: int) -> Aggregate:
        line, at = text.count("\n", 0, start) + 1, start
        for number, match in enumerate(_TAG.finditer(text, start)):
            line += text.count("\n", at, match.start())
            if number > _MOST_TAGS:
                raise StatementUnreadable.at_line(line, "OFX", f"has over {_MOST_TAGS} tags")
            if match.start() != at:
                raise StatementUnreadable.at_line(line, "OFX", "a < begins no tag")
            self._take(match[1].strip(), match[2].strip(), line)
            line, at = line + text.count("\n", at, match.end()), match.end()
        if at != len(text) or len(self._open) > 1:
            open_tag = self._open[-1]
            raise StatementUnreadable.at_line(open_tag.line, open_tag.name, "is not closed")
        return self._root

    def _take(self, tag: str, text: str, line: int) -> None:
        if tag.startswith("?"):
            return
        match = _NAME.match(tag.lstrip("/"))
        if match is None:
            raise StatementUnreadable.at_line(line, "OFX", f"<{tag[:40]}> is no tag")
        name = match[0].upper()
        if tag.startswith("/"):
            self._close(name, line)
        elif text or name not in self._closable or tag.endswith("/"):
            self._keep(name, " ".join(_ENTITY.sub(_character, text).split()), line)
        else:
            self._begin(name, line)

    def _keep(self, name: str, text: str, line: int) -> None:
        holder = self._open[-1]
        if text:
            holder.texts.setdefault(name, Text(text, line, f"{holder.name}/{name}"))

    def _begin(self, name: str, line: int) -> None:
        made = Aggregate(name, line)
        if len(self._open) > _DEEPEST:
            raise StatementUnreadable.at_line(line, name, "is nested too deep")
        self._open[-1].parts.append(made)
        self._open.append(made)

    def _close(self, name: str, line: int) -> None:
        """A text's closing tag closes nothing that is open."""
        if self._open[-1].name == name:
            self._open.pop()
        elif any(each.name == name for each in self._open):
            within = self._open[-1]
            what = f"closes while {within.name} of line {within.line} is open"
            raise StatementUnreadable.at_line(line, name, what)


def _character(entity: re.Match[str]) -> str:
    return unescape(entity[0])

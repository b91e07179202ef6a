"""An MT940 file cut into its fields, each with the line it begins on; envelopes fall away."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.statements.text import decoded, refuse_controls, unix_lines

_TAGS = "13D 20 21 25 25P 28 28C 34F 60 60F 60M 61 62 62F 62M 64 65 86 90C 90D NS".split()
_TAG = re.compile(rf":({'|'.join(_TAGS)}):")
# Some banks set the tag's first colon on a line of its own.
_SPLIT_TAG = re.compile(r"^:\n(?=\d\d[A-Z]?:)", re.MULTILINE)
_ENVELOPE = re.compile(r"^\{[1-5]:.*?(?:\{4:|$)")
_END = re.compile(r"-(?:\}.*|X*)")
_FRAMES = dict.fromkeys((0x01, 0x02, 0x03, 0x04))
"""Start and end marks of old transports."""
_SOFT_HYPHEN = "\u00ad"


@dataclass(slots=True)
class Field:
    """`rows` are as written, but that soft hyphens, which ING sets in dates, are hyphens."""

    line: int
    tag: str
    rows: list[str]

    @property
    def value(self) -> str:
        return "\n".join(self.rows).strip()

    @property
    def name(self) -> str:
        return f":{self.tag}:"

    def refusal(self, what: str) -> StatementUnreadable:
        return StatementUnreadable.at_line(self.line, self.name, what)


def statement_fields(content: bytes) -> Iterator[list[Field]]:
    """Yield the fields of one statement after the other; each begins with :20:."""
    statement: list[Field] = []
    for field in _fields(_text(content)):
        if field.tag == "20" and statement:
            yield statement
            statement = []
        elif field.tag != "20" and not statement:
            raise field.refusal("stands before any :20:, so that its account is not known")
        statement.append(field)
    if statement:
        yield statement


def _fields(text: str) -> list[Field]:
    """Cut at the tags; behind the closing balance, rows of no :86: are the transport's."""
    fields: list[Field] = []
    closed = listening = False
    for number, written in enumerate(text.split("\n"), start=1):
        row = _ENVELOPE.sub("", written)
        if match := _TAG.match(row):
            fields.append(Field(number, match[1], [row[match.end() :]]))
            closed = (closed and match[1] != "20") or match[1] in {"62", "62F", "62M"}
            listening = not closed or match[1] == "86"
        elif closed and (_END.fullmatch(row.strip()) or row != written or row == ":940:"):
            listening = False
        elif listening:
            fields[-1].rows.append(row)
    return fields


def _text(content: bytes) -> str:
    text = unix_lines(decoded(content).text).translate(_FRAMES)
    refuse_controls(text)
    return _SPLIT_TAG.sub("\n:", text).replace(_SOFT_HYPHEN, "-")

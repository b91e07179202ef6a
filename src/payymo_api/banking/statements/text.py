"""The bytes of a text file as text; what is no text is refused with its line."""

import re
from dataclasses import dataclass

from payymo_api.banking.errors import StatementUnreadable

_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_C1 = re.compile(rb"[\x80-\x9f]")
_EURO_OF_LATIN_9 = b"\xa4"
_LOOKED_AT = 400


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    encoding: str


def decoded(content: bytes, encoding: str | None = None) -> Decoded:
    """Decode by the byte order mark; else by `encoding`, or as UTF-8, or as a Western code page."""
    if unicode := _unicode_of(content):
        return Decoded(_strict(content, unicode), unicode.removesuffix("-sig"))
    if encoding:
        return Decoded(_strict(content, encoding), encoding)
    try:
        return Decoded(content.decode(), "utf-8")
    except UnicodeDecodeError:
        encoding = _western(content)
        return Decoded(_strict(content, encoding), encoding)


def _unicode_of(content: bytes) -> str | None:
    """Return the encoding that a mark names, or UTF-16 by the zero byte of each Latin letter."""
    for mark, encoding in _BOMS.items():
        if content.startswith(mark):
            return encoding
    start = content[:_LOOKED_AT]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start and start[first::2].count(0) > len(start) // 4:
            return encoding
    return None


def _western(content: bytes) -> str:
    """ISO 8859-15 has the euro sign where Windows-1252 has a sign that nobody writes."""
    latin_9 = _EURO_OF_LATIN_9 in content and not _C1.search(content)
    return "iso-8859-15" if latin_9 else "windows-1252"


def _strict(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        tried = f"not {encoding.removesuffix('-sig').upper()}"
        if encoding == "windows-1252":
            tried = "neither UTF-8 nor Windows-1252"
        what = f"byte {content[error.start]:#04x} is {tried}"
        raise StatementUnreadable.at_line(line, "text", what) from error


def refuse_controls(text: str) -> None:
    """Control characters mean that this is no text; PostgreSQL could not even keep a NUL."""
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise StatementUnreadable.at_line(line, "text", f"holds the byte {ord(control[0]):#04x}")


def unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")

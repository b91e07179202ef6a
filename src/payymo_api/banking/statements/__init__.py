"""Bank statement files to bank lines: pure, no clock and no database."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.statements.camt import read_camt
from payymo_api.banking.statements.csv_sheet import UNKNOWN, Sheet, read_sheet
from payymo_api.banking.statements.mt940 import is_mt940, read_mt940
from payymo_api.banking.statements.ofx import read_ofx
from payymo_api.banking.statements.ofx_tree import is_ofx
from payymo_api.banking.statements.statement import (
    Statement,
    StatementAccount,
    StatementFormat,
    StatementWarning,
)

__all__ = [
    "Statement",
    "StatementAccount",
    "StatementFile",
    "StatementFormat",
    "StatementWarning",
    "read_file",
    "read_statements",
]

_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file and what it says; a CSV's `sheet` says nothing without a mapping."""

    name: str | None
    content: bytes = field(repr=False)
    digest: bytes
    format: StatementFormat
    statements: Sequence[Statement]
    sheet: Sheet | None


def read_file(content: bytes, filename: str | None) -> StatementFile:
    """Read the file whole, or nothing of it: StatementUnreadable names the line and field."""
    digest, filename = hashlib.sha256(content).digest(), _storable(filename)
    if _names_its_fields(content):
        told = read_statements(content, filename)
        return StatementFile(filename, content, digest, told[0].format, told, None)
    sheet = read_sheet(content)
    return StatementFile(filename, content, digest, StatementFormat.CSV, (), sheet)


def _storable(filename: str | None) -> str | None:
    """A caller may name a file with signs that no database keeps."""
    return filename and "".join(filter(str.isprintable, filename))


def read_statements(content: bytes, filename: str | None) -> list[Statement]:
    """Read every statement of a file that says itself what its fields are."""
    if is_ofx(content):
        return read_ofx(content, filename)
    if _is_xml(content):
        return read_camt(content, filename)
    if is_mt940(content):
        return read_mt940(content, filename)
    raise StatementUnreadable.at_line(1, "file", UNKNOWN)


def _names_its_fields(content: bytes) -> bool:
    return is_ofx(content) or _is_xml(content) or is_mt940(content)


def _is_xml(content: bytes) -> bool:
    return content.lstrip().startswith(_XML_STARTS)

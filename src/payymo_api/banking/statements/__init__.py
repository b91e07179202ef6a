"""Bank statement files to bank lines: pure, no clock and no database."""

from payymo_api.banking.errors import StatementUnreadable
from payymo_api.banking.statements.camt import read_camt
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
    "StatementFormat",
    "StatementWarning",
    "read_statements",
]

_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


def read_statements(content: bytes, filename: str | None) -> list[Statement]:
    """Read every statement of the file, or none: StatementUnreadable names the line and field."""
    if is_ofx(content):
        return read_ofx(content, filename)
    if content.lstrip().startswith(_XML_STARTS):
        return read_camt(content, filename)
    if is_mt940(content):
        return read_mt940(content, filename)
    raise StatementUnreadable.at_line(1, "file", "is neither CAMT.053, CAMT.052, MT940 nor OFX")

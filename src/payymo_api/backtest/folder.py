"""A folder of statements, invoices and customers as one past."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from payymo_api.backtest import words
from payymo_api.backtest.bank import currencies, load, read_bank
from payymo_api.backtest.books import read_books
from payymo_api.backtest.errors import Unusable
from payymo_api.backtest.known import read_known
from payymo_api.backtest.past import Past, ReadFile
from payymo_api.backtest.tables import Choices, Table, read_table

_FIELDS: Final[Mapping[str, words.Fields]] = {
    "customers": words.CUSTOMER,
    "invoices": words.INVOICE,
    "credit_notes": words.INVOICE,
    "confirmed": words.CONFIRMED,
}
_TABLES = {".csv", ".tsv", ".json", ".jsonl"}
_STATEMENTS = {
    *(".csv", ".tsv", ".xml", ".camt", ".c52", ".c53", ".c54"),
    *(".sta", ".mt940", ".940", ".swi", ".txt", ".ofx", ".qfx", ".qbo"),
}

_START = 4096


def read_folder(root: Path, choices: Choices) -> Past:
    """Read all there is below the folder; Unusable if it is not enough for a replay."""
    paths, aside = _by_kind(root)
    tables = {
        kind: [_table(path, root, fields, choices) for path in paths[kind]]
        for kind, fields in _FIELDS.items()
    }
    statements = [load(path, root) for path in paths["statement"]]
    usual = choices.currency or _only(currencies(statements) | _named(tables))
    books = read_books(tables["customers"], tables["invoices"], tables["credit_notes"], usual)
    bank = read_bank(statements, choices, usual)
    known = read_known(books, bank, tables["confirmed"], usual)
    told = [
        ReadFile(each.file, kind, len(each.rows), each.columns)
        for kind, found in tables.items()
        for each in found
    ]
    return Past(
        lines=bank.lines,
        books=books,
        known=known.lines,
        own_accounts=bank.accounts,
        own_names=bank.owners,
        files=[*bank.files, *told, *(ReadFile(name, "not read", 0) for name in aside)],
        warnings=known.warnings,
    )


def _by_kind(root: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Return the files by what they hold, and the names of those that are none of ours."""
    found: dict[str, list[Path]] = {kind: [] for kind in (*_FIELDS, "statement")}
    aside = []
    for path in sorted(each for each in root.rglob("*") if each.is_file()):
        name = path.relative_to(root)
        kind, ending = words.kind_of(path.stem), path.suffix.lower()
        if any(part.startswith(".") for part in name.parts):
            continue
        if kind and kind in _FIELDS and ending in _TABLES:
            found[kind].append(path)
        elif ending in _STATEMENTS and not _is_advice(path):
            found["statement"].append(path)
        else:
            aside.append(name.as_posix())
    if not found["statement"]:
        raise Unusable(str(root), "holds no bank statement (CAMT, MT940, OFX or CSV)")
    if not found["invoices"]:
        raise Unusable(str(root), "holds no invoices: a file such as invoices.csv or invoices.json")
    return found, aside


def _is_advice(path: Path) -> bool:
    """CAMT.054 tells in advance, or in detail, what a statement tells too: it would count twice."""
    with path.open("rb") as file:
        return b"BkToCstmrDbtCdtNtfctn" in file.read(_START)


def _table(path: Path, root: Path, fields: words.Fields, choices: Choices) -> Table:
    return read_table(path.read_bytes(), path.relative_to(root).as_posix(), fields, choices)


def _named(tables: Mapping[str, Sequence[Table]]) -> set[str]:
    """Return the currencies that invoices and credit notes name."""
    told = (
        table.text(row, "currency")
        for kind in ("invoices", "credit_notes")
        for table in tables[kind]
        for row in table.rows
    )
    return {code.upper() for code in told if code}


def _only(codes: set[str]) -> str | None:
    return next(iter(codes)) if len(codes) == 1 else None

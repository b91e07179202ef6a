"""Whatever dialect a statement is written in, what is read is what was written, or it is asked."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from payymo_api.banking.schemas.mappings import DateOrder, DecimalMark, Delimiter
from payymo_api.banking.statements.csv_guess import guess
from payymo_api.banking.statements.csv_sheet import DELIMITERS, read_sheet
from payymo_api.banking.statements.csv_statement import read_csv

PATTERNS: dict[DateOrder, Sequence[str]] = {
    "dmy": ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%y", "%d%m%Y"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y"),
    "ymd": ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y-%m-%d 12:30:00"),
}
THOUSANDS: dict[DecimalMark, Sequence[str]] = {".": ("", ",", "'", " "), ",": ("", ".", " ")}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "windows-1252", "iso-8859-15")


@dataclass(frozen=True)
class Line:
    day: date
    minor: int
    words: str
    name: str


@dataclass(frozen=True)
class Dialect:
    delimiter: Delimiter
    order: DateOrder
    pattern: str
    mark: DecimalMark
    thousands: str
    sign: str
    amounts: str
    encoding: str
    end: str
    quoting: int
    preamble: int
    footer: bool
    has_balance: bool
    has_header: bool
    newest_first: bool


lines = st.builds(
    Line,
    day=st.dates(date(1995, 1, 1), date(2035, 12, 31)),
    minor=st.integers(-(10**9), 10**9).filter(bool),
    words=st.text("Invoice 0123456789/,;|\"'äéß€=+-@\n.", min_size=1, max_size=30).map(
        lambda text: f"To {text}"
    ),
    name=st.sampled_from(["Harbour Foods", "Müller & Söhne", 'The "Inn"', "=1+1"]),
)


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    order = draw(st.sampled_from(list(PATTERNS)))
    mark = draw(st.sampled_from(list(THOUSANDS)))
    has_header = draw(st.booleans())
    return Dialect(
        delimiter=draw(st.sampled_from(DELIMITERS)),
        order=order,
        pattern=draw(st.sampled_from(PATTERNS[order])),
        mark=mark,
        thousands=draw(st.sampled_from(THOUSANDS[mark])),
        sign=draw(st.sampled_from(["-{}", "({})", "{}-", "\u2212{}", "- {}"])),
        amounts=draw(st.sampled_from(["signed", "two", "word"])) if has_header else "signed",
        encoding=draw(st.sampled_from(ENCODINGS)),
        end=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        preamble=draw(st.integers(0, 3)),
        footer=draw(st.booleans()),
        has_balance=draw(st.booleans()),
        has_header=has_header,
        newest_first=draw(st.booleans()),
    )


def written(statement: Sequence[Line], dialect: Dialect) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=dialect.delimiter,
        lineterminator=dialect.end,
        quoting=dialect.quoting,  # type: ignore[arg-type]  # typeshed wants the literals
    )
    for number in range(dialect.preamble):
        writer.writerow([f"Report {number}"])
    if dialect.has_header:
        writer.writerow(header(dialect))
    balance, rows = 0, []
    for line in statement:
        balance += line.minor
        rows.append(row(line, balance, dialect))
    writer.writerows(rows[::-1] if dialect.newest_first else rows)
    if dialect.footer:
        writer.writerow(["End of the report"])
    text = out.getvalue()
    if "\u2212" in text and dialect.encoding in {"windows-1252", "iso-8859-15"}:
        text = text.replace("\u2212", "-")
    return text.encode(dialect.encoding)


def header(dialect: Dialect) -> list[str]:
    amounts = {"signed": ["Amount"], "two": ["Paid out", "Paid in"], "word": ["Amount", "D/C"]}
    balance = ["Balance"] if dialect.has_balance else []
    return ["Date", *amounts[dialect.amounts], "Payee", "Description", *balance]


def row(line: Line, balance: int, dialect: Dialect) -> list[str]:
    amount = number(line.minor, dialect)
    unsigned = number(abs(line.minor), dialect)
    amounts = {
        "signed": [amount],
        "two": [unsigned, ""] if line.minor < 0 else ["", unsigned],
        "word": [unsigned, "D" if line.minor < 0 else "C"],
    }[dialect.amounts]
    told = [number(balance, dialect)] if dialect.has_balance else []
    return [line.day.strftime(dialect.pattern), *amounts, line.name, line.words, *told]


def number(minor: int, dialect: Dialect) -> str:
    whole = f"{abs(minor) // 100:,}".replace(",", dialect.thousands)
    text = f"{whole}{dialect.mark}{abs(minor) % 100:02}"
    return dialect.sign.format(text) if minor < 0 else text


@given(
    st.lists(lines, min_size=1, max_size=8).map(
        lambda some: sorted(some, key=lambda each: each.day)
    ),
    dialects(),
)
@settings(max_examples=300, deadline=None)
def test_what_is_written_in_any_dialect_is_read(statement: list[Line], dialect: Dialect) -> None:
    content = written(statement, dialect)
    found = guess(read_sheet(content), places=2)
    mapping = found.mapping
    assert mapping is not None
    assert mapping.date_order in {dialect.order, None} or same_days(statement)
    if mapping.date_order is None:
        assert "date_order" in {question.field for question in found.questions}
    confirmed = mapping.model_copy(update={"date_order": dialect.order})

    reading = read_csv(content, confirmed, "EUR", None)

    assert reading.problems == ()
    told = [
        (line.booked_on, line.amount.minor, line.counterparty_name or line.raw["cells"]["3"])
        for line in reading.statement.lines
    ]
    expected = [(line.day, line.minor, line.name) for line in statement]
    assert told == (expected[::-1] if dialect.newest_first else expected)
    if dialect.has_header:
        words = [" ".join(line.words.split()) for line in statement]
        found_words = [line.description for line in reading.statement.lines]
        assert found_words == (words[::-1] if dialect.newest_first else words)
    codes = {warning.code for warning in reading.statement.warnings}
    assert codes <= {"rows_left_out"}


def same_days(statement: Sequence[Line]) -> bool:
    """Dates such as 05.05.2026 mean the same in two orders."""
    return all(line.day.day == line.day.month for line in statement)

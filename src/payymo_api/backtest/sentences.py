"""What both views of the report say in the same words."""

from collections.abc import Iterator

from payymo_api.backtest.past import ReadFile
from payymo_api.backtest.report import Rate, Report
from payymo_api.core.money import decimals

UNKNOWN = (
    "Not known: no column of the invoices names the bank line that paid (paid_with), and there is "
    "no file confirmed.csv. So there is no precision to report."
)


def title(report: Report) -> str:
    lines, books = report.past.lines, report.past.books
    span = f" from {lines[0].booked_on} to {lines[-1].booked_on}" if lines else ""
    return (
        f"{counted(len(lines), 'bank line')}{span}, {counted(len(books.documents), 'document')}, "
        f"{counted(len(books.customers), 'customer')}"
    )


def columns(file: ReadFile) -> str:
    """Say which columns were taken for what."""
    pairs = [
        f"{field.partition('/')[0].replace('_', ' ')} = {name}"
        for field, name in file.columns.items()
    ]
    return "; ".join(pairs)


def judged(report: Report) -> Iterator[str]:
    """Say how the decisions stand against the known past."""
    found = report.judged
    if not any((found.posted, found.found, found.first, found.nowhere)):
        yield UNKNOWN
    if found.posted:
        yield f"Right of what was posted (precision): {_rate(found.posted)}"
    if found.found:
        yield f"Posted right of what belongs to documents (recall): {_rate(found.found)}"
    if found.first:
        yield f"Right answer first, of the rest of these: {_rate(found.first)}"
    if found.first_three:
        yield f"Right answer among the first three: {_rate(found.first_three)}"
    if found.nowhere:
        yield f"Not posted of what belongs nowhere: {_rate(found.nowhere)}"


def _rate(rate: Rate) -> str:
    return (
        f"{100 * rate.value:.2f} %, {rate.hits:,} of {counted(rate.all, 'line')} "
        f"(95 % interval from {100 * rate.low:.2f} %)"
    )


def counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def amount(minor: int, currency: str) -> str:
    """Return the amount with thousands apart: 1,234.50."""
    places = decimals(currency)
    whole, part = divmod(abs(minor), 10**places)
    text = f"{whole:,}" + (f".{part:0{places}}" if places else "")
    return f"-{text}" if minor < 0 else text

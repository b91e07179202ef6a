"""The report as plain text, 100 characters wide at the most."""

import textwrap
from collections.abc import Iterator

from payymo_api.backtest import sentences
from payymo_api.backtest.details import Detail, Teller
from payymo_api.backtest.past import ReadFile
from payymo_api.backtest.report import VERDICTS, Report

_WIDTH = 100
_BAR = 50
_SHOWN = 10


def as_text(report: Report) -> str:
    return "\n".join(_printable(line).rstrip() for line in _lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield from _wrapped(sentences.title(report), 0)
    yield from ("", "FILES")
    for file in report.past.files:
        yield from _file(file)
    yield from ("", "DECISIONS")
    yield from _decisions(report)
    yield from ("", "BY MONTH    posted  proposed  left alone")
    yield from _months(report)
    yield from ("", "WHY")
    yield from _reasons(report)
    yield from ("", "AGAINST THE KNOWN PAST")
    for sentence in (*sentences.judged(report), *(f"! {each}" for each in report.past.warnings)):
        yield from _wrapped(sentence, hanging=2)
    yield from _wrong(report)


def _file(file: ReadFile) -> Iterator[str]:
    rows = "" if file.kind == "not read" else sentences.counted(file.rows, "row")
    yield f"  {file.name:<50.50} {file.kind:<13}{rows:>14}"
    if file.columns:
        yield from _wrapped(sentences.columns(file), 6)
    for warning in file.warnings:
        yield from _wrapped(f"! {warning}", 6, hanging=2)


def _decisions(report: Report) -> Iterator[str]:
    total = len(report.decisions) or 1
    for group in report.groups:
        share = f"{100 * group.lines / total:5.1f} %"
        money = [f"{sentences.amount(each, code)} {code}" for code, each in group.money.items()]
        lines = sentences.counted(group.lines, "line")
        text = f"{group.name:<11}{lines:>14} {share:>9}   {', '.join(money)}"
        yield from _wrapped(text, hanging=38)


def _months(report: Report) -> Iterator[str]:
    most = max((sum(counts.values()) for counts in report.months.values()), default=1)
    for month, counts in report.months.items():
        found = [counts.get(verdict, 0) for verdict, _ in VERDICTS]
        signs = zip("#+.", found, strict=True)
        bar = "".join(sign * round(_BAR * count / most) for sign, count in signs)
        yield f"  {month}  {found[0]:>7}{found[1]:>10}{found[2]:>12}   {bar}"


def _reasons(report: Report) -> Iterator[str]:
    for verdict, name in VERDICTS:
        for reason, count in report.reasons.get(verdict, ())[:_SHOWN]:
            yield from _wrapped(f"{name:<11}{count:>8}  {reason}", hanging=21)


def _wrong(report: Report) -> Iterator[str]:
    wrong, teller = report.wrong, Teller(report)
    if not wrong:
        return
    yield from ("", "POSTED WRONG")
    for each in wrong[:_SHOWN]:
        yield from _wrapped(_wrong_line(teller.detail(each)), hanging=4)
    if len(wrong) > _SHOWN:
        yield f"  and {len(wrong) - _SHOWN} more"


def _wrong_line(detail: Detail) -> str:
    posted = ", ".join(part.number for part in detail.offers[0].parts)
    was = "another line paid that" if detail.known is None else ", ".join(detail.known)
    who = detail.counterparty or next(iter(detail.texts), "")
    said = f"posted to {posted}; right: {was or 'nothing'}"
    return f"{detail.date} {detail.amount} {detail.currency} {who}: {said}"


def _wrapped(text: str, indent: int = 2, *, hanging: int = 0) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(
        _printable(text), _WIDTH, initial_indent=margin, subsequent_indent=margin + " " * hanging
    )


def _printable(text: str) -> str:
    """A bank's text may hold what a terminal takes for a command."""
    return "".join(each if each.isprintable() else " " for each in text)

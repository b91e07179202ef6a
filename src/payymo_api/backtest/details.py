"""Each line's decision in words and numbers, ready to be shown or written as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from payymo_api.backtest.past import ReadFile
from payymo_api.backtest.replay import Decided
from payymo_api.backtest.report import VERDICTS, Rate, Report
from payymo_api.core.money import decimal_text
from payymo_api.reconciliation.rules.values import Document, Proposal, Share

_NAMES = dict(VERDICTS)


@dataclass(frozen=True, slots=True)
class Part:
    """`number`: the document's; of an on-account share, the customer's name."""

    type: str
    number: str
    amount: str
    currency: str
    write_off: str | None
    write_off_reason: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    parts: Sequence[Part]
    probability: float
    evidence: Sequence[str]


@dataclass(frozen=True, slots=True)
class Detail:
    """`known`: the numbers of the documents that the past names; None where it is silent."""

    date: str
    amount: str
    currency: str
    counterparty: str | None
    texts: Sequence[str]
    decision: str
    offers: Sequence[Offer]
    because: str | None
    to_change: str | None
    known: Sequence[str] | None
    right: bool | None


class Teller:
    """Puts decisions into words: ids become the numbers and names of the tenant's own files."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._documents = {each.id: each for each in report.past.books.documents}
        self._customers = {each.id: each.names[0] for each in report.past.books.customers}

    def details(self) -> Iterator[Detail]:
        return map(self.detail, self._report.decisions)

    def detail(self, decided: Decided) -> Detail:
        line, answer = decided.line, decided.answer
        known = decided.known
        return Detail(
            date=line.booked_on.isoformat(),
            amount=decimal_text(line.amount, line.currency),
            currency=line.currency,
            counterparty=line.counterparty_name,
            texts=line.texts,
            decision=_NAMES[answer.verdict],
            offers=[self._offer(each, line.currency) for each in answer.proposals],
            because=answer.because,
            to_change=answer.to_change,
            known=None if known is None else [self._documents[each].number for each in known],
            right=decided.right,
        )

    def _offer(self, proposal: Proposal, currency: str) -> Offer:
        parts = [self._part(each, currency) for each in proposal.shares]
        return Offer(parts, proposal.probability, [each.text for each in proposal.evidence])

    def _part(self, share: Share, currency: str) -> Part:
        document = self._documents.get(share.document)
        written_off = _written_off(share, document)
        return Part(
            type=share.type.replace("_", " "),
            number=document.number if document else self._customers.get(share.document, ""),
            amount=decimal_text(share.amount, currency),
            currency=currency,
            write_off=written_off,
            write_off_reason=share.write_off_reason,
        )


def _written_off(share: Share, document: Document | None) -> str | None:
    if not share.write_off or document is None:
        return None
    return f"{decimal_text(share.write_off, document.currency)} {document.currency}"


def as_data(report: Report) -> dict[str, Any]:
    """Return the whole report as plain JSON values."""
    judged = report.judged
    return {
        "files": [_file(each) for each in report.past.files],
        "warnings": list(report.past.warnings),
        "decisions": {
            each.name: {"lines": each.lines, "amount_minor": dict(each.money)}
            for each in report.groups
        },
        "months": {
            month: {name: counts.get(verdict, 0) for verdict, name in VERDICTS}
            for month, counts in report.months.items()
        },
        "known": {
            "precision": _rate(judged.posted),
            "recall": _rate(judged.found),
            "right_first": _rate(judged.first),
            "right_in_first_three": _rate(judged.first_three),
            "nowhere_not_posted": _rate(judged.nowhere),
        },
        "calibration": [{"said": each.said, **_counts(each.was)} for each in report.calibration],
        "reasons": {_NAMES[key]: dict(found) for key, found in report.reasons.items()},
        "lines": [asdict(each) for each in Teller(report).details()],
    }


def _file(file: ReadFile) -> dict[str, Any]:
    return {**asdict(file), "columns": dict(file.columns), "warnings": list(file.warnings)}


def _rate(rate: Rate | None) -> dict[str, Any] | None:
    return _counts(rate) if rate else None


def _counts(rate: Rate) -> dict[str, Any]:
    return {"hits": rate.hits, "of": rate.all, "value": rate.value, "low": rate.low}

"""An engine of one rule each, which keeps a diary: its decisions are known beforehand.

A number in the text posts, else an equal open amount proposes.
"""

import dataclasses
from collections.abc import Sequence
from uuid import UUID

from payymo_api.reconciliation.rules.values import (
    Answer,
    Customer,
    Document,
    Evidence,
    Line,
    Proposal,
    Share,
)


class Tiny:
    def __init__(self) -> None:
        self.documents: dict[UUID, Document] = {}
        self.diary: list[str] = []

    def put_customer(self, customer: Customer) -> None:
        self.diary.append(f"customer {customer.names[0]}")

    def put_document(self, document: Document) -> None:
        self.documents[document.id] = document
        self.diary.append(f"{document.number} open {document.open}")

    def decide(self, line: Line) -> Answer:
        text = " ".join(line.texts)
        self.diary.append(f"decide {text}")
        named = [each for each in self.documents.values() if each.number in text]
        if named:
            return Answer(line.id, "post", (_proposal(line, named[0], 0.99),))
        equal = [each for each in self.documents.values() if each.open == line.amount]
        proposals = tuple(_proposal(line, each, 0.4) for each in equal[:5])
        return Answer(
            line.id,
            "propose" if proposals else "none",
            proposals,
            "the text names no invoice",
            "an invoice's number in the text",
        )

    def keep(self, line: Line, answer: Answer) -> None:
        """It reserves nothing."""

    def settle(self, line: Line, shares: Sequence[Share], *, by_user: bool) -> None:
        for share in shares:
            self._move(share, -1)
        numbers = [self.documents[each.document].number for each in shares]
        who = "user" if by_user else "engine"
        self.diary.append(f"{who} settles {line.texts[0]}: {', '.join(numbers)}")

    def unsettle(self, line_id: UUID) -> None:
        self.diary.append("undone")

    def recall(self, line: Line, shares: Sequence[Share]) -> None:
        self.diary.append(f"recall {line.texts[0]}")

    def _move(self, share: Share, sign: int) -> None:
        document = self.documents[share.document]
        moved = document.open + sign * share.document_amount
        self.documents[document.id] = dataclasses.replace(document, open=moved)


def _proposal(line: Line, document: Document, probability: float) -> Proposal:
    code = "number" if probability > 0.9 else "amount"
    evidence = (Evidence(code, f"{code} of {document.number}"),)
    share = Share("invoice", document.id, line.amount, line.amount)
    return Proposal((share,), probability, evidence)

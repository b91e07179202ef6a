"""`payymo backtest --stream`: the engine behind JSON Lines on standard input and output."""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, TextIO
from uuid import UUID

from payymo_api.core.money import decimal_text, minor_units
from payymo_api.reconciliation.rules import wire
from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.values import (
    Answer,
    Customer,
    Discount,
    Document,
    Line,
    Payout,
    Proposal,
    Rates,
    Share,
)

Row = dict[str, Any]


class Stream:
    """Every tenant's matcher, and the names that the rows know things by."""

    def __init__(self, matcher: Callable[..., Matcher] = Matcher) -> None:
        self._matcher = matcher
        self._matchers: dict[str, Matcher] = {}
        self._ids: dict[str, UUID] = {}
        self._names: dict[UUID, str] = {}
        self._lines: dict[str, tuple[Matcher, Line]] = {}
        self._handlers: dict[str, Callable[[Row], Row | None]] = {
            "tenant": self._tenant,
            "customer": self._customer,
            "invoice": self._invoice,
            "payout": self._payout,
            "rates": self._rates,
            "history": self._history,
            "transaction": self._transaction,
            "confirm": self._confirm,
            "unmatch": self._unmatch,
        }

    def handle(self, row: Row) -> Row | None:
        """Do what the row says; return the prediction if it is a bank line to decide."""
        return self._handlers[row.pop("op")](row)

    def _id(self, name: str) -> UUID:
        found = self._ids.get(name)
        if found is None:
            found = self._ids[name] = UUID(int=len(self._ids) + 1)
            self._names[found] = name
        return found

    def _tenant(self, row: Row) -> None:
        accounts = [each["iban"] for each in row["accounts"]]
        self._matchers[row["id"]] = self._matcher(own_accounts=accounts, own_names=[row["name"]])

    def _customer(self, row: Row) -> None:
        names = tuple(each for each in (row["name"], row.get("trading_name")) if each)
        self._matchers[row["tenant_id"]].put_customer(
            Customer(
                self._id(row["id"]),
                names,
                number=row.get("number"),
                is_person=bool(row.get("is_person")),
                accounts=(row["iban"],) if row.get("iban") else (),
                country=row.get("country"),
            )
        )

    def _invoice(self, row: Row) -> None:
        currency = row["currency"]
        terms = row.get("discount")
        self._matchers[row["tenant_id"]].put_document(
            Document(
                self._id(row["id"]),
                kind=row["kind"],
                number=row["number"],
                currency=currency,
                amount=minor_units(row["amount"], currency),
                open=0
                if row.get("collection_method") == "card"
                else minor_units(row["amount_open"], currency),
                issued_on=date.fromisoformat(row["issue_date"]),
                due_on=_date(row.get("due_date")),
                customer=self._id(row["customer_id"]) if row.get("customer_id") else None,
                creditor_reference=row.get("creditor_reference"),
                po_number=row.get("po_number"),
                direct_debit=row.get("collection_method") == "direct_debit",
                collection_on=_date(row.get("collection_date")),
                discount=Discount(Decimal(str(terms["percent"])), int(terms["days"]))
                if terms
                else None,
            )
        )

    def _payout(self, row: Row) -> None:
        self._matchers[row["tenant_id"]].put_payout(
            Payout(
                self._id(row["id"]),
                amount=row["amount"],
                currency=row["currency"].upper(),
                arrival_on=date.fromisoformat(row["arrival_date"]),
                statement_descriptor=row.get("statement_descriptor"),
                trace_id=row.get("trace_id"),
                failed=row.get("status") == "failed",
            )
        )

    def _rates(self, row: Row) -> None:
        rates = Rates(
            date.fromisoformat(row["date"]),
            row["base"],
            {currency: Decimal(rate) for currency, rate in row["rates"].items()},
        )
        for matcher in self._matchers.values():
            matcher.put_rates(rates)

    def _history(self, row: Row) -> None:
        matcher, line = self._line(row)
        matcher.recall(line, self._shares(row["confirmed"]["allocations"], line))

    def _transaction(self, row: Row) -> Row:
        matcher, line = self._line(row)
        self._lines[row["id"]] = (matcher, line)
        answer = matcher.decide(line)
        if answer.verdict == "post":
            matcher.settle(line, answer.proposals[0].shares, by_user=False)
        else:
            matcher.keep(line, answer)
        return self._prediction(row["id"], line, answer)

    def _confirm(self, row: Row) -> None:
        matcher, line = self._lines[row["transaction_id"]]
        matcher.settle(line, self._shares(row["allocations"], line), by_user=True)

    def _unmatch(self, row: Row) -> None:
        matcher, line = self._lines[row["transaction_id"]]
        matcher.unsettle(line.id)

    def _line(self, row: Row) -> tuple[Matcher, Line]:
        matcher = self._matchers[row["tenant_id"]]
        return matcher, line_of(self._id(row["id"]), row["account_id"], row["transaction"])

    def _shares(self, allocations: Iterable[Row], line: Line) -> list[Share]:
        found = []
        for each in allocations:
            if each["type"] not in {"invoice", "credit_note", "payout", "on_account"}:
                continue
            amount = minor_units(each["amount"], line.currency)
            currency = each.get("invoice_currency") or line.currency
            document_amount = minor_units(each.get("invoice_amount") or each["amount"], currency)
            found.append(
                Share(
                    each["type"],
                    self._id(each["id"]),
                    amount,
                    document_amount,
                    minor_units(each.get("write_off") or "0", currency),
                )
            )
        return found

    def _prediction(self, name: str, line: Line, answer: Answer) -> Row:
        decision = {"post": "auto", "propose": "suggest", "none": "none"}[answer.verdict]
        first = answer.proposals[0] if answer.proposals and decision != "none" else None
        row: Row = {"transaction_id": name, "decision": decision}
        if first:
            row |= {
                "score": round(first.probability, 6),
                "allocations": self._allocations(first, line),
                "candidates": [
                    {
                        "score": round(each.probability, 6),
                        "allocations": self._allocations(each, line),
                    }
                    for each in answer.proposals
                ],
                "reasons": [each.text for each in first.evidence],
            }
        return row

    def _allocations(self, proposal: Proposal, line: Line) -> list[Row]:
        return [
            {
                "type": each.type,
                "id": self._names[each.document],
                "amount": decimal_text(each.amount, line.currency),
                **(
                    {"write_off": decimal_text(each.write_off, line.currency)}
                    if each.write_off
                    else {}
                ),
            }
            for each in proposal.shares
        ]


def line_of(id: UUID, account: str, row: Row) -> Line:
    """Read a transaction of the shape of GoCardless Bank Account Data."""
    money = row["transactionAmount"]
    return Line(
        id,
        minor_units(money["amount"], money["currency"]),
        money["currency"],
        date.fromisoformat(row["bookingDate"]),
        texts=wire.texts(row),
        account=account,
        counterparty_name=row.get("debtorName") or row.get("creditorName"),
        counterparty_account=wire.counterparty_account(row),
        end_to_end_id=row.get("endToEndId"),
        bank_reference=row.get("entryReference"),
        instructed=wire.instructed(row),
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def run(source: TextIO = sys.stdin, target: TextIO = sys.stdout) -> None:
    """Answer every bank line of the source as `replay.py` wants it, until the source ends."""
    stream = Stream()
    for text in source:
        answer = stream.handle(json.loads(text))
        if answer is not None:
            target.write(json.dumps(answer, ensure_ascii=False) + "\n")
            target.flush()

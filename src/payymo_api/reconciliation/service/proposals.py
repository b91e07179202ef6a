"""A proposal as it is stored with a suggestion or a match, and what is read out of it.

Stored is JSON: probability (text, so that it stays exact), allocations, evidence.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from payymo_api.core.fields import money_fields
from payymo_api.core.money import Money
from payymo_api.core.types import TransactionId, parse_public_id, public_id
from payymo_api.reconciliation.rules.values import Evidence, Proposal, Share
from payymo_api.reconciliation.schemas import (
    AllocationAnswer,
    AllocationRequest,
    ProposalAnswer,
    WriteOff,
    WriteOffRequest,
)

Stored = Mapping[str, Any]
_FOUR_PLACES = Decimal("0.0001")


def stored(proposal: Proposal, currency: str, currencies: Mapping[UUID, str]) -> dict[str, Any]:
    """`currency` is the line's; `currencies`: document -> its own, where it is an invoice."""
    return {
        "probability": str(probability(proposal)),
        "allocations": [
            {
                "document_type": share.type,
                "document_id": _public(share),
                "amount_minor": share.amount,
                "currency": currency,
                "document_amount_minor": share.document_amount,
                "document_currency": currencies.get(share.document, currency),
                "write_off_minor": share.write_off,
                "write_off_reason": share.write_off_reason,
            }
            for share in proposal.shares
        ],
        "evidence": [_evidence(each) for each in proposal.evidence],
    }


def probability(proposal: Proposal) -> Decimal:
    return Decimal(proposal.probability).quantize(_FOUR_PLACES)


def _evidence(each: Evidence) -> dict[str, str]:
    return {"code": each.code, "text": each.text}


def _public(share: Share) -> str:
    """A credit that is used goes by its own id, one that is made by its customer's."""
    if share.type == "payout":
        return public_id("spo", share.document)
    if share.type == "on_account":
        return public_id("cust" if share.amount > 0 else "cred", share.document)
    return public_id("inv", share.document)


def probability_of(proposal: Stored) -> Decimal:
    return Decimal(proposal["probability"])


def documents(proposal: Stored, prefix: str) -> list[UUID]:
    """Return what the proposal names whose ids have this prefix."""
    ids = [each["document_id"] for each in proposal["allocations"]]
    return [parse_public_id(prefix, id) for id in ids if id.startswith(f"{prefix}_")]


def requests(line: TransactionId, proposal: Stored) -> list[AllocationRequest]:
    """Return what somebody would ask for who matched by hand as the proposal says."""
    return [_request(line, each) for each in proposal["allocations"]]


def _request(line: TransactionId, share: Stored) -> AllocationRequest:
    is_abroad = share["currency"] != share["document_currency"]
    off = share["write_off_minor"]
    return AllocationRequest(
        transaction_id=line,
        document_type=share["document_type"],
        document_id=share["document_id"],
        amount_minor=share["amount_minor"],
        document_amount_minor=share["document_amount_minor"] if is_abroad else None,
        write_off=WriteOffRequest(amount_minor=off, reason=share["write_off_reason"])
        if off
        else None,
    )


def answer(line: TransactionId, proposal: Stored) -> ProposalAnswer:
    return ProposalAnswer.model_validate(fields(line, proposal))


def fields(line: TransactionId, proposal: Stored) -> dict[str, Any]:
    return {
        "probability": probability_of(proposal),
        "allocations": [_allocation(line, each) for each in proposal["allocations"]],
        "evidence": proposal["evidence"],
    }


def _allocation(line: TransactionId, share: Stored) -> AllocationAnswer:
    off = Money(share["write_off_minor"], share["document_currency"])
    write_off = {**money_fields(off), "reason": share["write_off_reason"]}
    return AllocationAnswer(
        transaction_id=line,
        document_type=share["document_type"],
        document_id=share["document_id"],
        **money_fields(Money(share["amount_minor"], share["currency"])),
        document_amount=Money(share["document_amount_minor"], share["document_currency"]).decimal(),
        document_amount_minor=share["document_amount_minor"],
        document_currency=share["document_currency"],
        write_off=WriteOff.model_validate(write_off) if off.minor else None,
    )

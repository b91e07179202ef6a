"""Wire objects other than transactions, in our words. UnreadableAnswer when they make no sense."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from payymo_api.banking.errors import UnreadableAnswer
from payymo_api.banking.gateway import (
    AccountIdentity,
    Balance,
    Consent,
    ConsentState,
    Institution,
    RejectedLine,
)
from payymo_api.banking.gateway.gocardless.lines import Unreadable, read_iban, read_money

Record = Mapping[str, Any]

_DAYS_UNTOLD = 90  # the provider's default for history and for access
_STATES = {
    **dict.fromkeys(["CR", "GC", "UA", "SA", "GA", "ID"], ConsentState.PENDING),
    "LN": ConsentState.ACTIVE,
    "EX": ConsentState.EXPIRED,
    "RJ": ConsentState.REJECTED,
    "SU": ConsentState.SUSPENDED,
    "ER": ConsentState.ERROR,
}


def record(value: object) -> Record:
    if not isinstance(value, Mapping):
        raise UnreadableAnswer("GoCardless answered without the object that belongs there.")
    return value


def records(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise UnreadableAnswer("GoCardless answered without the list that belongs there.")
    return value


def text(of: Record, name: str) -> str:
    value = of.get(name)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswer(f"GoCardless answered without {name}.")
    return value


def read_institution(value: object) -> Institution:
    wire = record(value)
    return Institution(
        id=text(wire, "id"),
        name=text(wire, "name"),
        bic=wire.get("bic") or None,
        countries=tuple(str(country).upper() for country in records(wire.get("countries"))),
        logo_url=wire.get("logo") or None,
        history_days=_days(wire.get("transaction_total_days")),
        consent_days=_days(wire.get("max_access_valid_for_days")),
    )


def read_consent(requisition: object, agreement: Record) -> Consent:
    wire = record(requisition)
    days = _days(agreement.get("access_valid_for_days"))
    return Consent(text(wire, "id"), text(wire, "link"), days)


def read_state(requisition: Record) -> ConsentState:
    status = text(requisition, "status")
    if status not in _STATES:
        raise UnreadableAnswer(f"GoCardless names a status that we don't know: {status}.")
    return _STATES[status]


def read_expiry(agreement: Record) -> datetime | None:
    """Access counts from the day on which the account holder accepted."""
    accepted = agreement.get("accepted")
    if not accepted:
        return None
    try:
        given = datetime.fromisoformat(str(accepted))
    except ValueError as error:
        raise UnreadableAnswer("GoCardless answered with an unreadable accepted.") from error
    return given + timedelta(days=_days(agreement.get("access_valid_for_days")))


def read_identity(ref: str, metadata: Record, details: Record) -> AccountIdentity:
    """`metadata` is the provider's account, `details` the bank's; the bank knows better."""
    number = metadata.get("iban")
    iban = read_iban(details.get("iban")) or read_iban(number)
    masked = details.get("maskedPan") or (None if iban else number)
    return AccountIdentity(
        ref=ref,
        iban=iban,
        bban=details.get("bban") or metadata.get("bban") or None,
        masked_pan=masked or None,
        name=details.get("name") or details.get("displayName") or metadata.get("name") or None,
        owner_name=details.get("ownerName") or metadata.get("owner_name") or None,
        currency=details.get("currency") or None,
        status=str(metadata.get("status") or ""),
        raw={"metadata": metadata, "details": details},
    )


def read_balances(rows: Iterable[object]) -> tuple[list[Balance], list[RejectedLine]]:
    read: list[Balance] = []
    rejected: list[RejectedLine] = []
    for row in rows:
        try:
            read.append(_balance(row))
        except Unreadable as error:
            rejected.append(RejectedLine(str(error), row))
    return read, rejected


def _balance(row: object) -> Balance:
    if not isinstance(row, Mapping):
        raise Unreadable("the balance is not an object")
    amount = read_money(row.get("balanceAmount"), "balanceAmount")
    try:
        on = date.fromisoformat(str(row["referenceDate"])[:10])
    except (KeyError, ValueError):
        on = None
    return Balance(str(row.get("balanceType") or "information"), amount, on)


def _days(value: object) -> int:
    """The wire writes days as text or as a number."""
    try:
        return int(str(value)) if value is not None else _DAYS_UNTOLD
    except ValueError:
        return _DAYS_UNTOLD

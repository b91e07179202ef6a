"""Reading an account: metadata, balances, details, transactions; consent and allowance first."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payymo_api.core.clock import rfc3339
from payymo_api.core.money import InvalidAmount, decimal_text, minor_units
from payymo_api.sandbox.gocardless import quirks
from payymo_api.sandbox.gocardless.bank import Agreement, LinkedAccount
from payymo_api.sandbox.gocardless.institutions import Holding, Wire
from payymo_api.sandbox.gocardless.refusals import Refusal
from payymo_api.sandbox.gocardless.request import bank_of, path_id
from payymo_api.sandbox.gocardless.statement import bring_forward, pending_today


def account_of(request: Request) -> LinkedAccount:
    id = path_id(request, invalid="InvalidAccountID")
    account = bank_of(request).accounts.get(id)
    if account is None:
        raise Refusal("AccountNotFoundError", ID=id)
    return account


async def account(request: Request) -> Response:
    return JSONResponse(account_of(request).wire())


async def balances(request: Request) -> Response:
    account, _ = _consented(request, "balances")
    headers = bank_of(request).spend_call(account, "balances")
    booked, pending = _statement(request, account)
    closing = account.holding.opening_minor + _sum(booked, account.holding.currency)
    available = closing + _sum(pending, account.holding.currency)
    today = bank_of(request).clock.today().isoformat()
    told = [
        _balance("closingBooked", closing, account.holding, today),
        _balance("interimAvailable", available, account.holding, today),
    ]
    return JSONResponse({"balances": told}, headers=headers)


async def details(request: Request) -> Response:
    account, _ = _consented(request, "details")
    headers = bank_of(request).spend_call(account, "details")
    holding = account.holding
    told = {
        "resourceId": account.id,
        "iban": holding.iban,
        "bban": holding.bban,
        "currency": holding.currency,
        "ownerName": holding.owner,
        "name": holding.name,
        "product": holding.name,
        "cashAccountType": "CACC",
        "usage": "ORGA",
    }
    return JSONResponse({"account": told}, headers=headers)


async def transactions(request: Request) -> Response:
    """Pending lines come whatever window is asked for; booked ones without a date too."""
    account, agreement = _consented(request, "transactions")
    date_from, date_to = _window(request)
    headers = bank_of(request).spend_call(account, "transactions")
    booked, pending = _statement(request, account)
    oldest = _oldest(agreement)
    earliest = max(date_from, oldest) if date_from else oldest
    latest = None if account.holding.quirk else date_to  # odd banks tell what is due later
    wanted = [wire for wire in booked if _is_within(wire, earliest, latest)]
    wanted.sort(key=_day_of, reverse=True)
    now = rfc3339(bank_of(request).clock.now())
    told = {"transactions": {"booked": wanted, "pending": pending}, "last_updated": now}
    return JSONResponse(told, headers=headers)


def _consented(request: Request, part: str) -> tuple[LinkedAccount, Agreement]:
    """Return the account if its consent lives and covers this part of it."""
    account = account_of(request)
    bank = bank_of(request)
    agreement = bank.agreements.get(bank.requisitions[account.requisition_id].agreement_id)
    if account.status == "SUSPENDED":
        raise Refusal("AccountSuspendedError")
    if agreement is None:
        raise Refusal("AccountValidEUAError")
    if agreement.ends and agreement.ended(bank.clock.now()):
        ended, days = agreement.ends.date(), agreement.access_valid_for_days
        raise Refusal("EUAExpiredError", ID=agreement.id, DAYS=days, DATE=ended)
    if account.status == "EXPIRED":
        raise Refusal("AccessExpiredError", PART=part)
    if account.status != "READY":
        raise _unready(account)
    if part not in agreement.access_scope:
        raise Refusal("AccountEUAScopeError", PART=part)
    return account, agreement


def _unready(account: LinkedAccount) -> Refusal:
    wire = account.wire()
    return Refusal(
        "AccountStateError",
        ID=account.id,
        MOMENT=wire["created"],
        IBAN=wire["iban"],
        INSTITUTION=wire["institution_id"],
        STATUS=account.status,
    )


def _window(request: Request) -> tuple[date | None, date | None]:
    asked = [request.query_params.get(name) for name in ("date_from", "date_to")]
    try:
        start, end = (date.fromisoformat(text) if text else None for text in asked)
    except ValueError:  # the specification shows no body for this one
        raise Refusal("UnknownFields", FIELD="date_from, date_to", LOCATION="query") from None
    if start and end and start > end:
        raise Refusal("DateRangeError", OTHER_DATE=start, DATE=end)
    return start, end


def _oldest(agreement: Agreement) -> date:
    given = agreement.accepted or agreement.created
    return given.date() - timedelta(days=agreement.max_historical_days)


def _statement(request: Request, account: LinkedAccount) -> tuple[list[Wire], list[Wire]]:
    """Booked and pending lines of today."""
    bank, holding = bank_of(request), account.holding
    if holding.quirk:
        return quirks.told(holding.quirk, holding.stage, bank.clock.today())
    bring_forward(holding, bank.seed, bank.clock.today())
    lines = holding.lines.values()
    generated = pending_today(holding, bank.seed, bank.clock.today())
    pending = [line.wire for line in lines if not line.booked]
    return [line.wire for line in lines if line.booked], pending + generated


def _day_of(wire: Wire) -> str:
    return str(wire.get("bookingDate") or wire.get("bookingDateTime") or "")[:10]


def _is_within(wire: Wire, earliest: date, latest: date | None) -> bool:
    day = _day_of(wire)
    return not day or (earliest.isoformat() <= day <= (latest or date.max).isoformat())


def _sum(lines: list[Wire], currency: str) -> int:
    """Of the lines that are money of this currency; a tester may have put others there."""
    total = 0
    for line in lines:
        amount = line.get("transactionAmount")
        try:
            if isinstance(amount, dict) and amount.get("currency") == currency:
                total += minor_units(Decimal(str(amount.get("amount"))), currency)
        except (InvalidAmount, InvalidOperation):
            continue
    return total


def _balance(type: str, minor: int, holding: Holding, on: str) -> Wire:
    amount = {"amount": decimal_text(minor, holding.currency), "currency": holding.currency}
    return {"balanceAmount": amount, "balanceType": type, "referenceDate": on}

"""GoCardless Bank Account Data (v2). Production and the sandbox differ in the base URL only."""

import asyncio
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from urllib.parse import quote

import httpx

from payymo_api.banking.errors import (
    AccountGone,
    AccountPartUnavailable,
    AllowanceSpent,
    ConsentExpired,
    ConsentTooNarrow,
    RequestRefused,
    UnknownCountry,
    UnknownInstitution,
)
from payymo_api.banking.gateway import (
    AccountIdentity,
    Allowance,
    BalancePage,
    Consent,
    ConsentState,
    ConsentStatus,
    Institution,
    TokenStore,
    TransactionPage,
)
from payymo_api.banking.gateway.gocardless.lines import read_lines
from payymo_api.banking.gateway.gocardless.records import (
    Record,
    read_balances,
    read_consent,
    read_expiry,
    read_identity,
    read_institution,
    read_state,
    record,
    records,
    text,
)
from payymo_api.banking.gateway.gocardless.refusals import allowance
from payymo_api.banking.gateway.gocardless.wire import Answer, Wire
from payymo_api.core import clock

_TIMEOUT = httpx.Timeout(10.0, read=60.0)  # seconds; a call waits while the provider asks the bank
_DIRECT: Mapping[str, None] = {"all://127.0.0.1": None, "all://localhost": None}
"""The sandbox is reached without the proxy that the environment may name for the world outside."""
_MOST_ACCESS_DAYS = 180
_SAFE_DAYS = 90
_PAGE = 100


class GoCardless:
    """A `BankGateway`; one per process and event loop, closed with `aclose`."""

    def __init__(
        self,
        base_url: str,
        *,
        secret_id: str,
        secret_key: str,
        token_store: TokenStore,
        now: Callable[[], datetime] = clock.now,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout, mounts=_DIRECT)
        self._now = now
        credentials = {"secret_id": secret_id, "secret_key": secret_key}
        self._wire = Wire(self._http, credentials, token_store, now)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def institutions(self, country: str) -> Sequence[Institution]:
        """List the banks of a country; UnknownCountry if the provider serves it not."""
        query = {"country": country.lower()}
        try:
            answer = await self._wire.call("GET", "/institutions/", query=query)
        except RequestRefused as error:
            raise UnknownCountry.at("/country", "unknown_country", error.detail) from error
        return [read_institution(item) for item in records(answer.body)]

    async def institution(self, institution_id: str) -> Institution:
        unknown = UnknownInstitution.at(
            "/institution_id", "unknown_institution", "GoCardless knows no bank of this id."
        )
        if not re.fullmatch(r"\w[\w.-]*", institution_id, re.ASCII):
            raise unknown
        try:
            answer = await self._wire.call("GET", f"/institutions/{institution_id}/")
        except RequestRefused as error:
            if not error.missing:
                raise
            raise unknown from error
        return read_institution(answer.body)

    async def request_consent(
        self, institution: Institution, *, redirect_url: str, reference: str, history_days: int
    ) -> Consent:
        """Ask for an agreement and its requisition.

        After a crash between the two the agreement stays behind unaccepted: it grants nothing,
        and the provider deletes accepted ones only.
        """
        agreement = await self._agreement(institution, history_days)
        requisition = {
            "redirect": redirect_url,
            "institution_id": institution.id,
            "agreement": text(agreement, "id"),
            "reference": reference,
        }
        try:
            answer = await self._wire.call("POST", "/requisitions/", body=requisition)
        except RequestRefused as error:
            if "reference" not in error.fields:
                raise
            return await self._made_before(reference, error)
        return read_consent(answer.body, agreement)

    async def consent(self, ref: str) -> ConsentStatus:
        """ConsentExpired if the provider has no such consent any more."""
        try:
            answer = await self._wire.call("GET", f"/requisitions/{_segment(ref)}/")
        except RequestRefused as error:
            if not error.missing:
                raise
            raise ConsentExpired("GoCardless no longer knows this consent.") from error
        requisition = record(answer.body)
        state = read_state(requisition)
        accounts = tuple(str(account) for account in records(requisition.get("accounts") or []))
        given = state in {ConsentState.ACTIVE, ConsentState.EXPIRED}
        expires_at = await self._expiry(requisition) if given else None
        return ConsentStatus(state, accounts, expires_at)

    async def revoke(self, ref: str) -> None:
        try:
            await self._wire.call("DELETE", f"/requisitions/{_segment(ref)}/")
        except RequestRefused as error:
            if not error.missing:
                raise

    async def account(self, ref: str) -> AccountIdentity:
        """Metadata, and what details add to it; a bank that withholds details is no error."""
        metadata = record((await self._read(ref, "")).body)
        try:
            details = record(record((await self._read(ref, "details/")).body).get("account"))
        except (AccountPartUnavailable, AllowanceSpent, ConsentTooNarrow):
            details = {}
        return read_identity(ref, metadata, details)

    async def balances(self, ref: str) -> BalancePage:
        answer = await self._read(ref, "balances/")
        read, rejected = read_balances(records(record(answer.body).get("balances")))
        return BalancePage(read, rejected, allowance(answer.headers, self._now()))

    async def transactions(self, ref: str, date_from: date, date_to: date) -> TransactionPage:
        window = {"date_from": date_from.isoformat(), "date_to": date_to.isoformat()}
        answer = await self._read(ref, "transactions/", window)
        left = allowance(answer.headers, self._now())
        return await asyncio.to_thread(_page, answer, left)

    async def _read(self, ref: str, part: str, query: Mapping[str, str] | None = None) -> Answer:
        try:
            return await self._wire.call("GET", f"/accounts/{_segment(ref)}/{part}", query=query)
        except RequestRefused as error:
            if not error.missing:
                raise
            raise AccountGone("GoCardless no longer knows this account.") from error

    async def _agreement(self, institution: Institution, history_days: int) -> Record:
        """Ask for the longest access, and for less where a bank grants less than it is listed with.

        midday falls back to 90 days of access, actual to 90 and then 89 days of history.
        """
        *more, least = _terms(institution, history_days)
        for terms in more:
            try:
                return await self._agree(institution, *terms)
            except RequestRefused as error:
                if not error.fields & {"access_valid_for_days", "max_historical_days"}:
                    raise
        return await self._agree(institution, *least)

    async def _agree(self, institution: Institution, history: int, access: int) -> Record:
        terms = {
            "institution_id": institution.id,
            "max_historical_days": history,
            "access_valid_for_days": access,
            "access_scope": ["balances", "details", "transactions"],
        }
        return record((await self._wire.call("POST", "/agreements/enduser/", body=terms)).body)

    async def _made_before(self, reference: str, refused: RequestRefused) -> Consent:
        """Find the consent that bears our reference: it was made, and the answer lost."""
        for offset in itertools.count(0, _PAGE):
            query = {"limit": _PAGE, "offset": offset}
            page = record((await self._wire.call("GET", "/requisitions/", query=query)).body)
            found = records(page.get("results"))
            for requisition in map(record, found):
                if requisition.get("reference") == reference:
                    return read_consent(requisition, await self._agreed(requisition))
            if not found or not page.get("next"):
                break
        raise refused

    async def _expiry(self, requisition: Record) -> datetime | None:
        """None when the agreement was deleted: the consent's own state says the rest."""
        try:
            return read_expiry(await self._agreed(requisition))
        except RequestRefused as error:
            if not error.missing:
                raise
            return None

    async def _agreed(self, requisition: Record) -> Record:
        agreement = _segment(text(requisition, "agreement"))
        return record((await self._wire.call("GET", f"/agreements/enduser/{agreement}/")).body)


def _terms(institution: Institution, history_days: int) -> list[tuple[int, int]]:
    """Days of history and of access to ask for, best first, never more than the bank is listed."""
    history = max(1, min(history_days, institution.history_days))
    access = max(1, min(institution.consent_days, _MOST_ACCESS_DAYS))
    less = min(access, _SAFE_DAYS)
    wishes = [(history, access), (history, less)]
    wishes += [(min(history, safe), less) for safe in (_SAFE_DAYS, _SAFE_DAYS - 1)]
    return list(dict.fromkeys(wishes))


def _page(answer: Answer, left: Allowance | None) -> TransactionPage:
    listed = record(record(answer.body).get("transactions"))
    booked, broken = read_lines(records(listed.get("booked")), booked=True)
    pending, unread = read_lines(records(listed.get("pending") or []), booked=False)
    return TransactionPage([*booked, *pending], [*broken, *unread], left)


def _segment(ref: str) -> str:
    return quote(ref, safe="")

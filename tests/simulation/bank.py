"""A provider with one bank: consents, accounts under ever new ids, an allowance, bad days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from payymo_api.banking.errors import (
    AccountGone,
    AllowanceSpent,
    BankUnavailable,
    ConsentExpired,
    ProviderBusy,
    UnreadableAnswer,
)
from payymo_api.banking.gateway import (
    AccountIdentity,
    Allowance,
    BalancePage,
    Consent,
    ConsentState,
    ConsentStatus,
    Institution,
    TransactionPage,
)
from payymo_api.banking.lines import Balance
from payymo_api.core.money import Money
from tests.simulation.faults import Faults
from tests.simulation.ledger import CURRENCY, Ledger
from tests.simulation.timeline import Timeline

BANK = Institution("BANK", "Bank of Chance", None, ("GB",), None, 30, 90)
_DAY = timedelta(days=1)


@dataclass
class _Consent:
    number: int
    reference: str
    state: ConsentState = ConsentState.PENDING
    expires_at: datetime | None = None


@dataclass
class SimulatedBank:
    """Speaks `BankGateway`. An account's ref is `<consent>:<IBAN>`."""

    timeline: Timeline
    faults: Faults
    ledgers: Mapping[str, Ledger]
    limit: int
    consent_days: float
    overdrawn: int = 0
    _consents: dict[str, _Consent] = field(default_factory=dict)
    _calls: dict[tuple[str, str], list[datetime]] = field(default_factory=lambda: defaultdict(list))

    async def institutions(self, country: str) -> Sequence[Institution]:
        return [BANK]

    async def institution(self, institution_id: str) -> Institution:
        return BANK

    async def request_consent(
        self, institution: Institution, *, redirect_url: str, reference: str, history_days: int
    ) -> Consent:
        await self._answer()
        known = [ref for ref, each in self._consents.items() if each.reference == reference]
        ref = known[0] if known else f"consent{len(self._consents)}"
        self._consents.setdefault(ref, _Consent(len(self._consents), reference))
        return Consent(ref, "https://bank.example/consent", round(self.consent_days))

    def approve(self, reference: str) -> None:
        """The account holder consents."""
        for consent in self._consents.values():
            if consent.reference == reference:
                consent.state = ConsentState.ACTIVE
                consent.expires_at = self.timeline.now + self.consent_days * _DAY

    async def consent(self, ref: str) -> ConsentStatus:
        await self._answer()
        consent = self._consents[ref]
        refs = tuple(f"{ref}:{iban}" for iban in self.ledgers)
        return ConsentStatus(self._state(consent), refs, consent.expires_at)

    async def revoke(self, ref: str) -> None:
        await self._answer()
        self._consents[ref].state = ConsentState.EXPIRED

    async def account(self, ref: str) -> AccountIdentity:
        await self._answer()
        iban = self._iban(ref)
        return AccountIdentity(ref, iban, None, None, "Business", None, CURRENCY, "READY", {})

    async def balances(self, ref: str) -> BalancePage:
        await self._answer()
        self._iban(ref)
        allowance = self._count("balances", ref)
        told = Balance("interimAvailable", Money(12345, CURRENCY), None)
        return BalancePage([told], [], allowance)

    async def transactions(self, ref: str, date_from: date, date_to: date) -> TransactionPage:
        """What is told is of the moment of asking, however late the answer comes."""
        await self._answer()
        ledger, consent = self.ledgers[self._iban(ref)], self._consents[ref.partition(":")[0]]
        allowance = self._count("transactions", ref)
        told = ledger.told(self.timeline.now, date_from, date_to, consent.number)
        await self._answer()
        return TransactionPage(told, [], allowance)

    async def aclose(self) -> None:
        return

    async def _answer(self) -> None:
        self.faults.strike()
        await self.timeline.wait(self.faults.delay(1.0))
        if self.faults.happens(self.faults.bank):
            raise self.faults.chance.choice(
                [
                    BankUnavailable("503"),
                    ProviderBusy("429", retry_after=30),
                    UnreadableAnswer("HTML"),
                    BankUnavailable("No answer in time."),
                ]
            )

    def _state(self, consent: _Consent) -> ConsentState:
        if consent.expires_at and consent.expires_at <= self.timeline.now:
            return ConsentState.EXPIRED
        return consent.state

    def _iban(self, ref: str) -> str:
        name, _, iban = ref.partition(":")
        if name not in self._consents:
            raise AccountGone("There is no such account.")
        if self._state(self._consents[name]) is not ConsentState.ACTIVE:
            raise ConsentExpired("The consent has ended.")
        return iban

    def _count(self, part: str, ref: str) -> Allowance:
        """Count a call against the rolling 24 hours of this part of the account."""
        now = self.timeline.now
        calls = self._calls[part, ref]
        calls[:] = [each for each in calls if each > now - _DAY]
        if len(calls) >= self.limit:
            self.overdrawn += 1
            left = calls[0] + _DAY - now
            raise AllowanceSpent("No more calls today.", retry_after=int(left.total_seconds()) + 1)
        calls.append(now)
        return Allowance(self.limit, self.limit - len(calls), calls[0] + _DAY)

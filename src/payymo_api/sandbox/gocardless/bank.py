"""What the provider remembers: tokens, agreements, requisitions, accounts and their calls."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from payymo_api.core.clock import rfc3339
from payymo_api.sandbox.clock import SandboxClock
from payymo_api.sandbox.gocardless.institutions import Holding, Wire, holdings
from payymo_api.sandbox.gocardless.refusals import Refusal

ACCESS_SECONDS = 86_400
REFRESH_SECONDS = 2_592_000
CALLS_A_DAY = 4
"""The provider's rule since March 2025: per account, per part, in any 24 hours."""
_WINDOW = timedelta(hours=24)


@dataclass(slots=True)
class Agreement:
    """`ends` is set when the user accepts, and moved by a reconfirmation."""

    id: str
    created: datetime
    institution_id: str
    max_historical_days: int
    access_valid_for_days: int
    access_scope: list[str]
    reconfirmation: bool
    accepted: datetime | None = None
    ends: datetime | None = None
    reconfirmed: Wire | None = None

    def accept(self, now: datetime) -> None:
        self.accepted = now
        self.ends = now + timedelta(days=self.access_valid_for_days)

    def ended(self, now: datetime) -> bool:
        return self.ends is not None and self.ends <= now

    def wire(self) -> Wire:
        return {
            "id": self.id,
            "created": rfc3339(self.created),
            "institution_id": self.institution_id,
            "max_historical_days": self.max_historical_days,
            "access_valid_for_days": self.access_valid_for_days,
            "access_scope": self.access_scope,
            "accepted": rfc3339(self.accepted) if self.accepted else None,
            "reconfirmation": self.reconfirmation,
        }


@dataclass(slots=True)
class Requisition:
    """`wire` is the object as created; status and accounts change."""

    id: str
    agreement_id: str
    fixed: Wire
    status: str = "CR"
    accounts: list[str] = field(default_factory=list)

    def wire(self) -> Wire:
        return self.fixed | {"status": self.status, "accounts": self.accounts}


@dataclass(slots=True)
class LinkedAccount:
    """A holding under one consent. `calls`: when each part was read, for the allowance."""

    id: str
    created: datetime
    requisition_id: str
    holding: Holding
    status: str = "READY"
    last_accessed: datetime | None = None
    calls: dict[str, list[datetime]] = field(default_factory=dict)

    def wire(self) -> Wire:
        return {
            "id": self.id,
            "created": rfc3339(self.created),
            "last_accessed": rfc3339(self.last_accessed or self.created),
            "iban": self.holding.iban,
            "bban": self.holding.bban,
            "status": self.status,
            "institution_id": self.holding.institution_id,
            "owner_name": self.holding.owner,
            "name": self.holding.name,
        }


class Bank:
    def __init__(
        self, clock: SandboxClock, seed: str, allowance: int, credentials: tuple[str, str]
    ) -> None:
        self.clock = clock
        self.credentials = credentials
        self.reset(seed, allowance)

    def reset(self, seed: str, allowance: int) -> None:
        """Forget everything; `seed` decides the lines of the accounts from here on."""
        self.seed = seed
        self.allowance = allowance
        self.tokens: dict[str, datetime] = {}
        self.agreements: dict[str, Agreement] = {}
        self.requisitions: dict[str, Requisition] = {}
        self.accounts: dict[str, LinkedAccount] = {}
        self.holdings = holdings()

    def issue(self, kind: str, seconds: int) -> str:
        """Make a token that looks like the provider's JWTs and is known by heart."""
        payload = {"token_type": kind, "jti": uuid4().hex, "exp": seconds}
        head, body = (_base64({"alg": "HS256", "typ": "JWT"}), _base64(payload))
        token = f"{head}.{body}.{secrets.token_urlsafe(32)}"
        self.tokens[f"{kind} {token}"] = self.clock.now() + timedelta(seconds=seconds)
        return token

    def accepts(self, kind: str, token: str) -> bool:
        ends = self.tokens.get(f"{kind} {token}")
        return ends is not None and ends > self.clock.now()

    def link(self, requisition: Requisition) -> None:
        """The user consents: each account at the bank gets an id of this consent."""
        now = self.clock.now()
        self.agreements[requisition.agreement_id].accept(now)
        for holding in self.holdings.values():
            if holding.institution_id == requisition.fixed["institution_id"]:
                account = LinkedAccount(str(uuid4()), now, requisition.id, holding)
                self.accounts[account.id] = account
                requisition.accounts.append(account.id)
        requisition.status = "LN"

    def expire_what_is_due(self) -> None:
        now = self.clock.now()
        for requisition in self.requisitions.values():
            agreement = self.agreements.get(requisition.agreement_id)
            if requisition.status == "LN" and agreement and agreement.ended(now):
                self.set_status(requisition, "EX")

    def set_status(self, requisition: Requisition, status: str) -> None:
        """Expiry and suspension reach the accounts; an expired agreement ends now at the latest."""
        requisition.status = status
        account_status = {"EX": "EXPIRED", "SU": "SUSPENDED", "ER": "ERROR", "LN": "READY"}
        for id in requisition.accounts:
            self.accounts[id].status = account_status.get(status, self.accounts[id].status)
        agreement = self.agreements.get(requisition.agreement_id)
        if status == "EX" and agreement and not agreement.ended(self.clock.now()):
            agreement.ends = self.clock.now()

    def forget(self, requisition: Requisition) -> None:
        """A deleted requisition takes its agreement and its accounts along."""
        del self.requisitions[requisition.id]
        self.agreements.pop(requisition.agreement_id, None)
        for id in requisition.accounts:
            del self.accounts[id]

    def spend_call(self, account: LinkedAccount, part: str) -> dict[str, str]:
        """Count a call against the allowance and return its headers; Refusal when it is spent."""
        now = self.clock.now()
        calls = [at for at in account.calls.get(part, []) if at > now - _WINDOW]
        spent = len(calls) >= self.allowance
        if not spent:
            calls.append(now)
        account.calls[part] = calls
        reset = int((calls[0] + _WINDOW - now).total_seconds()) if calls else 0
        headers = {
            "http_x_ratelimit_account_success_limit": str(self.allowance),
            "http_x_ratelimit_account_success_remaining": str(max(0, self.allowance - len(calls))),
            "http_x_ratelimit_account_success_reset": str(reset),
        }
        if spent:
            raise Refusal("RateLimitExceeded", headers=headers, TIMES=self.allowance, SECONDS=reset)
        account.last_accessed = now
        return headers


def _base64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

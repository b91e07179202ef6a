"""Accounts: the platform's own and the connected ones."""

from payymo_api.sandbox.stripe.listing import PAGING, page
from payymo_api.sandbox.stripe.platform import CLIENT_ID, PLATFORM, Connection, Platform
from payymo_api.sandbox.stripe.refusals import Wire, no_such
from payymo_api.sandbox.stripe.request import Call

_KNOWN = "type country email business_type business_profile metadata capabilities default_currency"


def profile(platform: Platform, account: str) -> Wire:
    """The account object, made when it is first asked for."""
    if account not in platform.profiles:
        platform.profiles[account] = new_account(account, int(platform.clock.now().timestamp()))
    return platform.profiles[account]


def new_account(account: str, created: int) -> Wire:
    requirements: Wire = {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": [],
        "disabled_reason": None,
        "errors": [],
        "eventually_due": [],
        "past_due": [],
        "pending_verification": [],
    }
    return {
        "id": account,
        "object": "account",
        "business_profile": {"mcc": None, "name": "Sandbox Ltd", "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "GB",
        "created": created,
        "default_currency": "gbp",
        "details_submitted": True,
        "email": "owner@sandbox.example",
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{account}/external_accounts",
        },
        "future_requirements": requirements,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": requirements,
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }


def connect(platform: Platform, *, livemode: bool, scope: str = "read_write") -> Connection:
    """Make a new account that has granted access to the platform."""
    account = f"acct_1{platform.chance.randbytes(8).hex()}"
    profile(platform, account)
    platform.connections[account] = Connection(account, livemode, scope)
    return platform.connections[account]


def application() -> Wire:
    """The platform, as events about a connection show it."""
    return {"id": CLIENT_ID, "object": "application", "name": "Payymo"}


def own(call: Call) -> Wire:
    """GET /v1/account."""
    call.params.only("")
    return profile(call.platform, call.merchant.account)


def create(call: Call) -> Wire:
    asked = call.params.only(_KNOWN)
    account = connect(call.platform, livemode=call.merchant.livemode).account
    fields = asked.texts_of("type country email business_type default_currency")
    wire = profile(call.platform, account)
    wire |= fields | {"metadata": asked.metadata()}
    call.platform.merchant(account, livemode=call.merchant.livemode).emit("account.updated", wire)
    return wire


def retrieve(call: Call) -> Wire:
    call.params.only("")
    known = {call.merchant.account}
    if call.merchant.account == PLATFORM:
        known |= call.platform.connections.keys()
    if call.id not in known:
        raise no_such("account", call.id)
    return profile(call.platform, call.id)


def accounts(call: Call) -> Wire:
    call.params.only(PAGING)
    connected = call.platform.connections if call.merchant.account == PLATFORM else {}
    return page(call, [profile(call.platform, id) for id in reversed(connected)])

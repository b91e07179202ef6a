"""Connect by OAuth: an account's owner grants a platform access, and takes it back."""

from urllib.parse import parse_qsl

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from payymo_api.sandbox.page import choice, page
from payymo_api.sandbox.stripe.accounts import application, connect
from payymo_api.sandbox.stripe.platform import CLIENT_ID, PLATFORM, Connection, Grant, Key, Platform
from payymo_api.sandbox.stripe.refusals import Refusal, Wire
from payymo_api.sandbox.stripe.request import authenticate, platform_of

_CODE_SECONDS = 300
_SCOPES = {"read_only", "read_write"}
_FORM = """<form method="post"><button name="approve" value="1">Connect</button>
<button name="reject" value="1">Cancel</button></form>"""


class OAuthRefusal(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}


async def authorize(request: Request) -> Response:
    """Show the page; by POST or `?approve=1`, `?reject=1`, decide and send the owner back."""
    asked = request.query_params
    if asked.get("client_id") != CLIENT_ID or asked.get("response_type", "code") != "code":
        return page("Stripe", "There is no such application.", status=400)
    if asked.get("scope", "read_only") not in _SCOPES or not asked.get("redirect_uri"):
        return page("Stripe", "scope is read_only or read_write; redirect_uri is needed.", 400)
    chosen = await choice(request)
    if "approve" in chosen:
        return _back(
            request, **_grant(platform_of(request), asked.get("scope", "read_only"), chosen)
        )
    if "reject" in chosen:
        denied = {"error_description": "The user denied your request"}
        return _back(request, error="access_denied", **denied)
    return page("Stripe", "Connect Sandbox Ltd to Payymo?", form=_FORM)


def _grant(platform: Platform, scope: str, chosen: dict[str, str]) -> dict[str, str]:
    """A new account, or `account` to connect one that exists once more."""
    account = chosen.get("account")
    if account in platform.profiles:
        connection = Connection(str(account), livemode=False, scope=scope)
    else:
        connection = connect(platform, livemode=False, scope=scope)
        del platform.connections[connection.account]
    code = f"ac_{platform.chance.randbytes(16).hex()}"
    platform.grants[code] = Grant(connection, _now(platform) + _CODE_SECONDS)
    return {"scope": scope, "code": code}


def _now(platform: Platform) -> int:
    return int(platform.clock.now().timestamp())


def _back(request: Request, **query: str) -> Response:
    if state := request.query_params.get("state"):
        query["state"] = state
    address = URL(request.query_params["redirect_uri"]).include_query_params(**query)
    return RedirectResponse(str(address), 302)


async def token(request: Request) -> Response:
    """Exchange a code or a refresh token."""
    form, platform = await _form(request), platform_of(request)
    livemode = _client(request, form).livemode
    type = form.get("grant_type", "")
    if type == "authorization_code":
        connection = _code(platform, form.get("code", ""))
        connection.livemode = livemode
        return JSONResponse(_tokens(platform, connection, livemode=livemode))
    if type == "refresh_token":
        connection = _refresh(platform, form.get("refresh_token", ""), livemode=livemode)
        return JSONResponse(_tokens(platform, connection, livemode=livemode))
    raise OAuthRefusal("unsupported_grant_type", f"There is no grant type {type}.")


def _code(platform: Platform, code: str) -> Connection:
    """A code that is used twice ends what it gave."""
    grant = platform.grants.get(code)
    if grant is None or not code.startswith("ac_") or grant.ends < _now(platform):
        raise OAuthRefusal("invalid_grant", "The authorization code does not exist or is too old.")
    if grant.used:
        disconnect(platform, grant.connection)
        raise OAuthRefusal("invalid_grant", "The authorization code has been used before.")
    grant.used = True
    return grant.connection


def _refresh(platform: Platform, token: str, *, livemode: bool) -> Connection:
    """A connection made with a test key opens nothing live."""
    grant = platform.grants.get(token)
    known = grant is not None and grant.connection.account in platform.connections
    if grant is None or not known or (livemode and not grant.connection.livemode):
        raise OAuthRefusal("invalid_grant", "The refresh token is not valid.")
    return grant.connection


def _tokens(platform: Platform, connection: Connection, *, livemode: bool) -> Wire:
    account = connection.account
    platform.connections[account] = connection
    access = platform.new_key("sk", account, livemode=livemode)
    public = platform.new_key("pk", account, livemode=livemode)
    refresh = f"rt_{platform.chance.randbytes(16).hex()}"
    platform.grants[refresh] = Grant(connection, ends=0)
    merchant = platform.merchant(account, livemode=livemode)
    merchant.emit("account.application.authorized", application())
    return {
        "access_token": access.value,
        "livemode": livemode,
        "refresh_token": refresh,
        "token_type": "bearer",
        "stripe_publishable_key": public.value,
        "stripe_user_id": account,
        "scope": connection.scope,
    }


async def deauthorize(request: Request) -> Response:
    form, platform = await _form(request), platform_of(request)
    _client(request, form)
    if form.get("client_id") != CLIENT_ID:
        raise OAuthRefusal("invalid_client", "There is no such application.", 401)
    connection = platform.connections.get(form.get("stripe_user_id", ""))
    if connection is None:
        raise OAuthRefusal(
            "invalid_client", "The application is not connected to this account.", 401
        )
    disconnect(platform, connection)
    return JSONResponse({"stripe_user_id": connection.account})


def disconnect(platform: Platform, connection: Connection) -> None:
    """The last event that the platform sees of the account."""
    account = connection.account
    merchant = platform.merchant(account, livemode=connection.livemode)
    merchant.emit("account.application.deauthorized", application())
    platform.connections.pop(account, None)
    for key in [key for key in platform.keys.values() if key.account == account]:
        del platform.keys[key.value]


def _client(request: Request, form: dict[str, str]) -> Key:
    """The platform's secret key, in the header or as `client_secret`."""
    key = platform_of(request).keys.get(form.get("client_secret", ""))
    try:
        key = key or authenticate(request, platform_of(request))
    except Refusal:
        key = None
    if key is None or key.account != PLATFORM or not key.value.startswith("sk_"):
        raise OAuthRefusal("invalid_client", "No such API key.", 401)
    return key


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


async def refused(_request: Request, error: Exception) -> Response:
    """Starlette's handler for OAuthRefusal."""
    assert isinstance(error, OAuthRefusal)
    return JSONResponse(error.body, error.status)

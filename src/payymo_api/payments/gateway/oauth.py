"""Stripe Connect's OAuth (https://docs.stripe.com/connect/oauth-reference)."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

import httpx
from typing_extensions import override

from payymo_api.core.errors import ProviderTimeout, ProviderUnavailable
from payymo_api.payments.errors import ConnectRefused, StripeUnreadable
from payymo_api.payments.gateway import ConnectPlatform, Grant

_TIMEOUT_SECONDS = 20.0


class OAuth(ConnectPlatform):
    def __init__(self, url: str, *, client_id: str, secret_key: str) -> None:
        self._url = url.rstrip("/")
        self._client_id = client_id
        self._http = httpx.AsyncClient(
            base_url=self._url, timeout=_TIMEOUT_SECONDS, auth=(secret_key, "")
        )

    @override
    def authorization_url(self, *, state: str, redirect_url: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "scope": "read_write",
            "state": state,
            "redirect_uri": redirect_url,
        }
        return f"{self._url}/oauth/authorize?{urlencode(query)}"

    @override
    async def exchange(self, code: str) -> Grant:
        told = await self._post("token", {"grant_type": "authorization_code", "code": code})
        try:
            return Grant(
                account_id=str(told["stripe_user_id"]),
                livemode=bool(told["livemode"]),
                scope=str(told["scope"]),
            )
        except KeyError as error:
            raise StripeUnreadable("Stripe's grant names no account.") from error

    @override
    async def deauthorize(self, account_id: str) -> None:
        form = {"client_id": self._client_id, "stripe_user_id": account_id}
        try:
            await self._post("deauthorize", form)
        except ConnectRefused as error:
            if error.reason != "invalid_client":  # what it says of an account without a connection
                raise

    async def _post(self, path: str, form: Mapping[str, str]) -> Mapping[str, object]:
        try:
            answer = await self._http.post(f"/oauth/{path}", data=form)
        except httpx.TimeoutException as error:
            raise ProviderTimeout("Stripe did not answer in time.") from error
        except httpx.HTTPError as error:
            broken = type(error).__name__
            raise ProviderUnavailable(f"The connection to Stripe broke ({broken}).") from error
        return _told(answer)

    @override
    async def aclose(self) -> None:
        await self._http.aclose()


def _told(answer: httpx.Response) -> Mapping[str, object]:
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ProviderUnavailable(f"Stripe answered {answer.status_code}.")
    try:
        told = answer.json()
    except ValueError as error:
        raise StripeUnreadable(f"Stripe answered {answer.status_code} without JSON.") from error
    if not answer.is_success or not isinstance(told, dict):
        raise ConnectRefused.told(told if isinstance(told, dict) else {})
    return told

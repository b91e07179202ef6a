"""One call to GoCardless Bank Account Data: token, JSON, time-outs, refusals."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import httpx

from payymo_api.banking.errors import CredentialsRefused, RequestRefused, UnreadableAnswer
from payymo_api.banking.gateway import Tokens, TokenStore
from payymo_api.banking.gateway.gocardless.records import Record, record, text
from payymo_api.banking.gateway.gocardless.refusals import is_token_refusal, refusal
from payymo_api.core.errors import PayymoError, ProviderTimeout, ProviderUnavailable

_MARGIN = timedelta(minutes=5)
"""A token is renewed this long before it ends, so that none ends under way."""
_UNSTORABLE = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


@dataclass(frozen=True, slots=True)
class Answer:
    body: object
    headers: Mapping[str, str]


class Wire:
    """Sends each call once, with a valid token: a lost answer may have cost one of the day's few.

    Trying again, with backoff, is the caller's: `retryable` on the error says whether to.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Mapping[str, str],
        store: TokenStore,
        now: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._store = store
        self._now = now
        self._secrets = {secret for secret in credentials.values() if secret}
        self._tokens: Tokens | None = None
        self._renewing = asyncio.Lock()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer:
        """Return the 2xx answer; a refused token is renewed, and the call repeated, once."""
        token = await self._token()
        response = await self._send(method, path, query=query, body=body, token=token)
        if _refuses_token(response):
            token = await self._token(refused=token)
            response = await self._send(method, path, query=query, body=body, token=token)
        return self._answer(response)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return await self._http.request(
                method, f"/api/v2{path}", params=query, json=body, headers=headers
            )
        except httpx.TimeoutException as error:
            raise ProviderTimeout("GoCardless did not answer in time.") from error
        except httpx.HTTPError as error:
            broken = type(error).__name__
            raise ProviderUnavailable(f"The connection to GoCardless broke ({broken}).") from error

    def _answer(self, response: httpx.Response) -> Answer:
        body = _json(response)
        if not response.is_success:
            raise self._told_without_secrets(refusal(response.status_code, body, response.headers))
        if body is None:
            raise UnreadableAnswer(f"GoCardless answered {response.status_code} without JSON.")
        return Answer(body, response.headers)

    def _told_without_secrets(self, error: PayymoError) -> PayymoError:
        """A provider may quote what we sent: what is secret in it stops here."""
        for secret in self._secrets:
            error.detail = error.detail.replace(secret, "•••")
        error.args = (error.detail,)
        return error

    def _hold(self, tokens: Tokens | None) -> Tokens | None:
        """Remember the tokens as secrets; a call under way may still bear an older one."""
        if tokens:
            self._secrets |= {tokens.access, tokens.refresh}
        return tokens

    async def _token(self, *, refused: str | None = None) -> str:
        """Return an access token that is not `refused`; concurrent callers make one request."""
        if self._tokens and self._is_fresh(self._tokens, refused):
            return self._tokens.access
        async with self._renewing:
            tokens = self._tokens
            if tokens is None or not self._is_fresh(tokens, refused):
                tokens = self._hold(await self._store.load())  # another process may have renewed it
            if tokens is None or not self._is_fresh(tokens, refused):
                tokens = await self._renewed(None if refused else tokens)
                self._hold(tokens)
                await self._store.save(tokens)
            self._tokens = tokens
            return tokens.access

    def _is_fresh(self, tokens: Tokens, refused: str | None) -> bool:
        return tokens.access != refused and tokens.access_expires_at - self._now() > _MARGIN

    async def _renewed(self, tokens: Tokens | None) -> Tokens:
        """Refresh while the refresh token lives, else sign in with the secret."""
        if tokens and tokens.refresh_expires_at - self._now() > _MARGIN:
            answer = await self._send("POST", "/token/refresh/", body={"refresh": tokens.refresh})
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                body = self._token_body(answer)
                access_ends = self._end(body, "access_expires")
                return replace(tokens, access=text(body, "access"), access_expires_at=access_ends)
        answer = await self._send("POST", "/token/new/", body=self._credentials)
        body = self._token_body(answer)
        return Tokens(
            access=text(body, "access"),
            access_expires_at=self._end(body, "access_expires"),
            refresh=text(body, "refresh"),
            refresh_expires_at=self._end(body, "refresh_expires"),
        )

    def _token_body(self, response: httpx.Response) -> Record:
        """CredentialsRefused, lest a caller takes the refusal for one of its own request."""
        try:
            return record(self._answer(response).body)
        except RequestRefused as error:
            raise CredentialsRefused(error.detail) from error

    def _end(self, body: Record, lifetime: str) -> datetime:
        seconds = body.get(lifetime)
        if not isinstance(seconds, int):
            raise UnreadableAnswer(f"GoCardless gave a token without {lifetime}.")
        return self._now() + timedelta(seconds=seconds)


def _refuses_token(response: httpx.Response) -> bool:
    unauthorized = response.status_code == httpx.codes.UNAUTHORIZED
    return unauthorized and is_token_refusal(_json(response))


def _json(response: httpx.Response) -> object:
    """Return the body, or None if it is no JSON.

    Numbers with a point stay text: exact, and storable as JSON again. Text that PostgreSQL can't
    keep (NUL, half of a surrogate pair) is mended here, lest one line stops an account's sync.
    """
    try:
        body: object = json.loads(response.content, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return _storable(body) if _UNSTORABLE.search(response.content) else body


def _storable(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {str(_storable(key)): _storable(item) for key, item in value.items()}
    return value

"""JSON without loss: numbers come in as Decimal and leave with exactly their decimals."""

import json
from decimal import Decimal
from typing import Any, NoReturn

import orjson
from fastapi import Request
from pydantic import BaseModel
from typing_extensions import override

from payymo_api.core.errors import BodyTooLarge, MalformedRequest
from payymo_api.core.fields import PlainListing


class ExactRequest(Request):
    """A request whose JSON numbers are int or Decimal, never float, and whose body has a limit."""

    limit = 1024 * 1024

    @override
    async def body(self) -> bytes:
        """Read the whole body; BodyTooLarge as soon as it is more than `limit` bytes."""
        if not hasattr(self, "_body"):
            chunks: list[bytes] = []
            left = self.limit
            async for chunk in self.stream():
                left -= len(chunk)
                if left < 0:
                    raise BodyTooLarge(f"A body has at most {self.limit} bytes here.")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    @override
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = parse(await self.body())
        return self._json


def parse(body: bytes) -> Any:  # noqa: ANN401  JSON is anything
    """Read JSON text; MalformedRequest for what RFC 8259 does not allow."""
    try:
        return json.loads(
            body.decode(), parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_object
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise MalformedRequest("The body is not valid JSON.") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name twice is refused: two readers would see two different requests."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def dump(answer: BaseModel | PlainListing) -> bytes:
    if isinstance(answer, PlainListing):
        names = ("data", "has_more", "next_cursor")
        return dump_plain({name: getattr(answer, name) for name in names})
    return dump_plain(answer.model_dump())


def dump_plain(content: Any) -> bytes:  # noqa: ANN401  JSON is anything
    return orjson.dumps(content, default=_exact, option=orjson.OPT_UTC_Z)


def number(text: str) -> orjson.Fragment:
    """Return a decimal text as the JSON number that it is."""
    return orjson.Fragment(text.encode())


def _exact(value: object) -> object:
    if isinstance(value, Decimal):
        return number(format(value, "f"))
    raise TypeError(f"{type(value).__name__} has no JSON form")

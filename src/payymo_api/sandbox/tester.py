"""What the tester sends to the control routes."""

import json
from typing import Any

from starlette.requests import Request


class ControlError(Exception):
    """The tester asked for what can't be; the message says why."""


async def asked(request: Request, *required: str) -> dict[str, Any]:
    """Return the JSON object that the tester sent."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ControlError(f"the body is no JSON: {error}") from error
    if not isinstance(body, dict) or not body.keys() >= set(required):
        raise ControlError(f"the body is an object with {', '.join(required) or 'options'}")
    return body

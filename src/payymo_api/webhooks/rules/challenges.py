"""The challenge that proves an endpoint's owner wants our events: it comes back, or it does not."""

import secrets

import orjson


def new_challenge() -> str:
    return secrets.token_urlsafe(32)


def echoes(answer: bytes, challenge: str) -> bool:
    """Tell whether an answer is the challenge, as text or as JSON (`{"challenge": "…"}`)."""
    if answer.strip() == challenge.encode():
        return True
    try:
        found = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return False
    return challenge in (found, found.get("challenge") if isinstance(found, dict) else None)

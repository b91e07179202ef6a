"""Entity tags (RFC 9110, section 8.8.3) of what a GET answers."""

import hashlib
from dataclasses import dataclass

from pydantic import BaseModel

from payymo_api.core.errors import PreconditionFailed
from payymo_api.edge import exact


def etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(header: str, tag: str) -> bool:
    """Tell whether an If-Match or If-None-Match header names the tag (weak ones compare too)."""
    named = {each.strip().removeprefix("W/") for each in header.split(",")}
    return "*" in named or tag in named


@dataclass(frozen=True, slots=True)
class IfMatch:
    """A PUT's condition: `check` the representation before the change, under its row's lock."""

    header: str | None

    def check(self, before: BaseModel) -> None:
        """Raise PreconditionFailed (412) unless the header is absent or names what is there."""
        if self.header is not None and not matches(self.header, etag(exact.dump(before))):
            raise PreconditionFailed("The resource has changed since you read it.")

"""How a path finds its route among hundreds, and none that only looks like its own."""

from fastapi import APIRouter
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Scope
from typing_extensions import override


class _PublicIdConvertor(Convertor[str]):
    """Keeps `/transactions/sync` from being taken for a transaction by another method."""

    regex = "[a-z]+_[0-9a-z]+"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


register_url_convertor("public_id", _PublicIdConvertor())


def names_one(path: str) -> bool:
    """Tell whether a path is one resource's, which has an ETag: an id's, or the settings."""
    return path.endswith(("}", "/settings"))


class PrefixedRouter(APIRouter):
    """Has its routes tried only where its prefix stands in the path: the others have dozens."""

    @override
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if self.prefix not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

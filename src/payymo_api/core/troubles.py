"""What stays wrong with something until somebody or time mends it, shown wherever it is read."""

from typing import Annotated, Self

from pydantic import Field

from payymo_api.core.errors import PayymoError
from payymo_api.core.fields import Answer


class Trouble(Answer):
    """Why a connection or an account does not work, and what mends it."""

    code: Annotated[str, Field(examples=["consent_expired"])]
    title: Annotated[
        str, Field(examples=["The consent has ended"], description="What to show to its user.")
    ]
    detail: Annotated[str, Field(examples=["The consent has ended on 2026-11-30."])]
    next_step: Annotated[str, Field(examples=["Let the account holder consent again."])]

    @classmethod
    def of(cls, code: str | None, detail: str | None) -> Self | None:
        """Return the trouble of an error that was kept by its code."""
        if code is None:
            return None
        kind = _kind_of(code)
        return cls(code=code, title=kind.title, detail=detail or "", next_step=kind.resolution)


def _kind_of(code: str) -> type[PayymoError]:
    known = {error.code: error for error in _kinds(PayymoError)}
    return known.get(code, PayymoError)


def _kinds(base: type[PayymoError]) -> list[type[PayymoError]]:
    return [base, *(kind for each in base.__subclasses__() for kind in _kinds(each))]

"""Stripe's own words in answers: it may add to them at any time, so none is refused."""

from typing import Any, get_args

from pydantic import Field


def one_of(known: object, description: str | None = None) -> Any:  # noqa: ANN401  as Field's own
    """Describe a text that is, so far, one of this Literal's; a client must bear others.

    `x-extensible-enum` is what API guidelines (Zalando's, Adidas') call such a list.
    """
    words = list(get_args(known))
    return Field(
        description=description,
        examples=words[:1],
        json_schema_extra={"x-extensible-enum": words},
    )

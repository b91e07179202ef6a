"""Every error body of the wire, by the name that the provider's specification gives it.

`$WORDS` are filled in; a list under a field holds the field's possible faults, of which an answer
shows one (`variant`) or, when asked for by name as a fault, all.
"""

import json
from collections.abc import Collection, Mapping
from importlib import resources
from string import Template
from typing import Any, cast

Body = dict[str, Any]

_DEFAULTS = {
    "PART": "balances",
    "ID": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "OTHER_ID": "5ec8ea7a-9d0f-4d5c-9b0e-6a3a4c1f2b7d",
    "INSTITUTION": "ALBION_ALBNGB2L",
    "OTHER_INSTITUTION": "RHEINBANK_RHNBDEFF",
    "COUNTRY": "GBA",
    "DAYS": "90",
    "MOST_DAYS": "180",
    "DATE": "2026-01-31",
    "OTHER_DATE": "2026-02-10",
    "MOMENT": "2026-01-31 07:58:23.836351+00:00",
    "TIMES": "4",
    "PERIOD": "day",
    "SECONDS": "86400",
    "ADDRESS": "192.0.2.1",
    "REFERENCE": "reference-1",
    "LANGUAGE": "xx",
    "FIELD": "surplus",
    "LOCATION": "body",
    "SCOPE": "everything",
    "IBAN": "GB02ALBN10010112345678",
    "STATUS": "ERROR",
}


CATALOGUE: dict[str, dict[str, Any]] = json.loads(
    resources.files(__package__).joinpath("refusals.json").read_text(encoding="utf-8")
)
"""Name -> its `status` and `body`."""


class Refusal(Exception):
    """A handler refuses by the catalogue's name; `headers` go with the answer."""

    def __init__(
        self,
        name: str,
        *,
        variant: int | None = None,
        only: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
        **words: object,
    ) -> None:
        super().__init__(name)
        self.headers = dict(headers or {})
        self.status, self.body = render(name, variant=variant, only=only, **words)


def render(
    name: str, *, variant: int | None = None, only: Collection[str] = (), **words: object
) -> tuple[int, Body]:
    """Return status and body. KeyError: no such name.

    `only` keeps some of the faulty fields, `variant` one of the faults of each.
    """
    status = int(CATALOGUE[name]["status"])
    known = _DEFAULTS | {key: str(word) for key, word in words.items()}
    body = {key: _filled(value, known) for key, value in CATALOGUE[name]["body"].items()}
    if only:
        body = {field: body[field] for field in only}
    if variant is not None:
        body = {field: [faults[variant]] for field, faults in body.items()}
    return status, body if name == "AccountStateError" else body | {"status_code": status}


def _filled(value: object, words: Mapping[str, str]) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, str):
        return Template(value).substitute(words)
    if isinstance(value, list):
        return [_filled(item, words) for item in value]
    return {key: _filled(item, words) for key, item in cast("Body", value).items()}

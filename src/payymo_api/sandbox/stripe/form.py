"""Form bodies with brackets, `a[b]=c` and `a[0]=x`, and typed reading of them."""

import re
from collections.abc import Collection, Iterable
from typing import Any, Self

from payymo_api.sandbox.stripe.refusals import Refusal, Wire, missing, parameter

_METADATA_KEYS, _METADATA_KEY, _METADATA_VALUE = 50, 40, 500


def decoded(pairs: Iterable[tuple[str, str]]) -> Wire:
    """Return the nested object; a list is an object whose keys count from 0."""
    tree: Wire = {}
    for name, value in pairs:
        *branches, leaf = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name) or [name]
        node = tree
        for branch in branches:
            node = node.setdefault(branch or str(len(node)), {})
            if not isinstance(node, dict):
                raise parameter(name, f"Invalid object: {name}", "parameter_invalid_object")
        node[leaf or str(len(node))] = value
    return tree


class Parameters:
    """What a request, or a part of it at `path`, gives. An empty text unsets."""

    def __init__(self, values: Wire, path: str = "") -> None:
        self._values = values
        self._path = path

    def only(self, names: str) -> Self:
        """Refuse what is not among `names`."""
        for name in self._values.keys() - {*names.split(), "expand"}:
            where = self.where(name)
            raise parameter(where, f"Received unknown parameter: {where}", "parameter_unknown")
        return self

    def along_with(self, **values: str) -> "Parameters":
        return Parameters(self._values | values, self._path)

    def where(self, name: str) -> str:
        return f"{self._path}[{name}]" if self._path else name

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def has_parts(self, name: str) -> bool:
        return isinstance(self._values.get(name), dict)

    def names(self) -> list[str]:
        return list(self._values)

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self._values.get(name)
        if isinstance(value, dict):
            raise parameter(self.where(name), f"Invalid string: {self.where(name)}")
        return value or (None if name in self._values else default)

    def needed(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise missing(self.where(name))
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        text = self.text(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?\d+", text):
            where = self.where(name)
            raise parameter(where, f"Invalid integer: {text}", "parameter_invalid_integer")
        return int(text)

    def count(self, name: str, *, least: int = 1) -> int:
        """A number that must be there."""
        number = self.integer(name)
        if number is None:
            raise missing(self.where(name))
        if number < least:
            where = self.where(name)
            raise parameter(where, f"{where} is at least {least}", "parameter_invalid_integer")
        return number

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.text(name)
        if text is None:
            return default
        if text not in {"true", "false"}:
            raise parameter(self.where(name), f"Invalid boolean: {text}")
        return text == "true"

    def one_of(self, name: str, choices: Collection[str], default: str) -> str:
        value = self.text(name) or default
        if value not in choices:
            raise parameter(
                self.where(name), f"{self.where(name)} is one of {', '.join(sorted(choices))}"
            )
        return value

    def currency(self, name: str = "currency") -> str:
        code = self.needed(name).lower()
        if not re.fullmatch("[a-z]{3}", code):
            raise parameter(self.where(name), f"Invalid currency: {code}")
        return code

    def section(self, name: str) -> "Parameters":
        values = self._values.get(name) or {}
        if not isinstance(values, dict):
            where = self.where(name)
            raise parameter(where, f"Invalid object: {where}", "parameter_invalid_object")
        return Parameters(values, self.where(name))

    def rows(self, name: str) -> list["Parameters"]:
        """A list of objects."""
        section = self.section(name)
        return [section.section(place) for place in _places(section)]

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        section = self.section(name)
        return [section.needed(place) for place in _places(section)]

    def texts_of(self, names: str) -> Wire:
        """Those of `names` that are given, as texts; unset ones as null."""
        return {name: self.text(name) for name in names.split() if name in self._values}

    def plain(self, name: str) -> Any:  # noqa: ANN401  any JSON
        """As it came, for what the sandbox keeps without looking into it."""
        return self._values.get(name) or None

    def metadata(self, old: Wire | None = None) -> dict[str, str]:
        """Merge with `old`: an empty text removes a key, an empty `metadata` all of them."""
        if self._values.get("metadata") == "":
            return {}
        given = self.section("metadata")
        merged = (old or {}) | {key: given.text(key) for key in given.names()}
        kept = {key: value for key, value in merged.items() if value is not None}
        if len(kept) > _METADATA_KEYS:
            raise parameter("metadata", f"Metadata has at most {_METADATA_KEYS} keys.")
        for key, value in kept.items():
            if len(key) > _METADATA_KEY or len(value) > _METADATA_VALUE:
                raise parameter(f"metadata[{key}]", "Metadata keys or values are too long.")
        return kept


def _places(section: Parameters) -> list[str]:
    places = section.names()
    if any(not place.isdecimal() for place in places):
        raise Refusal("Invalid array", code="parameter_invalid_object", began=False)
    return sorted(places, key=int)

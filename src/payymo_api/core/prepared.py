"""Lists that are read all the time: SQL built once per shape of filters, run by the driver itself.

A shape is which filters are given, and of those that choose between words (`Literal`) which word:
what the SQL can depend on. The other values are bound.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from sqlalchemy import Dialect, Select, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from payymo_api.core.fields import Filters

FiltersT = TypeVar("FiltersT", bound=Filters)
Build = Callable[[FiltersT], Select[Any]]
_MOST_SHAPES = 500
_DIALECT: Dialect = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    names: Sequence[str]
    fixed: Mapping[str, Any]


class Prepared(Generic[FiltersT]):
    """`build` makes the statement for filters, whose values are parameters that are bound later.

    Its tenant is `core.db.ME`. Of a value it may ask only whether it is None, but for a `Literal`.
    """

    def __init__(self, filters: type[FiltersT], build: Build[FiltersT]) -> None:
        self._filters, self._build = filters, build
        self._words = {
            name for name, field in filters.model_fields.items() if _is_choice(field.annotation)
        }
        self._statements: dict[tuple[Any, ...], _Statement] = {}

    def statement(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Return SQL for `ReadScope.fetch`, and what to bind; a filter that is None is left out."""
        given = {name: value for name, value in values.items() if value is not None}
        words = self._words
        shape = tuple([(name, given[name]) if name in words else name for name in given])
        made = self._statements.get(shape) or self._compile(shape, given)
        bound = {**made.fixed, **given}
        return made.text, [bound[name] for name in made.names]

    def _compile(self, shape: tuple[Any, ...], given: Mapping[str, Any]) -> _Statement:
        if len(self._statements) >= _MOST_SHAPES:
            self._statements.clear()
        stand_ins = {
            name: value if name in self._words else bindparam(name) for name, value in given.items()
        }
        absent = dict.fromkeys(self._filters.model_fields.keys() - given.keys())
        filters: Any = self._filters.model_construct(None, **absent, **stand_ins)
        compiled = self._build(filters).compile(dialect=_DIALECT)
        made = _Statement(str(compiled), compiled.positiontup or (), compiled.params)
        self._statements[shape] = made
        return made


def _is_choice(annotation: object) -> bool:
    return get_origin(annotation) is Literal or any(map(_is_choice, get_args(annotation)))

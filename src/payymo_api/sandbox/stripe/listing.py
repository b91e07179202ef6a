"""Pages of a list, newest first: limit, starting_after, ending_before, filters, created ranges."""

import operator
from collections.abc import Callable

from payymo_api.sandbox.stripe.form import Parameters
from payymo_api.sandbox.stripe.refusals import Wire, no_such, parameter
from payymo_api.sandbox.stripe.request import Call

PAGING = "limit starting_after ending_before expand created"
_MOST = 100
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def listing(call: Call, kind: str, filters: str = "") -> Wire:
    """A page of the account's objects of a kind, filtered by fields of the same name."""
    call.params.only(f"{PAGING} {filters}")
    wanted = {name: call.params.text(name) for name in filters.split()}
    rows = [
        wire
        for wire in call.merchant.newest_first(kind)
        if all(value is None or wire.get(name) == value for name, value in wanted.items())
    ]
    return page(call, rows)


def page(call: Call, rows: list[Wire]) -> Wire:
    """A page of `rows`, which come newest first."""
    limit = call.params.integer("limit", 10) or 0
    if not 0 < limit <= _MOST:
        raise parameter("limit", f"limit is from 1 to {_MOST}", "parameter_invalid_integer")
    rows = within(rows, call.params, "created")
    after, before = (call.params.text(name) for name in ("starting_after", "ending_before"))
    if before:
        earlier = rows[: _place(call, rows, before, "ending_before")]
        shown, more = earlier[-limit:], len(earlier) > limit
    else:
        start = _place(call, rows, after, "starting_after", past=True) if after else 0
        shown, more = rows[start : start + limit], len(rows) > start + limit
    return {"object": "list", "data": shown, "has_more": more, "url": call.url}


def _place(call: Call, rows: list[Wire], id: str, param: str, *, past: bool = False) -> int:
    """Where the cursor stands, or would stand if the filters had let it through."""
    for place, row in enumerate(rows):
        if row["id"] == id:
            return place + past
    order = call.merchant.order
    if id not in order:
        raise no_such("object", id, param, 400)
    return sum(order[row["id"]] > order[id] for row in rows)


def within(rows: list[Wire], params: Parameters, name: str) -> list[Wire]:
    """Filter by a moment: `created=1` or `created[gte]=1`."""
    if name not in params:
        return rows
    if not params.has_parts(name):
        return [row for row in rows if row[name] == params.integer(name)]
    bounds = params.section(name).only("gt gte lt lte")
    for bound in bounds.names():
        limit = bounds.integer(bound) or 0
        rows = [row for row in rows if _COMPARE[bound](row[name], limit)]
    return rows

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.webhooks.rules.subscriptions import covers, wants
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES

NAMES = sorted(EVENT_TYPES)
names = st.sampled_from(NAMES)


@given(names)
def test_every_event_type_is_covered_by_itself_its_kind_and_every(name: str) -> None:
    kind = name.partition(".")[0]
    patterns = (name, f"{kind}.*", "*")
    assert all(covers(pattern, name) for pattern in patterns)


@given(names, names)
def test_a_kind_covers_its_own_alone(name: str, other: str) -> None:
    kind = name.partition(".")[0]
    assert covers(f"{kind}.*", other) == (other.partition(".")[0] == kind)
    assert covers(name, other) == (name == other)


def test_a_kind_covers_what_later_versions_add() -> None:
    assert covers("transaction.*", "transaction.doubted")
    assert not covers("transaction.*", "transactions.imported")


@pytest.mark.parametrize(
    "text", ["", ".*", "**", "transaction", "transaction.", "transaction*", "*.created", "moon.*"]
)
def test_what_stands_for_no_event_type_covers_none(text: str) -> None:
    assert not any(covers(text, name) for name in NAMES)


@given(st.lists(names, max_size=5), names)
def test_an_endpoint_wants_what_any_of_its_patterns_covers(patterns: list[str], name: str) -> None:
    wanted = wants(patterns, name, each_line=False, is_line=False)
    assert wanted == (name in patterns)


@pytest.mark.parametrize("each_line", [True, False])
def test_lines_or_their_summary_never_both(*, each_line: bool) -> None:
    line = wants(["*"], "transaction.created", each_line=each_line, is_line=True)
    summary = wants(["*"], "transactions.imported", each_line=each_line, is_line=False)
    assert (line, summary) == (each_line, not each_line)

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from bot.model import Change, Incident, Notice, Reason, ServiceState, SubscriptionFilter, Topic
from bot.store.columns import Json, Utc
from tests.reasons import quote

SQLITE, POSTGRES = sqlite.dialect(), postgresql.dialect()
TIMES = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
LENGTHS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
st.register_type_strategy(datetime, TIMES)
st.register_type_strategy(timedelta, LENGTHS)
st.register_type_strategy(str, WORDS)
# Reasons may hold reasons, without end.
st.register_type_strategy(Reason, WORDS.map(quote))


@pytest.mark.parametrize("noun", [ServiceState, Incident, Change, Notice, SubscriptionFilter])
def test_a_noun_comes_back_as_it_was(noun):
    column = Json(noun)

    @settings(max_examples=60, deadline=None)
    @given(st.from_type(noun))
    def check(value):
        assert column.process_result_value(column.process_bind_param(value, SQLITE), SQLITE) == value

    check()


def test_keys_of_a_newer_tocsin_are_ignored_and_missing_ones_take_their_defaults():
    column = Json(SubscriptionFilter)
    kept = json.loads(column.process_bind_param(SubscriptionFilter(("x",), frozenset({Topic.DOWN})), SQLITE))
    del kept["but"]
    kept["mood"] = "later version"

    assert column.process_result_value(json.dumps(kept), SQLITE) == SubscriptionFilter(("x",), frozenset({Topic.DOWN}))


def test_a_naive_time_deep_inside_a_noun_is_refused():
    state = ServiceState("x", ended=((datetime(2022, 7, 14, tzinfo=UTC), datetime(2022, 7, 14)),))  # noqa: DTZ001 - on purpose

    with pytest.raises(ValueError, match="without a zone"):
        Json(ServiceState).process_bind_param(state, SQLITE)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES], ids=["sqlite", "postgres"])
def test_a_naive_time_is_refused(dialect):
    with pytest.raises(ValueError, match="without a zone"):
        Utc().process_bind_param(datetime(2022, 7, 14), dialect)  # noqa: DTZ001 - on purpose


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_an_instant_comes_back_as_the_same_one_in_utc(instant):
    back = Utc().process_result_value(Utc().process_bind_param(instant, SQLITE), SQLITE)

    assert back == instant
    assert back.tzinfo is UTC

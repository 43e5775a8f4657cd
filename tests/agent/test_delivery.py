"""A delivery settles once; a position is committed only when everything before it is settled."""

from __future__ import annotations

import random

from agent.delivery import Delivery, PositionTracker


def test_delivery_settles_with_the_last_release():
    settled = []
    delivery = Delivery(settled.append)
    delivery.hold()
    delivery.hold()
    delivery.release()
    delivery.release()
    assert settled == []
    delivery.release()
    assert settled == [delivery]


def chunk(tracker, position):
    delivery = Delivery(lambda _: None)
    tracker.begin(position, delivery)
    return delivery


def test_a_later_chunk_waits_for_an_earlier_one():
    tracker = PositionTracker()
    first, second, third = chunk(tracker, 10), chunk(tracker, 20), chunk(tracker, 30)
    second.release()
    third.release()
    assert tracker.committable() is None
    first.release()
    assert tracker.committable() == 30
    tracker.committed(30)
    assert tracker.committable() is None
    assert tracker.next_position == 30


def test_positions_in_any_order_never_pass_a_gap():
    rng = random.Random(7)
    for _ in range(200):
        tracker = PositionTracker()
        entries = {n: chunk(tracker, n) for n in range(1, 21)}
        done = set()
        for number in rng.sample(sorted(entries), 20):
            entries[number].release()
            done.add(number)
            prefix = 0
            while prefix + 1 in done:
                prefix += 1
            position = tracker.committable()
            if position is not None:
                tracker.committed(position)
            assert tracker._committed == (prefix or None)


def test_a_last_commit_repeats_what_an_earlier_one_may_have_failed_to_do():
    tracker = PositionTracker()
    assert tracker.committable(again=True) is None
    chunk(tracker, 10).release()
    tracker.committed(10)
    assert tracker.committable() is None
    assert tracker.committable(again=True) == 10


def test_what_holds_no_record_is_passed_over_in_order():
    tracker = PositionTracker()
    entry = chunk(tracker, 5)
    tracker.pass_over(6)  # a transaction's commit marker
    assert tracker.committable() is None
    entry.release()
    assert tracker.committable() == 6
    tracker.pass_over(3)
    assert tracker.next_position == 6

"""What a library repeats is passed on once."""

from __future__ import annotations

import logging

from plugins.common.kafka.library_log import LibraryLog


def test_the_same_message_with_other_numbers_is_passed_on_once(caplog):
    handler = LibraryLog(logging.getLogger("inputs.kafka_consumer"), "some_library")
    child = logging.getLogger("some_library.net")
    for after in range(20):
        child.error("broker 127.0.0.1:9092 refused after %d ms", after)
    child.info("chatter")
    handler.logger.warning("something else")
    LibraryLog(logging.getLogger("inputs.kafka_consumer"), "some_library").logger.warning("something else")
    assert [record.getMessage() for record in caplog.records] == [
        "broker 127.0.0.1:9092 refused after 0 ms",
        "something else",
    ]
    assert {record.name for record in caplog.records} == {"inputs.kafka_consumer"}

"""Lively metrics: hosts with daily loads, sensors that drift. Every point carries its send time."""

from __future__ import annotations

import math
import random
import threading
import time
from typing import Any

__all__ = ["Producer"]

_HOSTS = [f"web-{n:02d}" for n in range(1, 9)] + [f"db-{n:02d}" for n in range(1, 4)]
_ROOMS = ["kitchen", "attic", "cellar", "greenhouse"]


class Producer:
    """Sends about ``rate`` points a second to a topic until stopped."""

    def __init__(self, brokers: str, topic: str, rate: int) -> None:
        self._brokers, self._topic, self._rate = brokers, topic, rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="producer", daemon=True)
        self.sent = 0
        """Points that the broker has taken."""
        self.error = ""
        self._last = 0

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more, and wait until the broker has taken all."""
        self._stop.set()
        self._thread.join(15)

    def _time(self) -> int:
        """Now, and never the same twice: a point's time identifies it."""
        self._last = max(time.time_ns(), self._last + 1)
        return self._last

    def _line(self, number: int) -> bytes:
        wave = math.sin(number / 400) * 20 + random.gauss(0, 4)
        if number % 5:
            host = _HOSTS[number % len(_HOSTS)]
            busy = min(max(45 + wave, 0.5), 99.5)
            line = f"cpu,host={host},region=eu usage={busy:.2f},seq={number}i,procs={120 + number % 40}i"
        else:
            room = _ROOMS[number // 5 % len(_ROOMS)]
            line = f"climate,room={room} temperature={19 + wave / 10:.2f},humidity={50 - wave / 4:.1f},seq={number}i"
        return f"{line} {self._time()}".encode()

    def _run(self) -> None:
        import kafka

        try:
            producer: Any = kafka.KafkaProducer(bootstrap_servers=[self._brokers], linger_ms=20)
            number, started, waiting = 0, time.monotonic(), []
            while not self._stop.is_set():
                due = int((time.monotonic() - started) * self._rate)
                while number < due:
                    waiting.append(producer.send(self._topic, self._line(number)))
                    number += 1
                waiting = self._count(waiting)
                self._stop.wait(0.02)
            producer.flush(10)
            self._count(waiting)
            producer.close(2)
        except Exception as error:  # shown in the summary
            self.error = f"{type(error).__name__}: {error}"

    def _count(self, waiting: list[Any]) -> list[Any]:
        self.sent += sum(1 for future in waiting if future.is_done and future.succeeded())
        return [future for future in waiting if not future.is_done]

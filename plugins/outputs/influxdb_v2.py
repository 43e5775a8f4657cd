"""InfluxDB 2.x, and whatever else has its write endpoint."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from plugins.common.influx.answers import KEEP, POINTS, Verdict
from plugins.common.influx.http import Servers
from plugins.common.influx.lanes import split, without_tags, write_lanes
from plugins.common.influx.options import CommonInfluxConfig, check, request_options
from pyagent import ConfigError, Duration, MetricBatch, Output, Secret, Size, config, option
from pyagent import __version__ as version


@config
class InfluxDBv2Config(CommonInfluxConfig):
    """Options of ``outputs.influxdb_v2``."""

    token: Secret = option("Token for authentication.", default=Secret(""))
    organization: str = option("The organization to write to.", default="")
    bucket: str = option("The bucket to write to.", default="")
    bucket_tag: str = option("The tag whose value chooses the bucket; metrics without it go to `bucket`.", default="")
    exclude_bucket_tag: bool = option("Do not write that tag.", default=False)
    ping_timeout: Duration = option("HTTP/2 only; writes use HTTP/1.1 here, so it does nothing.", default=Duration(0))
    read_idle_timeout: Duration = option("HTTP/2 only; does nothing.", default=Duration(0))
    rate_limit: Size = option("Bytes to send in a rate_limit_period, before compression; 0: no limit.", default=Size(0))
    rate_limit_period: Duration = option("The period of rate_limit.", default=Duration(0))
    concurrent_writes: int = option("Send a batch in so many parts at once.", default=1)


class InfluxDBv2(Output[InfluxDBv2Config]):
    """Writes to ``/api/v2/write``."""

    startup_error_default = "retry"

    def init(self) -> None:
        check(self.config, ("http", "https", "unix"))
        self._servers: Servers | None = None
        self._period_ends = 0.0
        self._sent = 0
        self._lock = threading.Lock()
        if self.config.rate_limit and not self.config.rate_limit_period:
            raise ConfigError("needs rate_limit_period", key="rate_limit")
        if self.config.concurrent_writes < 1:
            raise ConfigError("must be at least 1", key="concurrent_writes")

    def open(self) -> None:
        options = self.config
        headers = {"User-Agent": options.user_agent or f"pyagent/{version}", **options.http_headers}
        headers["Authorization"] = f"Token {options.token.get()}"
        self._servers = Servers(
            options.urls,
            timeout=options.timeout.seconds,
            headers=headers,
            gzip=options.content_encoding == "gzip",
            options=request_options(options),
            local_address=options.local_address,
        )

    def close(self) -> None:
        if getattr(self, "_servers", None) is not None:
            self._servers.close()  # type: ignore[union-attr]
            self._servers = None

    def _sender(self, bucket: str) -> Callable[[bytes], Verdict]:
        params = {"bucket": bucket, "org": self.config.organization}

        def send(body: bytes) -> Verdict:
            wait = self._over_limit(len(body))
            if wait is not None:
                return Verdict(KEEP, "rate_limit is reached for this period", wait)
            assert self._servers is not None
            verdict = self._servers.send("/api/v2/write", params, body)
            chosen_by_data = bucket != self.config.bucket
            if verdict.status == 404 and chosen_by_data and self.config.on_missing_destination == "dead_letter":
                return Verdict(POINTS, f'partial write: bucket "{bucket}" not found', None, 404)
            return verdict

        return send

    def _over_limit(self, size: int) -> float | None:
        """Seconds to wait if the period's bytes are used up; books ``size`` otherwise."""
        limit = self.config.rate_limit
        if not limit:
            return None
        with self._lock:
            now = time.monotonic()
            if now >= self._period_ends:
                self._period_ends, self._sent = now + self.config.rate_limit_period.seconds, 0
            # A body above the limit goes out alone at the start of a period: else it never would.
            if self._sent and self._sent + size > limit:
                return self._period_ends - now
            self._sent += size
            return None

    def write(self, batch: MetricBatch) -> None:
        options = self.config
        uint, omit = options.influx_uint_support, options.influx_omit_timestamp
        if options.bucket_tag:
            drop = [options.bucket_tag] if options.exclude_bucket_tag else []
            chosen = split(batch, lambda tags: (tags.get(options.bucket_tag) or options.bucket,))
            write_lanes(
                [
                    (
                        indices,
                        without_tags(batch.select(indices), drop).encode_lines(uint_support=uint, omit_timestamp=omit),
                        self._sender(bucket),
                    )
                    for (bucket,), indices in chosen.items()
                ]
            )
            return
        lines = batch.encode_lines(uint_support=uint, omit_timestamp=omit)
        parts = min(options.concurrent_writes, len(lines)) or 1
        size = -(-len(lines) // parts)
        send = self._sender(options.bucket)
        lanes = [
            (list(range(start, min(start + size, len(lines)))), lines[start : start + size], send)
            for start in range(0, len(lines), size)
        ]
        write_lanes(lanes, threads=parts)

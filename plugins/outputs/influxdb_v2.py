"""InfluxDB 2.x, and whatever else has its write endpoint."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from plugins.common.influx.answers import REFUSED, Verdict
from plugins.common.influx.http import Servers
from plugins.common.influx.lanes import split, without_tags, write_lanes
from plugins.common.influx.options import CommonInfluxConfig, check, request_options
from plugins.common.influx.options import headers as more_headers
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
        headers = {"User-Agent": options.user_agent or f"pyagent/{version}", **more_headers(options)}
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
            assert self._servers is not None
            verdict = self._servers.send("/api/v2/write", params, body)
            chosen_by_data = bucket != self.config.bucket
            if verdict.status == 404 and chosen_by_data and self.config.on_missing_destination == "dead_letter":
                return Verdict(REFUSED, f'bucket "{bucket}" not found', None, 404)
            return verdict

        return send

    def _fits(self, sizes: Sequence[int]) -> tuple[int, float]:
        """How many lines of these sizes (bytes) the rate limit lets go now; if none, the seconds to wait."""
        limit = self.config.rate_limit
        with self._lock:
            now = time.monotonic()
            if now >= self._period_ends:
                self._period_ends, self._sent = now + self.config.rate_limit_period.seconds, 0
            count = 0
            for size in sizes:
                # A line above the limit goes alone at the start of a period: else it never would.
                if self._sent and self._sent + size > limit:
                    break
                self._sent += size
                count += 1
            return count, self._period_ends - now

    def write(self, batch: MetricBatch) -> int:
        options = self.config
        uint, omit = options.influx_uint_support, options.influx_omit_timestamp
        lanes = []
        if options.bucket_tag:
            drop = [options.bucket_tag] if options.exclude_bucket_tag else []
            chosen = split(batch, lambda tags: (tags.get(options.bucket_tag) or options.bucket,))
            for (bucket,), indices in chosen.items():
                own = without_tags(batch.select(indices), drop)
                lanes += self._parts(indices, own.encode_lines(uint_support=uint, omit_timestamp=omit), bucket)
        else:
            lines = batch.encode_lines(uint_support=uint, omit_timestamp=omit)
            lanes = self._parts(list(range(len(lines))), lines, options.bucket)
        return write_lanes(
            lanes, min(options.concurrent_writes, len(lanes)), self._fits if options.rate_limit else None
        )

    def _parts(
        self, indices: list[int], lines: list[bytes], bucket: str
    ) -> list[tuple[list[int], list[bytes], Callable[[bytes], Verdict]]]:
        """The lines for a bucket in as many parts as ``concurrent_writes`` asks for."""
        size = -(-len(lines) // self.config.concurrent_writes) or 1
        send = self._sender(bucket)
        return [(indices[at : at + size], lines[at : at + size], send) for at in range(0, len(lines), size)]

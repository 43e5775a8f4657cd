"""InfluxDB 1.x."""

from __future__ import annotations

import random
from typing import Optional

from plugins.common.influx.answers import KEEP, REFUSED, WRITTEN, Verdict
from plugins.common.influx.http import Servers
from plugins.common.influx.lanes import split, without_tags, write_lanes
from plugins.common.influx.options import CommonInfluxConfig, check, request_options
from plugins.common.influx.options import headers as more_headers
from plugins.common.influx.udp import UdpServer
from plugins.common.splitting import split_metric
from pyagent import ConfigError, MetricBatch, Output, Retry, Secret, Size, config, option
from pyagent import __version__ as version


@config
class InfluxDBConfig(CommonInfluxConfig):
    """Options of ``outputs.influxdb``."""

    database: str = option("The database to write to.", default="telegraf")
    database_tag: str = option(
        "The tag whose value chooses the database; metrics without it go to `database`.", default=""
    )
    exclude_database_tag: bool = option("Do not write that tag.", default=False)
    retention_policy: str = option("The retention policy; empty: the database's default.", default="")
    retention_policy_tag: str = option("The tag whose value chooses the retention policy.", default="")
    exclude_retention_policy_tag: bool = option("Do not write that tag.", default=False)
    skip_database_creation: bool = option("Do not create databases.", default=False)
    username: Secret = option("Name for basic authentication.", default=Secret(""))
    password: Secret = option("Password for basic authentication.", default=Secret(""))
    udp_payload: Size = option("Most bytes of a datagram, for udp:// URLs.", default=Size(512))
    write_consistency: str = option("Consistency for clusters: any, one, quorum, all.", default="")


class InfluxDB(Output[InfluxDBConfig]):
    """Writes to ``/write`` of InfluxDB 1.x, and creates the database."""

    startup_error_default = "retry"

    def init(self) -> None:
        check(self.config, ("http", "https", "unix", "udp", "udp4", "udp6"))
        self._udp = [UdpServer(url) for url in self.config.urls if url.startswith("udp")]
        if self._udp and len(self._udp) < len(self.config.urls):
            raise ConfigError("mixes UDP, which never answers, with HTTP; use an output for each", key="urls")
        self._servers: Servers | None = None
        self._asked: set[str] = set()
        """Databases made already, and those that these credentials may not make."""
        self._database = self.config.database or "telegraf"

    def open(self) -> None:
        options = self.config
        if self._udp:
            return
        settings = request_options(options)
        if options.username or options.password:
            from requests.auth import HTTPBasicAuth

            settings["auth"] = HTTPBasicAuth(options.username.get().encode(), options.password.get().encode())
        headers = {**more_headers(options), "User-Agent": options.user_agent or f"pyagent/{version}"}
        self._servers = Servers(
            options.urls,
            timeout=options.timeout.seconds,
            headers=headers,
            gzip=options.content_encoding == "gzip",
            options=settings,
            local_address=options.local_address,
        )
        self._create(self._database)

    def close(self) -> None:
        if getattr(self, "_servers", None) is not None:
            self._servers.close()  # type: ignore[union-attr]
            self._servers = None
        for server in self._udp:
            server.close()

    def _create(self, database: str) -> bool:
        """Create the database if that is wanted; failing is only a warning, since it may exist all the same."""
        if self.config.skip_database_creation:
            return False
        name = database.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        assert self._servers is not None
        from urllib.parse import urlencode

        query = urlencode({"q": f'CREATE DATABASE "{name}"'})
        verdict = self._servers.send("/query", {}, query, "application/x-www-form-urlencoded")
        if verdict.status == 403:
            self._asked.add(database)  # asking with every write would only fill the log
        if verdict.kind != WRITTEN:
            self.log.warning('database "%s" creation failed: %s', database, verdict.reason)
            return False
        self._asked.add(database)
        return True

    def _send(self, database: str, policy: str, body: bytes) -> Verdict:
        params = {"db": database}
        if policy:
            params["rp"] = policy
        if self.config.write_consistency not in ("", "one"):
            params["consistency"] = self.config.write_consistency
        assert self._servers is not None
        verdict = self._servers.send("/write", params, body)
        if verdict.kind == KEEP and verdict.status == 404 and "database not found" in verdict.reason:
            if self._create(database):
                return self._servers.send("/write", params, body)
            if self.config.on_missing_destination == "dead_letter" and database != self._database:
                return Verdict(REFUSED, f'database "{database}" not found', None, 404)
        return verdict

    def write(self, batch: MetricBatch) -> Optional[int]:
        options = self.config
        encoding = {"uint_support": options.influx_uint_support, "omit_timestamp": options.influx_omit_timestamp}
        if self._udp:
            self._write_udp(batch)
            return None
        if not options.database_tag and not options.retention_policy_tag:
            lines = batch.encode_lines(**encoding)
            lane = (self._database, options.retention_policy)
            return write_lanes([(list(range(len(lines))), lines, lambda body: self._send(*lane, body))])
        lanes = split(batch, self._choose)
        drop = [options.database_tag] * options.exclude_database_tag
        drop += [options.retention_policy_tag] * options.exclude_retention_policy_tag
        return write_lanes(
            [
                (indices, without_tags(batch.select(indices), drop).encode_lines(**encoding), self._sender(*lane))
                for lane, indices in lanes.items()
            ]
        )

    def _write_udp(self, batch: MetricBatch) -> None:
        """A datagram holds at most ``udp_payload`` bytes: longer metrics are split by their fields."""
        options = self.config
        lines, uint, omit = [], options.influx_uint_support, options.influx_omit_timestamp
        for index, line in enumerate(batch.encode_lines(uint_support=uint, omit_timestamp=omit)):
            if len(line) < options.udp_payload:
                lines += [line] if line else []
            else:
                metric = next(iter(batch.select([index])))
                lines += split_metric(metric, options.udp_payload, uint, omit, self.log)
        verdict = Verdict(KEEP, "no URL is configured")
        for server in random.sample(self._udp, len(self._udp)):
            verdict = server.send(lines)
            if verdict.kind == WRITTEN:
                return
        raise Retry(verdict.reason)

    def _choose(self, tags: dict[str, str]) -> tuple[str, ...]:
        options = self.config
        database = tags.get(options.database_tag, "") if options.database_tag else ""
        policy = tags.get(options.retention_policy_tag, "") if options.retention_policy_tag else ""
        return database or self._database, policy or options.retention_policy

    def _sender(self, database: str, policy: str):  # type: ignore[no-untyped-def]
        if database not in self._asked and self.config.database_tag:
            self._create(database)
        return lambda body: self._send(database, policy, body)

"""The options of ``inputs.kafka_consumer``."""

from __future__ import annotations

from typing import Optional

from plugins.common.tls import TlsClientConfig
from pyagent import Duration, Secret, Size, config, option

#: Options of Telegraf's that would change what is secure, and that no client here can do yet: refused, never ignored.
REFUSED = (
    "sasl_gssapi_service_name",
    "sasl_gssapi_auth_type",
    "sasl_gssapi_kerberos_config_path",
    "sasl_gssapi_key_tab_path",
    "sasl_gssapi_realm",
    "sasl_gssapi_disable_pafxfast",
    "sasl_aws_msk_iam_region",
    "sasl_aws_msk_iam_profile",
    "sasl_aws_msk_iam_role",
    "sasl_aws_msk_iam_session",
    "resolve_canonical_bootstrap_servers_only",
)

__all__ = ["REFUSED", "KafkaConsumerConfig"]

_MS = 1_000_000
_METADATA = ("key", "partition", "offset", "timestamp")


@config
class KafkaConsumerConfig(TlsClientConfig):
    """Options of ``inputs.kafka_consumer``."""

    brokers: list[str] = option("Brokers to begin with, host:port.", default=[], example=["localhost:9092"])
    topics: list[str] = option("Topics to read.", default=[], example=["telegraf"])
    topic_regexps: list[str] = option(
        "Read every topic that one of these regular expressions (RE2) finds; new topics are picked up.", default=[]
    )
    topic_refresh: Duration = option("How soon new topics and partitions are found.", default=Duration(30_000 * _MS))
    client: str = option(
        "The Kafka library: kafka-python, confluent (faster; the extra `confluent`), or auto: the faster of those installed.",
        default="auto",
        choices=("auto", "kafka-python", "confluent"),
    )
    consumer_group: str = option("The consumer group.", default="telegraf_metrics_consumers")
    client_id: str = option("The name that brokers see in their logs.", default="pyagent")
    group_instance_id: str = option("Static membership: a name that no other member has. Empty: dynamic.", default="")
    session_timeout: Duration = option("A member not heard of for so long is out.", default=Duration(10_000 * _MS))
    offset: str = option(
        "Where a group without a committed offset begins.", default="oldest", choices=("oldest", "newest")
    )
    balance_strategy: str = option(
        "How partitions are shared out.", default="range", choices=("range", "roundrobin", "sticky")
    )
    isolation_level: str = option(
        "read_committed leaves out what a transaction has not committed.",
        default="read_uncommitted",
        choices=("read_uncommitted", "read_committed"),
    )
    max_undelivered_messages: int = option(
        "Most messages read and not yet written; 0: only [agent] memory_limit bounds them. (Telegraf's default is 1000.)",
        default=0,
    )
    max_message_len: int = option("Longer messages become dead letters; 0: no limit.", default=0, example=1000000)
    tombstones: str = option(
        "Messages without a value: skip them (counted), or make dead letters.",
        default="skip",
        choices=("skip", "dead_letter"),
    )
    topic_tag: str = option("Add the topic as a tag of this name.", default="", example="topic")
    msg_headers_as_tags: list[str] = option("Headers to add as tags.", default=[])
    msg_header_as_metric_name: str = option("The header that names the metrics of its message.", default="")
    metadata_as_tags: list[str] = option(
        "Of the record itself, add as tags: key, partition, offset, timestamp.", default=[], choices=_METADATA
    )
    metadata_as_fields: list[str] = option("The same as fields.", default=[], choices=_METADATA)
    timestamp_source: str = option(
        "Where a metric's time is from: metric (the data), inner (the record), outer (as inner: modern batches have no other).",
        default="metric",
        choices=("metric", "inner", "outer"),
    )
    consumer_fetch_default: Size = option("Bytes to ask for per partition.", default=Size(1024 * 1024), example="1MiB")
    consumer_fetch_min: Size = option("Bytes that a broker waits for.", default=Size(1))
    consumer_fetch_max_wait: Duration = option("How long it waits for them.", default=Duration(500 * _MS))
    max_poll_records: int = option("Messages to take from the client at once.", default=5000)
    kafka_version: str = option("Telegraf needs it; the version is detected here.", default="", aliases=("version",))
    compression_codec: int = option("For producers; reading understands every codec.", default=0)
    max_processing_time: Duration = option("Telegraf's; nothing depends on it here.", default=Duration(100 * _MS))
    connection_strategy: str = option(
        "startup or defer.", default="", choices=("", "startup", "defer"), deprecated="use startup_error_behavior"
    )
    metadata_full: Optional[bool] = option("Telegraf's; nothing depends on it here.", default=None)
    metadata_retry_max: int = option("Telegraf's; connecting is retried for ever here.", default=0)
    metadata_retry_type: str = option("Telegraf's.", default="constant", choices=("constant", "exponential"))
    metadata_retry_backoff: Duration = option("Telegraf's.", default=Duration(0))
    metadata_retry_max_duration: Duration = option("Telegraf's.", default=Duration(0))
    keep_alive_period: Duration = option("Telegraf's; the system's own is used here.", default=Duration(0))
    resolve_canonical_bootstrap_servers_only: bool = option("Not supported.", default=False)
    enable_tls: Optional[bool] = option(
        "true: TLS; false: none; unset: TLS if another tls_ option is set.", default=None
    )
    sasl_mechanism: str = option("PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.", default="")
    sasl_username: Secret = option("Name for SASL.", default=Secret(""))
    sasl_password: Secret = option("Password for SASL.", default=Secret(""))
    sasl_access_token: Secret = option("The token for OAUTHBEARER.", default=Secret(""))
    sasl_extensions: dict[str, str] = option("Extensions for OAUTHBEARER.", default={})
    sasl_gssapi_service_name: str = option("For GSSAPI; not supported.", default="")
    sasl_gssapi_auth_type: str = option("For GSSAPI; not supported.", default="")
    sasl_gssapi_kerberos_config_path: str = option("For GSSAPI; not supported.", default="")
    sasl_gssapi_key_tab_path: str = option("For GSSAPI; not supported.", default="")
    sasl_gssapi_realm: str = option("For GSSAPI; not supported.", default="")
    sasl_gssapi_disable_pafxfast: bool = option("For GSSAPI; not supported.", default=False)
    sasl_aws_msk_iam_region: str = option("For AWS-MSK-IAM; not supported.", default="")
    sasl_aws_msk_iam_profile: str = option("For AWS-MSK-IAM; not supported.", default="")
    sasl_aws_msk_iam_role: str = option("For AWS-MSK-IAM; not supported.", default="")
    sasl_aws_msk_iam_session: str = option("For AWS-MSK-IAM; not supported.", default="")
    sasl_version: int = option("Telegraf's; negotiated here.", default=1)

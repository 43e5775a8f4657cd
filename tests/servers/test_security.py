"""TLS and SASL against Apache Kafka, HTTPS against an endpoint with a private CA; both Kafka clients."""

from __future__ import annotations

import ssl
import uuid

import pytest

from plugins.outputs.influxdb import InfluxDB
from plugins.outputs.influxdb_v2 import InfluxDBv2
from pyagent import Metric, MetricBatch, Retry
from pyagent.testing import FakeInfluxDB, make_plugin
from tests.servers.processes import ServerMissing, missing
from tests.servers.secure import KEY_PASSWORD, PASSWORD, USER, SecureKafkaServer, token
from tests.servers.test_main_job import CLIENTS, agents, lines, sink, until  # noqa: F401 - agents is a fixture

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    try:
        server = SecureKafkaServer(tmp_path_factory.mktemp("secure")).start()
    except ServerMissing as absent:
        missing(str(absent))
    yield server
    server.stop()


def source(server, name, client, address, options):
    text = "".join(
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(str(value))}\n"
        for key, value in options.items()
    )
    return (
        f'[[inputs.kafka_consumer]]\nbrokers = ["{address}"]\ntopics = ["{name}"]\nclient = "{client}"\n'
        f'consumer_group = "{name}"\n{text}\n'
    )


WAYS = {
    "mutual_tls": ("mtls", lambda c: {"tls_ca": c.ca, "tls_cert": c.cert, "tls_key": c.key}),
    "encrypted_key": (
        "mtls",
        lambda c: {"tls_ca": c.ca, "tls_cert": c.cert, "tls_key": c.locked_key, "tls_key_pwd": KEY_PASSWORD},
    ),
    "plain": ("sasl", lambda c: {"tls_ca": c.ca, "sasl_username": USER, "sasl_password": PASSWORD}),
    "scram_256": (
        "sasl",
        lambda c: {"tls_ca": c.ca, "sasl_mechanism": "SCRAM-SHA-256", "sasl_username": USER, "sasl_password": PASSWORD},
    ),
    "scram_512_unverified": (
        "sasl",
        lambda c: {
            "insecure_skip_verify": True,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": USER,
            "sasl_password": PASSWORD,
        },
    ),
    "oauthbearer": ("oauth", lambda c: {"sasl_mechanism": "OAUTHBEARER", "sasl_access_token": token()}),
    "server_name": (
        "sasl",
        lambda c: {
            "tls_ca": c.ca,
            "tls_server_name": "kafka.internal",
            "sasl_username": USER,
            "sasl_password": PASSWORD,
        },
    ),
}
COMBINATIONS = [(way, client) for way in WAYS for client in CLIENTS if (way, client) != ("server_name", "confluent")]


@pytest.mark.parametrize(("way", "client"), COMBINATIONS)
def test_it_reads_over_a_secured_listener(secure, influxdb, agents, way, client):  # noqa: F811
    name = "t" + uuid.uuid4().hex[:10]
    secure.create(name, 1)
    secure.produce(name, lines(0, 200))
    listener, options = WAYS[way]
    text = source(secure, name, client, getattr(secure, listener), options(secure.certificates))
    agent = agents(text + sink(influxdb.url, name))
    until(lambda: influxdb.count(name, "cpu", "n") == 200, 40, agent)
    assert agent.stop() == 0
    assert secure.lag(name, name) == 0
    said = agent.log.read_text()
    assert PASSWORD not in said
    assert KEY_PASSWORD not in said


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("trouble", ["password", "ca"])
def test_what_does_not_let_us_in_is_said_and_retried_and_loses_nothing(secure, influxdb, agents, trouble, client):  # noqa: F811
    name = "t" + uuid.uuid4().hex[:10]
    secure.create(name, 1)
    secure.produce(name, lines(0, 50))
    certificates = secure.certificates
    good = {"tls_ca": certificates.ca, "sasl_username": USER, "sasl_password": PASSWORD}
    bad = {
        **good,
        **({"sasl_password": "canary-wrong"} if trouble == "password" else {"tls_ca": certificates.other_ca}),
    }
    agent = agents(source(secure, name, client, secure.sasl, bad) + sink(influxdb.url, name), "bad")
    words = ("authentication", "sasl") if trouble == "password" else ("certificate", "ssl")
    until(lambda: any(word in agent.log.read_text().lower() for word in words), 40, agent)
    assert agent.process.poll() is None  # retried, not given up
    agent.stop(seconds=20)
    assert "canary-wrong" not in agent.log.read_text()
    agent = agents(source(secure, name, client, secure.sasl, good) + sink(influxdb.url, name), "good")
    until(lambda: influxdb.count(name, "cpu", "n") == 50, 40, agent)
    agent.stop()


@pytest.fixture
def https(secure):
    with FakeInfluxDB() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.certificates.server_cert.configure_cert(context)
        context.load_verify_locations(secure.certificates.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        server.url = server.url.replace("http:", "https:")
        yield server


@pytest.mark.parametrize("kind", [InfluxDB, InfluxDBv2])
@pytest.mark.parametrize(
    "options", [{}, {"tls_server_name": "kafka.internal"}, {"tls_min_version": "TLS13"}, {"client": True}]
)
def test_https_with_a_private_ca(https, secure, kind, options):
    certificates = secure.certificates
    if "client" in options:
        options = {
            "tls_cert": str(certificates.cert),
            "tls_key": str(certificates.locked_key),
            "tls_key_pwd": KEY_PASSWORD,
        }
    output = make_plugin(kind, urls=[https.url], tls_ca=str(certificates.ca), **options)
    output.open()
    output.write(MetricBatch([Metric("m", {"v": 1}, time=1)]))
    output.close()
    assert len(https.points()) == 1


@pytest.mark.parametrize("kind", [InfluxDB, InfluxDBv2])
@pytest.mark.parametrize("ca", ["other_ca", ""])
def test_a_certificate_that_is_not_trusted_keeps_the_batch(https, secure, kind, ca):
    options = {"tls_ca": str(getattr(secure.certificates, ca))} if ca else {}
    output = make_plugin(kind, urls=[https.url], **options)
    output.open()
    with pytest.raises(Retry, match="certificate verify failed"):
        output.write(MetricBatch([Metric("m", {"v": 1}, time=1)]))
    output.close()

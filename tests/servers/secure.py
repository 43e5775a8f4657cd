"""A broker with TLS, mutual TLS and every SASL mechanism that we speak, and the certificates for it."""

from __future__ import annotations

import base64
import json
import time

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.servers.kafka import KafkaServer
from tests.servers.ports import free_ports

USER, PASSWORD, KEY_PASSWORD = "alice", "canary-pass-4711", "canary-key-0815"
_LOGIN = "org.apache.kafka.common.security"


class Certificates:
    """A CA, a server's and a client's certificate in a folder."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        ca = trustme.CA()
        server, client = ca.issue_cert("127.0.0.1", "kafka.internal"), ca.issue_cert("client@example.org")
        self.server_cert = server
        self.ca, self.server = folder / "ca.pem", folder / "server.pem"
        self.cert, self.key, self.locked_key = folder / "client.pem", folder / "client.key", folder / "locked.key"
        self.other_ca = folder / "other.pem"
        ca.cert_pem.write_to_path(str(self.ca))
        trustme.CA().cert_pem.write_to_path(str(self.other_ca))
        self.server.write_bytes(_pkcs8(server) + b"".join(pem.bytes() for pem in server.cert_chain_pems))
        self.cert.write_bytes(b"".join(pem.bytes() for pem in client.cert_chain_pems))
        self.key.write_bytes(_pkcs8(client))
        self.locked_key.write_bytes(_pkcs8(client, KEY_PASSWORD))


def _pkcs8(cert, password=None):
    key = load_pem_private_key(cert.private_key_pem.bytes(), None)
    lock = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


class SecureKafkaServer(KafkaServer):
    """``bootstrap`` is plain, for the tests' own clients; ``mtls``, ``sasl`` and ``oauth`` are what is tested."""

    def __init__(self, folder):
        self.certificates = Certificates(folder / "certificates")
        self.mtls, self.sasl, self.oauth, plain, controller = (f"127.0.0.1:{port}" for port in free_ports(5))
        listeners = f"PLAINTEXT://{plain},MTLS://{self.mtls},SASLSSL://{self.sasl},OAUTH://{self.oauth}"
        super().__init__(
            folder,
            **{
                "controller.quorum.bootstrap.servers": controller,
                "listeners": f"{listeners},CONTROLLER://{controller}",
                "advertised.listeners": listeners,
                "listener.security.protocol.map": (
                    "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,MTLS:SSL,SASLSSL:SASL_SSL,OAUTH:SASL_PLAINTEXT"
                ),
                "inter.broker.listener.name": "PLAINTEXT",
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(self.certificates.server),
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(self.certificates.ca),
                "listener.name.mtls.ssl.client.auth": "required",
                "listener.name.saslssl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
                "listener.name.saslssl.plain.sasl.jaas.config": (
                    f'{_LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
                ),
                "listener.name.saslssl.scram-sha-256.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
                "listener.name.saslssl.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
                "listener.name.oauth.sasl.enabled.mechanisms": "OAUTHBEARER",
                "listener.name.oauth.oauthbearer.sasl.jaas.config": (
                    f'{_LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'
                ),
            },
            scram=[f"SCRAM-SHA-{bits}=[name={USER},password={PASSWORD}]" for bits in (256, 512)],
        )
        self.bootstrap = plain


def token(seconds=600):
    """An unsigned token, which the broker's default validator takes."""

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    now = int(time.time())
    return f"{part({'alg': 'none'})}.{part({'sub': USER, 'iat': now, 'exp': now + seconds})}."

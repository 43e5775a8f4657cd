"""A reload swaps pipelines only when the new one is known to work, and loses nothing."""

from __future__ import annotations

import threading
import time

import pytest

from agent.build import build_pipeline
from agent.config.load import load
from agent.registry import Registry
from agent.supervisor import Supervisor
from agent.watch import ConfigWatch
from pyagent import Input, Metric, NoConfig, Output, Retry, StartupError, config, option


def until(condition, seconds=8):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Count(Input[NoConfig]):
    """Counts on over all instances: a gap or a repetition shows."""

    at = 0

    def gather(self):
        Count.at += 1
        yield Metric("count", {"n": Count.at}, time=Count.at)


@config
class StoreConfig:
    mark: str = option("Marks the instance.", default="")
    works: bool = option("Whether it opens.", default=True)
    down: bool = option("Whether writes fail.", default=False)


class Store(Output[StoreConfig]):
    written: list[tuple[str, int]] = []
    opened: list[str] = []
    closed: list[str] = []

    def open(self):
        if not self.config.works:
            raise StartupError("nobody there")
        self.opened.append(self.config.mark)

    def write(self, batch):
        if self.config.down:
            raise Retry("down", after=0.05)
        self.written += [(self.config.mark, metric.fields["n"]) for metric in batch]

    def close(self):
        self.closed.append(self.config.mark)


@pytest.fixture
def agent(tmp_path):
    Count.at, Store.written, Store.opened, Store.closed = 0, [], [], []
    registry = Registry()
    registry.add("inputs", "count", Count)
    registry.add("outputs", "store", Store)
    file = tmp_path / "agent.toml"

    class Agent:
        path = file
        code = None

        def write(self, **options):
            text = "".join(
                f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}\n"
                for key, value in options.items()
            )
            file.write_text(
                f"[agent]\ninterval = '20ms'\nomit_hostname = true\nshutdown_timeout = '600ms'\nstate_directory = '{tmp_path}'\n"
                f"[[inputs.count]]\n[[outputs.store]]\n{text}"
            )

        def start(self):
            self.supervisor = Supervisor(lambda: build_pipeline(load([str(file)], registry=registry)))
            self.thread = threading.Thread(target=self._run)
            self.thread.start()

        def _run(self):
            self.code = self.supervisor.run()

    made = Agent()
    yield made
    made.supervisor.stop()
    made.thread.join(10)
    assert not made.thread.is_alive()


def marks():
    return {mark for mark, _ in Store.written}


def test_a_reload_swaps_the_pipeline_and_no_metric_is_lost_or_written_twice(agent):
    agent.write(mark="a")
    agent.start()
    until(lambda: marks() == {"a"})
    agent.write(mark="b")
    agent.supervisor.reload("test")
    until(lambda: "b" in marks())
    agent.supervisor.stop()
    agent.thread.join(5)
    assert agent.code == 0
    assert [n for _, n in Store.written] == list(range(1, Count.at + 1))
    assert (Store.opened, Store.closed) == (["a", "b"], ["a", "b"])


@pytest.mark.parametrize("broken", ["text", "connection"])
def test_a_broken_configuration_leaves_the_old_pipeline_running_and_says_so(agent, caplog, broken):
    agent.write(mark="a")
    agent.start()
    until(lambda: marks() == {"a"})
    if broken == "text":
        agent.write(mark="b", wroks=True)
    else:
        agent.write(mark="b", works=False)
    agent.supervisor.reload("test")
    until(lambda: "not reloaded" in caplog.text)
    assert ('did you mean "works"' if broken == "text" else "nobody there") in caplog.text
    count = len(Store.written)
    until(lambda: len(Store.written) > count + 3)
    assert marks() == {"a"}


def test_what_the_old_outputs_could_not_write_the_new_ones_do(agent):
    agent.write(mark="a", down=True)
    agent.start()
    until(lambda: Count.at > 5)
    agent.write(mark="b")
    agent.supervisor.reload("test")
    until(lambda: len(Store.written) > 8)
    numbers = [n for _, n in Store.written]
    assert numbers == list(range(1, len(numbers) + 1))


def test_changes_of_files_and_directories_are_noticed_once(tmp_path):
    file, folder = tmp_path / "a.toml", tmp_path / "d"
    folder.mkdir()
    file.write_text("1")
    seen = []
    ConfigWatch([str(file)], [str(folder)], 0.02, 0.1, seen.append).start()
    time.sleep(0.1)
    for text in ("22", "333"):  # two changes within the debounce interval: one call
        file.write_text(text)
        time.sleep(0.03)
    until(lambda: len(seen) == 1)
    (folder / "new.conf").write_text("x")
    (folder / "other.txt").write_text("x")
    until(lambda: len(seen) == 2)
    assert str(file) in seen[0]
    assert "new.conf" in seen[1]
    file.unlink()
    file.write_text("4444")  # as editors do it
    until(lambda: len(seen) == 3)
    time.sleep(0.2)
    assert len(seen) == 3

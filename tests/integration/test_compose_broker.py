"""The broker of the compose file: its own configuration read by a real broker, and the two users' rights put to use."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from examples.image_pipeline.__main__ import URL_VARIABLE
from examples.local_broker import Broker, BrokerUnavailable, free_ports
from tests.support import compose, parts
from tests.support.brokers import open_test_broker
from tests.support.collecting import Collector, tap_depth
from tests.support.management import Management
from tests.support.wait import wait_until

FILES = compose.ROOT / "docker" / "rabbitmq"
VHOST = "images"
TAP, PIPELINE = "obs-tap", "image-pipeline"
PASSWORDS = {
    "RABBITMQ_ADMIN_USER": "guest",
    "RABBITMQ_ADMIN_PASSWORD": "guest",
    "RABBITMQ_TAP_PASSWORD": "tap-secret",
    "RABBITMQ_PIPELINE_PASSWORD": "pipeline-secret",
}
IMAGES = 40
RUN_S_MAX = 90
DRAIN_S_MAX = 30
DEAD_LETTER_EXCHANGES = {"images.failed", "images.rejected"}


@dataclass(frozen=True)
class Demo:
    """The broker with the demo's vhost and users."""

    broker: Broker
    management: Management

    def url(self, user: str, vhost: str = "") -> str:
        """Return the AMQP URL of *user*, as the compose file writes it."""
        password = PASSWORDS[
            "RABBITMQ_TAP_PASSWORD" if user == TAP else "RABBITMQ_PIPELINE_PASSWORD"
        ]
        return f"amqp://{user}:{password}@127.0.0.1:{self.broker.port}/{vhost}"

    @property
    def settings(self) -> dict[str, str]:
        """The environment of the compose file's `collect`, at this broker."""
        address = urlsplit(self.broker.management_url)
        return {
            "HOPTRAIL_AMQP_URL": self.url(TAP),
            "HOPTRAIL_MANAGEMENT_URL": f"http://127.0.0.1:{address.port}",
            "HOPTRAIL_VHOSTS": VHOST,
        }


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of our programs to its end with nothing of ours in its environment but *environment*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")}
    return subprocess.run(
        [sys.executable, "-m", *command],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        cwd=compose.ROOT,
    )


def configure(broker: Broker, **passwords: str) -> subprocess.CompletedProcess[str]:
    """Do what the service `rabbitmq-settings` does."""
    address = urlsplit(broker.management_url)
    url = f"http://127.0.0.1:{address.port}"
    definitions = str(FILES / "definitions.json")
    return run("examples.demo_broker", "--url", url, definitions, **(PASSWORDS | passwords))


@pytest.fixture(scope="module")
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """A broker that read the compose file's configuration when it started, then got its users."""
    parts.require("own-broker")
    directory = tmp_path_factory.mktemp("demo-broker")
    (directory / "advanced.config").write_text((FILES / "advanced.config").read_text())
    try:
        broker = open_test_broker(directory, config=(FILES / "hoptrail.conf").read_text())
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    try:
        parts.note(request.config, f"observed RabbitMQ {broker.version}, {broker.kind}")
        done = configure(broker)
        assert done.returncode == 0, done.stderr
        with Management(broker.management_url) as management:
            yield Demo(broker, management)
    finally:
        if broker.pid is not None:
            broker.kill()
        broker.close()


def terms(broker: Broker, text: str) -> str:
    """Return the Erlang term that *text* is, as a real Erlang reads and prints it."""
    quoted = json.dumps(re.sub(r"^\s*%.*$", "", text, flags=re.MULTILINE).strip())
    read = f"{{ok, Tokens, _}} = erl_scan:string({quoted}), {{ok, Term}} = erl_parse:parse_term(Tokens), Term."
    return broker.rabbitmqctl("eval", read).strip()


def test_the_configuration_is_what_erlang_reads(demo: Demo) -> None:
    """Both files hold one Erlang term each, and the plugins named there exist and are those our test brokers run."""
    advanced = terms(demo.broker, (FILES / "advanced.config").read_text())
    plugins = terms(demo.broker, (FILES / "enabled_plugins").read_text())
    active = demo.broker.rabbitmqctl("eval", "rabbit_plugins:active().")

    assert advanced == '[{rabbit,[{trace_vhosts,[<<"images">>]}]}]'
    named = set(plugins.strip("[]").split(","))
    assert named == {"rabbitmq_event_exchange", "rabbitmq_management", "rabbitmq_prometheus"}
    assert named <= set(re.findall(r"\w+", active))


def test_tracing_survives_a_restart(demo: Demo) -> None:
    """The firehose is on in the demo's vhost and no other, also after a restart, when a broker forgets it otherwise."""

    def traced() -> dict[str, bool]:
        return {vhost["name"]: vhost["tracing"] for vhost in demo.management.get("vhosts")}

    before = traced()
    demo.broker.restart()

    assert before == traced() == {"/": False, VHOST: True}


def test_it_can_be_run_again_and_changes_a_password(demo: Demo) -> None:
    """A second `up` with another password brings the user into line, and tracing stays on."""
    done = configure(demo.broker, RABBITMQ_PIPELINE_PASSWORD="another-secret")
    refused = run("examples.image_pipeline.check", **{URL_VARIABLE: demo.url(PIPELINE, VHOST)})
    back = configure(demo.broker)

    assert (done.returncode, back.returncode) == (0, 0)
    assert refused.returncode == 1
    assert demo.management.get("vhosts", VHOST)["tracing"] is True


def test_a_wrong_administrator_is_said(demo: Demo) -> None:
    """A wrong password ends with 1, one that is not set with 2, and neither is printed."""
    wrong = configure(demo.broker, RABBITMQ_ADMIN_PASSWORD="not-this-one")
    unset = configure(demo.broker, RABBITMQ_TAP_PASSWORD="")

    assert (wrong.returncode, "401" in wrong.stderr) == (1, True)
    assert "not-this-one" not in wrong.stderr
    assert (unset.returncode, "RABBITMQ_TAP_PASSWORD" in unset.stderr) == (2, True)


def test_the_demo_is_captured_by_users_without_other_rights(demo: Demo, tmp_path: Path) -> None:
    """With these two users the pipeline settles its images, every message is in the log, and nothing is left to mend."""
    store = tmp_path / "store"
    urls = {VHOST: demo.broker.amqp_url + VHOST}
    with Collector(
        store,
        urls,
        amqp_url=demo.settings["HOPTRAIL_AMQP_URL"],
        management_url=demo.settings["HOPTRAIL_MANAGEMENT_URL"],
    ) as collector:
        collector.start_leading("--standby")
        done = run(
            *("examples.image_pipeline", "--images", str(IMAGES), "--rate", "0", "--modelers", "2"),
            **{URL_VARIABLE: demo.url(PIPELINE, VHOST)},
        )
        assert done.returncode == 0, done.stderr
        wait_until(lambda: tap_depth(urls[VHOST]) == (0, 1), timeout_s=DRAIN_S_MAX)
        well = run("cli", "health", "collect", HOPTRAIL_STORE=f"sqlite:///{store}", **demo.settings)
        told = run("cli", "doctor", "--json", HOPTRAIL_STORE=f"sqlite:///{store}", **demo.settings)
        wait_until(lambda: collector.meter.traffic() >= 4 * IMAGES, timeout_s=DRAIN_S_MAX)
        collector.stop()

    assert well.returncode == 0, well.stderr
    assert told.returncode == 0, told.stdout + told.stderr
    report = json.loads(told.stdout)
    assert [check for check in report["checks"] if check["state"] == "problem"] == []
    assert report["taps"][0]["tracing"] is True
    assert set(report["taps"][0]["dead_letter_exchanges"]) == DEAD_LETTER_EXCHANGES
    assert "refused" not in collector.stderr.lower()


def test_a_broker_that_does_not_come_is_said() -> None:
    """Without an answer in the time given it ends with 1 and the address."""
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    definitions = str(FILES / "definitions.json")

    done = run("examples.demo_broker", "--url", url, "--wait", "1", definitions, **PASSWORDS)

    assert (done.returncode, url in done.stderr) == (1, True)


@pytest.mark.parametrize("exchange", ["images", "amq.topic"])
async def test_the_tap_user_cannot_publish(demo: Demo, exchange: str) -> None:
    """The collector's user may write to its own queues only."""
    with pytest.raises(ChannelAccessRefused):
        await _publish(demo.url(TAP, VHOST), exchange)


async def test_the_tap_user_cannot_read_a_queue_of_the_services(demo: Demo) -> None:
    """The collector's user can bind to the firehose and the dead-letter exchanges, and consume nothing but taps."""
    demo.management.put("queues", VHOST, "normalizer.images", body={"durable": True})
    async with await aio_pika.connect(demo.url(TAP, VHOST)) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("normalizer.images")

        with pytest.raises(ChannelAccessRefused):
            await queue.get(fail=False)


async def test_the_pipeline_cannot_touch_the_taps(demo: Demo) -> None:
    """The example system's user may neither make nor delete a queue of the tap, nor bind to the firehose."""
    async with await aio_pika.connect(demo.url(PIPELINE, VHOST)) as connection:
        with pytest.raises(ChannelAccessRefused):
            await (await connection.channel()).queue_delete("obs.tap.firehose")
        with pytest.raises(ChannelAccessRefused):
            await (await connection.channel()).declare_queue("obs.tap.mine")
        channel = await connection.channel()
        queue = await channel.declare_queue("normalizer.of-a-test")
        with pytest.raises(ChannelAccessRefused):
            await queue.bind("amq.rabbitmq.trace", routing_key="#")


async def _publish(url: str, exchange: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(aio_pika.Message(b"from the tap"), routing_key="image.uploaded")


def test_the_pipeline_is_well_while_its_services_read(demo: Demo) -> None:
    """An endless run is well once every service consumes; told to stop it ends with 0, and is not well any more."""
    environment = {**os.environ, URL_VARIABLE: demo.url(PIPELINE, VHOST)}

    def well() -> bool:
        assert endless.poll() is None
        return check().returncode == 0

    def check() -> subprocess.CompletedProcess[str]:
        return run("examples.image_pipeline.check", **{URL_VARIABLE: environment[URL_VARIABLE]})

    command = [sys.executable, "-m", "examples.image_pipeline", "--images", "0", "--rate", "5"]
    endless = subprocess.Popen(command, env=environment, cwd=compose.ROOT)
    try:
        wait_until(well, timeout_s=DRAIN_S_MAX)
        endless.send_signal(signal.SIGTERM)
        code = endless.wait(DRAIN_S_MAX)
    finally:
        endless.kill()
        endless.wait(DRAIN_S_MAX)

    assert code == 0
    assert (check().returncode, "nobody reads" in check().stderr) == (1, True)

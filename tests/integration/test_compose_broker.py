"""The broker of the compose file: its own configuration read by a real broker, and the two users' rights put to use."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from examples.image_pipeline.__main__ import URL_VARIABLE
from examples.local_broker import Broker, free_ports
from tests.support import compose
from tests.support.collecting import Collector, tap_depth
from tests.support.demo_broker import (
    FILES,
    PASSWORDS,
    PIPELINE,
    TAP,
    VHOST,
    Demo,
    demo_broker,
    run,
)
from tests.support.wait import wait_until

IMAGES = 40
DRAIN_S_MAX = 30
DEAD_LETTER_EXCHANGES = {"images.failed", "images.rejected"}


@pytest.fixture(scope="module")
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """The compose file's broker."""
    with demo_broker(request.config, tmp_path_factory.mktemp("demo-broker")) as opened:
        yield opened


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
    done = demo.configure(RABBITMQ_PIPELINE_PASSWORD="another-secret")
    refused = run("examples.image_pipeline.check", **{URL_VARIABLE: demo.url(PIPELINE, VHOST)})
    back = demo.configure()

    assert (done.returncode, back.returncode) == (0, 0)
    assert refused.returncode == 1
    assert demo.management.get("vhosts", VHOST)["tracing"] is True


def test_a_wrong_administrator_is_said(demo: Demo) -> None:
    """A wrong password ends with 1, one that is not set with 2, and neither is printed."""
    wrong = demo.configure(RABBITMQ_ADMIN_PASSWORD="not-this-one")
    unset = demo.configure(RABBITMQ_TAP_PASSWORD="")

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
        amqp_url=demo.url(TAP),
        management_url=demo.management_url,
    ) as collector:
        collector.start_leading("--standby")
        done = run(
            *("examples.image_pipeline", "--images", str(IMAGES), "--rate", "0", "--modelers", "2"),
            **{URL_VARIABLE: demo.url(PIPELINE, VHOST)},
        )
        assert done.returncode == 0, done.stderr
        wait_until(lambda: tap_depth(urls[VHOST]) == (0, 1), timeout_s=DRAIN_S_MAX)
        settings = {
            "HOPTRAIL_STORE": f"sqlite:///{store}",
            "HOPTRAIL_AMQP_URL": demo.url(TAP),
            "HOPTRAIL_MANAGEMENT_URL": demo.management_url,
            "HOPTRAIL_VHOSTS": VHOST,
        }
        well = run("cli", "health", "collect", **settings)
        told = run("cli", "doctor", "--json", **settings)
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

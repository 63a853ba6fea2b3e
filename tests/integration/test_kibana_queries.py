"""What Kibana's objects ask of a real Elasticsearch, on the image pipeline's messages as hoptrail rebuilt them.

Each answer is compared with the documents themselves, with hoptrail's own index, or with what the pipeline wrote down.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from dashboards.kibana import objects
from dashboards.kibana.searches import SEARCHES, search_id
from examples.image_pipeline import topology
from examples.local_broker import Broker, free_ports
from projector.runner import Projector
from store.documents import Attempt, Copy, MessageDocument, Party
from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.index import ElasticMessageIndex
from store.elastic.index_document import reduced
from store.elastic.names import Names
from store.memory.index import MemoryMessageIndex
from store.ports import MessageIndex, Sort
from store.query_parser import parse
from store.sqlite.log import SqliteEventLog
from tests.contract.documents import message
from tests.support import kibana_oracle
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer
from tests.support.hoptrail import Hoptrail
from tests.support.kibana_forms import Lens
from tests.support.kibana_objects import Objects, opened
from tests.support.kibana_requests import (
    Span,
    chart_request,
    drawn,
    picture_requests,
    rows,
    search_request,
)
from tests.support.truth import run_pipeline
from tests.support.wait import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMAGES = 60
STREAM = "main"
MINUTE_NS = 60_000_000_000
DEAD_S_MAX = 60
REASON = "a term is too long"
ROUNDING = 1e-6
"""Elasticsearch keeps a latency as a number of 32 or 64 bits."""


@dataclass(frozen=True)
class Traffic:
    """The documents in the index, what the pipeline says it did, and the objects made for that index."""

    server: ElasticServer
    prefix: str
    documents: list[MessageDocument]
    told: list[kibana_oracle.Told]
    memory: MemoryMessageIndex
    truth: dict[str, Any]
    made: Objects
    span: Span

    def ask(self, index: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the server's answer to a search."""
        return self.server.call("POST", f"/{index}/_search", request)


def by_hand(at: int) -> list[MessageDocument]:
    """Return messages in states that the pipeline does not bring about, published from *at* (ns) on."""
    given = Party(service="Reader", evidence="client-provided name", confidence=1.0)
    again = Attempt(at, redelivered=True, consumer=given)
    once = msgspec.structs.replace(again, redelivered=False)
    late = Copy("work", "routed", "delivered", (once,))
    told = [
        message(1, state="unroutable", routed_queues=(), publisher=given),
        message(2, state="redelivered", copies=(Copy("work", "routed", "redelivered", (again,)),)),
        message(3, state="delivered", latency_ms=2500.0, copies=(late,), publisher=given),
        message(4, state="delivered", time_quality="backlog", copies=(late,), publisher=given),
        message(5, publish_observed=False, not_observed="before capture", copies=(late,)),
        message(6, state="waiting", copies=(Copy("work", "routed", "waiting"),), publisher=given),
        message(7, state="gone", copies=(Copy("work", "routed", "gone"),), publisher=given),
        message(8, time_quality="broker", state="unknown", publisher=given),
    ]
    return [
        msgspec.structs.replace(
            each,
            uid=f"hand-{n}",
            position=10_000_000 + n,
            published_at=at + n * 1_000_000,
            trace_id=f"trace-{n}",
            type="by hand",
        )
        for n, each in enumerate(told)
    ]


@pytest.fixture(scope="module")
def captured(
    tmp_path_factory: pytest.TempPathFactory, broker: Broker, module_vhost: str
) -> tuple[Path, dict[str, Any]]:
    """The store of a hoptrail that watched the pipeline, and the pipeline's truth."""
    directory = tmp_path_factory.mktemp("kibana")
    hoptrail = Hoptrail(
        directory / "store",
        port=free_ports(1)[0],
        amqp_url=broker.amqp_url,
        management_url=broker.management_url,
        vhosts=module_vhost,
    )
    with hoptrail:
        options = f"--images {IMAGES} --seed 5 --rate 0 --prefetch 5 --linger 6".split()
        truth = run_pipeline(broker.amqp_url, module_vhost, directory / "truth.json", *options)
        hoptrail.wait_captured(
            published=len(truth["publishes"]), delivered=len(truth["deliveries"])
        )
        # They come by other taps than publishes and deliveries.
        dead = sum(each["count"] for each in truth["dead_letters"])
        wait_until(
            lambda: len(hoptrail.messages("state:dead-lettered")) >= dead, timeout_s=DEAD_S_MAX
        )
    return directory / "store", truth


@pytest.fixture(scope="module")
def prefix(elastic: ElasticServer) -> Iterator[str]:
    """The first part of the names of this module's indices, which go afterwards."""
    prefix = f"kibana-{secrets.token_hex(4)}"
    yield prefix
    forget(elastic, prefix)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def traffic(
    captured: tuple[Path, dict[str, Any]], elastic: ElasticServer, prefix: str
) -> AsyncIterator[Traffic]:
    """The pipeline's messages, and some by hand, in Elasticsearch and in memory."""
    directory, truth = captured
    settings = ElasticSettings.of_url(elastic.url, prefix=prefix)
    memory = MemoryMessageIndex()
    async with (
        SqliteEventLog(directory, read_only=True) as log,
        Elastic(settings) as client,
        ElasticMessageIndex(client, version="1", refresh=True) as index,
        memory,
    ):
        for each in (index, memory):
            projector = Projector(log, each, None, STREAM, monotonic=time.monotonic)
            await projector.run(asyncio.Event(), until_head=True)
        hand = by_hand(truth["run"]["ended_ns"])
        for each in (index, memory):
            checkpoint = await each.checkpoint()
            assert checkpoint is not None
            await each.save(hand, {}, checkpoint)
        small = msgspec.structs.replace(hand[0], uid="hand-reduced", state="delivered")
        _put_reduced(elastic, prefix, small)
        documents = await _every(memory)
        span = Span(truth["run"]["started_ns"] - MINUTE_NS, truth["run"]["ended_ns"] + MINUTE_NS)
        told = [*map(kibana_oracle.told, documents), kibana_oracle.told_reduced(small, REASON)]
        made = opened(objects(prefix))
        yield Traffic(elastic, prefix, documents, told, memory, truth, made, span)


def _put_reduced(server: ElasticServer, prefix: str, document: MessageDocument) -> None:
    """Index a document as if the server had refused the whole of it."""
    alias = server.get(f"/_alias/{Names(prefix).messages}")
    index = max(alias)
    body = msgspec.json.decode(reduced(document, REASON))
    server.call("PUT", f"/{index}/_doc/{document.uid}?refresh=true", body)


async def _every(index: MessageIndex) -> list[MessageDocument]:
    found: list[MessageDocument] = []
    after: tuple[int | str, ...] | None = None
    while True:
        page = await index.search(
            parse(""), sort=Sort("position"), limit=500, after=after, now_ns=time.time_ns()
        )
        found += page.items
        if page.after is None:
            return found
        after = page.after


async def test_the_data_view_covers_every_message(traffic: Traffic) -> None:
    """The title of the data view is the alias, and behind it stand all documents in the time chosen."""
    (view,) = traffic.made.views.values()
    query = traffic.span.within({"match_all": {}}, view.time_field_name)
    answer = traffic.ask(view.title, {"query": query, "track_total_hits": True})

    assert answer["hits"]["total"]["value"] == len(traffic.told)


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.name)
async def test_a_saved_search_finds_what_hoptrail_finds(traffic: Traffic, search: Any) -> None:
    """The messages are those of hoptrail's own query, some at least, in the order asked, and each column has values."""
    saved = traffic.made.searches[search_id(traffic.prefix, search.name)]
    hits = traffic.ask(Names(traffic.prefix).messages, search_request(saved, traffic.span))["hits"]
    page = await traffic.memory.search(
        parse(search.hoptrail),
        sort=Sort("position"),
        limit=500,
        exact_total=True,
        now_ns=time.time_ns(),
    )
    reduced_too = 1 if search.name == "all" else 0

    assert page.total > 0
    assert hits["total"]["value"] == page.total + reduced_too
    if page.after is None:
        found = {hit["_id"] for hit in hits["hits"]} - {"hand-reduced"}
        assert found == {document.uid for document in page.items}
    shown = {name for hit in hits["hits"] for name in hit.get("fields", {})}
    assert set(saved.columns) <= shown


async def test_every_chart_shows_what_the_documents_say(traffic: Traffic) -> None:
    """Each Lens chart's aggregation answers, not empty, with the rows worked out from the documents."""
    wrong: dict[str, Any] = {}
    for where, chart in traffic.made.charts():
        answer = traffic.ask(Names(traffic.prefix).messages, chart_request(chart, traffic.span))
        shown = _comparable(chart, rows(chart, answer))
        wanted = _comparable(chart, kibana_oracle.rows(chart, traffic.told, traffic.span))
        if not shown or shown != wanted:
            wrong[where] = (shown, wanted)

    assert wrong == {}
    assert len(list(traffic.made.charts())) > 25


def _comparable(chart: Lens, found: list[dict[str, Any]]) -> Counter[tuple[tuple[str, str], ...]]:
    """Return rows as they can be compared: percentiles apart, which are estimates."""
    (layer,) = chart.state.datasource_states.form_based.layers.values()

    def plain(name: str, value: Any) -> str:
        operation = layer.columns[name].operation_type
        if operation == "percentile":
            return "none" if value is None else "some"
        if operation == "date_histogram" and isinstance(value, str):
            return str(value)
        return str(int(value)) if isinstance(value, float) else str(value)

    return Counter(
        tuple(sorted((name, plain(name, value)) for name, value in row.items())) for row in found
    )


async def test_percentiles_are_those_of_the_latencies(traffic: Traffic) -> None:
    """The latency that a chart shows lies between those of the documents that are next to it."""
    for where, chart in traffic.made.charts():
        if where.endswith("Latency, p95"):
            answer = traffic.ask(Names(traffic.prefix).messages, chart_request(chart, traffic.span))
            ((shown,),) = (row.values() for row in rows(chart, answer))
            ((wanted,),) = (
                row.values() for row in kibana_oracle.rows(chart, traffic.told, traffic.span)
            )
            assert wanted.low * (1 - ROUNDING) <= shown <= wanted.high * (1 + ROUNDING)
            return
    raise AssertionError("there is no chart of latencies")


async def test_failed_deliveries_are_those_that_the_pipeline_names(traffic: Traffic) -> None:
    """The dashboard counts as many dead letters as images failed, and says where they died, why and where they went."""
    (dead,) = traffic.truth["dead_letters"]
    charts = dict(traffic.made.charts())
    where = next(each for each in charts if each.endswith("where it went"))
    answer = traffic.ask(Names(traffic.prefix).messages, chart_request(charts[where], traffic.span))
    lying = [row for row in rows(charts[where], answer) if row["dead"]]
    way = f"{dead['queue']} → {dead['reason']} → {dead['to_queue']}"

    assert [(row["way"], row["exchange"], row["type"], row["dead"]) for row in lying] == [
        (way, topology.IMAGES, dead["type"], dead["count"])
    ]


async def test_service_flows_are_those_that_the_pipeline_declares(traffic: Traffic) -> None:
    """The table of who is given what whom published has the pipeline's relationships, and no other of its services."""
    services = {service.name for service in topology.SERVICES}
    charts = dict(traffic.made.charts())
    where = next(each for each in charts if each.endswith("Who is given what whom published"))
    answer = traffic.ask(Names(traffic.prefix).messages, chart_request(charts[where], traffic.span))
    shown = {
        (row["publisher"], row["type"], row["consumer"])
        for row in rows(charts[where], answer)
        if row["publisher"] in services
    }

    assert shown == {
        (each["publisher"], each["type"], each["subscriber"])
        for each in traffic.truth["relationships"]
    }


async def test_the_topology_is_drawn_with_the_pipelines_counts(
    traffic: Traffic, tmp_path: Path
) -> None:
    """Vega draws the picture from the server's answers, with every name in it, and each line has its true count."""
    ((where, spec),) = traffic.made.specs()
    asked = picture_requests(spec, traffic.span)
    assert where == f"{traffic.prefix}-dashboard-flows/p02"
    answers = {name: traffic.ask(index, request) for name, (index, request) in asked.items()}
    svg, png = drawn(spec, answers, width=1200, height=560)
    (tmp_path / "topology.png").write_bytes(png)
    truth, exchanges = traffic.truth, set(topology.EXCHANGES)

    shown = {pair: n for pair, n in _pairs(answers["published"]).items() if pair[1] in exchanges}
    assert shown == Counter((p["service"], p["exchange"]) for p in truth["publishes"])
    routed = {pair for pair in _pairs(answers["routed"]) if pair[0] in exchanges}
    assert routed == {
        (queue.exchange, queue.name)
        for queue in topology.QUEUES
        if queue.exchange not in (None, topology.FAILED, topology.REJECTED)
    }
    given = {(d["queue"], d["service"], d["publish_seq"]) for d in truth["deliveries"]}
    readers = Counter((queue, service) for queue, service, _ in given)
    ways = _ways(answers["given"])
    assert {way: n for way, n in ways.items() if way[0] in READ_QUEUES} == readers
    died = _ways(answers["died"])
    (dead,), (loop,) = truth["dead_letters"], truth["retry_loops"]
    assert died == {
        (dead["queue"], "rejected", dead["to_queue"]): dead["count"],
        (loop["queue"], "rejected", loop["through"]): len(loop["images"]),
        (loop["through"], "expired", loop["queue"]): len(loop["images"]),
    }
    stops = {each for pair in (*shown, *routed, *readers) for each in pair}
    for name in (*stops, dead["to_queue"], loop["through"], "(no queue)"):
        assert f">{name}</text>" in svg


READ_QUEUES = {queue.name for queue in topology.QUEUES if queue.reader}


def _pairs(answer: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {
        (left["key"], right["key"]): right["doc_count"]
        for left in answer["aggregations"]["left"]["buckets"]
        for right in left["right"]["buckets"]
    }


def _ways(answer: dict[str, Any]) -> dict[tuple[str, ...], int]:
    return {
        tuple(bucket["key"].split(" → ")): bucket["doc_count"]
        for bucket in answer["aggregations"]["ways"]["buckets"]
    }

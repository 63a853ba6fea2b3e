"""Kibana's saved objects as they are written: their forms, references, versions, fields and queries."""

import json
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dashboards.kibana import __main__ as program
from dashboards.kibana import objects
from dashboards.kibana.searches import SEARCHES
from store.elastic.mappings import messages
from store.query_parser import parse
from tests.support import kql
from tests.support.kibana_forms import Chosen, Control, Format, Options, Reference, UrlFormat
from tests.support.kibana_objects import Objects, columns, opened

PREFIX, URL = "trail-x", "https://hoptrail.example/deep"
FLOORS = {"dashboard": "10.2.0", "index-pattern": "8.0.0", "search": "10.5.0"}
"""The lowest version of each type that keeps the form we write; 8.19 and 9.x carry them forward."""
BUCKETS_MAX = 65_536
"""Elasticsearch gives up on an answer with more; a figure with a query of its own is a bucket too."""
TIME_BUCKETS_MAX = 100
"""Lens divides any time into about so many, unless its users ask for more."""


@pytest.fixture(scope="module")
def made() -> Objects:
    return opened(objects(PREFIX, URL))


@pytest.fixture(scope="module")
def mapped() -> dict[str, str]:
    """The type of every field of the message documents; of an alias, that of what it stands for."""
    found: dict[str, dict[str, Any]] = {}

    def walk(properties: dict[str, Any], above: str) -> None:
        for name, told in properties.items():
            if "type" in told:
                found[above + name] = told
            walk(told.get("properties", {}), f"{above}{name}.")

    walk(messages()["mappings"]["properties"], "")
    return {
        name: found[told["path"]]["type"] if told["type"] == "alias" else told["type"]
        for name, told in found.items()
    }


def test_the_file_is_what_the_generator_writes() -> None:
    """The import file in the repository is the generator's, to the byte: it was not edited and is not old."""
    assert program.FILE.read_bytes() == objects()


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    """The program writes what the function gives, in the order of types and ids."""
    program.main(["--prefix", PREFIX, "--public-url", f"{URL}/", "--output", str(tmp_path / "f")])
    lines = [json.loads(line) for line in objects(PREFIX, URL).splitlines()]

    assert (tmp_path / "f").read_bytes() == objects(PREFIX, URL)
    assert lines == sorted(lines, key=lambda line: (line["type"], line["id"]))


def test_every_object_has_the_form_that_kibana_accepts(made: Objects) -> None:
    """Every attribute is known to Kibana, also those inside JSON strings, and the set is complete."""
    assert len(made.views) == 1
    assert len(made.searches) >= 7
    assert sorted(made.dashboards) == [
        f"{PREFIX}-dashboard-{name}" for name in ("capture", "failures", "flows", "traffic")
    ]
    for dashboard in made.dashboards.values():
        msgspec.json.decode(dashboard.options_json, type=Options)
        controls = dashboard.control_group_input.panels_json
        for name, control in msgspec.json.decode(controls, type=dict[str, Control]).items():
            assert isinstance(control.explicit_input, Chosen)
            assert control.explicit_input.id == name
    for view in made.views.values():
        msgspec.json.decode(view.field_format_map, type=dict[str, Format])


def test_versions_are_the_lowest_that_fit(made: Objects) -> None:
    """Each object is stamped with its floor, so that Kibana 8.19 does not refuse it and 9.x carries it forward."""
    assert {one.type: one.type_migration_version for one in made.stored.values()} == FLOORS


def test_ids_belong_to_the_prefix(made: Objects) -> None:
    """Two hoptrails in one Kibana do not overwrite each other's objects."""
    assert all(id_.startswith(f"{PREFIX}-") for id_ in made.stored)
    assert not set(made.stored) & set(opened(objects()).stored)


def test_references_lead_to_objects_of_the_file(made: Objects) -> None:
    """No reference dangles, and nothing is referred to twice under one name."""
    for stored in made.stored.values():
        names = [reference.name for reference in stored.references]

        assert len(set(names)) == len(names)
        for reference in stored.references:
            assert made.stored[reference.id].type == reference.type


def test_references_have_the_names_that_kibana_looks_for(made: Objects) -> None:
    """A search, a chart, a panel and a control each find what they need under the name that Kibana gives it."""
    (view,) = made.views
    wanted: dict[str, set[tuple[str, str, str]]] = {name: set() for name in made.stored}
    for name, search in made.searches.items():
        ref = search.kibana_saved_object_meta.source.index_ref_name
        assert ref is not None
        wanted[name].add((ref, "index-pattern", view))
    for name, panel in made.panels():
        if panel.type == "lens":
            inner = msgspec.convert(
                panel.embeddable_config["attributes"]["references"], list[Reference]
            )
            assert [one.name for one in inner] == ["indexpattern-datasource-layer-main"]
            wanted[name] |= {(f"{panel.panel_index}:{r.name}", r.type, r.id) for r in inner}
        elif panel.type == "search":
            assert panel.panel_ref_name == f"panel_{panel.panel_index}"
    for name, dashboard in made.dashboards.items():
        for control in json.loads(dashboard.control_group_input.panels_json):
            wanted[name].add((f"controlGroup_{control}:optionsListDataView", "index-pattern", view))
    told = {
        name: {(r.name, r.type, r.id) for r in stored.references if r.type == "index-pattern"}
        for name, stored in made.stored.items()
    }
    panels = {
        (name, f"{panel.panel_index}:{panel.panel_ref_name}")
        for name, panel in made.panels()
        if panel.panel_ref_name
    }
    referred = {
        (name, r.name)
        for name, stored in made.stored.items()
        for r in stored.references
        if r.type == "search"
    }

    assert told == wanted
    assert referred == panels


def test_every_field_is_in_the_mapping(made: Objects, mapped: dict[str, str]) -> None:
    """Columns, sort orders, queries, charts, controls and pictures name fields of the message documents only."""
    assert {(where, name) for where, name in made.fields() if name not in mapped} == set()


def test_charts_do_with_fields_what_their_type_allows(
    made: Objects, mapped: dict[str, str]
) -> None:
    """Values are counted of keywords, percentiles taken of numbers, and time runs along a date."""
    allowed = {
        "terms": {"keyword": "string"},
        "unique_count": {"keyword": "number"},
        "percentile": {"double": "number", "long": "number"},
        "max": {"long": "number", "date": "date"},
        "date_histogram": {"date": "date"},
    }
    for where, chart in made.charts():
        for column in columns(chart):
            if column.operation_type != "count":
                kinds = allowed[column.operation_type]
                assert kinds.get(mapped[column.source_field]) == column.data_type, where


def test_charts_are_whole(made: Objects) -> None:
    """Buckets come before figures and are ordered by all their messages, and a chart shows every column it has."""
    for where, chart in made.charts():
        (layer,) = chart.state.datasource_states.form_based.layers.values()
        told = columns(chart)

        assert set(layer.column_order) == set(layer.columns), where
        assert [c.is_bucketed for c in told] == sorted((c.is_bucketed for c in told), reverse=True)
        for column in told:
            if column.operation_type == "terms":
                by = layer.columns[column.params["orderBy"]["columnId"]]
                assert (by.operation_type, by.filter) == ("count", None), where
        shown = json.dumps(chart.state.visualization)
        assert all(f'"{name}"' in shown for name in layer.column_order), where


def test_no_chart_asks_for_more_buckets_than_elasticsearch_gives(made: Objects) -> None:
    """Even if every combination of values occurred, the answer stays below the server's limit."""
    for where, chart in made.charts():
        told = columns(chart)
        sizes = [
            c.params["size"] + 2 if c.operation_type == "terms" else TIME_BUCKETS_MAX
            for c in told
            if c.is_bucketed
        ]
        within = 1 + sum(c.filter is not None for c in told)

        rows = sum(math.prod(sizes[: depth + 1]) for depth in range(len(sizes)))
        assert rows * within <= BUCKETS_MAX, where


def test_panels_fill_the_grid_without_touching(made: Objects) -> None:
    """Panels lie within 48 columns, none over another, and no row has a hole."""
    for name in made.dashboards:
        grids = [panel.grid_data for where, panel in made.panels() if where == name]

        assert sum(g.w * g.h for g in grids) == 48 * max(g.y + g.h for g in grids)
        assert all(g.x >= 0 and g.x + g.w <= 48 for g in grids)
        for one, other in combinations(grids, 2):
            apart = one.x + one.w <= other.x or other.x + other.w <= one.x
            assert apart or one.y + one.h <= other.y or other.y + other.h <= one.y


def test_every_query_is_kql(made: Objects) -> None:
    """What searches, charts and figures ask for is understood."""
    for where, text in made.queries():
        assert kql.parse(text).query, where


def test_every_search_can_be_asked_of_hoptrail_too() -> None:
    """The same question in hoptrail's language parses, and the fields named are the same ones."""
    for search in SEARCHES:
        parse(search.hoptrail)
        for name in kql.parse(search.kql).fields:
            assert f"{name}:" in search.hoptrail


@pytest.mark.parametrize(
    "text", ['a b : "c"', "state :", "(a : b", "a : b or", "a : b c", 'a : "b', "st* : x", "a : x*"]
)
def test_what_is_no_kql_of_ours_is_refused(text: str) -> None:
    """The check of queries would notice a broken one."""
    with pytest.raises(kql.KqlInvalid):
        kql.parse(text)


def test_uids_and_traces_open_in_hoptrail(made: Objects) -> None:
    """Wherever a uid or a trace stands, it is a link to the page of hoptrail that shows it."""
    (view,) = made.views.values()
    formats = msgspec.json.decode(view.field_format_map, type=dict[str, Format])
    links = {
        name: format_.params.url_template
        for name, format_ in formats.items()
        if isinstance(format_, UrlFormat)
    }

    message, trace = f"{URL}/messages/{{{{value}}}}", f"{URL}/conversations/{{{{value}}}}"
    assert links == {
        "uid": message,
        "event.id": message,
        "parent.uid": message,
        "other_parents.uid": message,
        "trace_id": trace,
        "trace.id": trace,
    }
    assert all(f"]({URL}/" in text.params["markdown"] for _, text in made.drawn("markdown"))
    assert len(list(made.drawn("markdown"))) == len(made.dashboards)


def test_the_guide_tells_what_is_there() -> None:
    """The how-to lists every saved search with its KQL, and every dashboard."""
    guide = (Path(__file__).parents[2] / "docs/how-to/kibana.md").read_text()

    for search in SEARCHES:
        asked = f"`{search.kql}`" if search.kql else ""
        assert f"| {search.title} | {asked}" in guide
    for name in ("traffic", "failed deliveries", "service flows", "capture health"):
        assert f"| {name} |" in guide
    assert all(version in guide for version in FLOORS.values())

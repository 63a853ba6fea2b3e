"""The forms that Kibana accepts for our saved objects, as strict types: what is not named here is refused.

From the schemas that Kibana checks imports with (dashboards and searches refuse unknown attributes) and from what it
exports. Attributes that hold JSON in a string are decoded with their own form.
"""

from typing import Any, Literal

import msgspec

Json = dict[str, Any]


class Form(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A form without unknown members."""


class Reference(Form):
    id: str
    name: str
    type: Literal["index-pattern", "search"]


class Stored(Form):
    """Any line of the file."""

    attributes: msgspec.Raw
    core_migration_version: Literal["8.8.0"]
    id: str
    managed: Literal[False]
    references: tuple[Reference, ...]
    type: Literal["dashboard", "index-pattern", "search"]
    type_migration_version: str


class Kuery(Form):
    language: Literal["kuery"]
    query: str


class SearchSource(Form):
    filter: tuple[()]
    query: Kuery
    index_ref_name: str | None = None


class Meta(Form):
    search_source_json: str = msgspec.field(name="searchSourceJSON")

    @property
    def source(self) -> SearchSource:
        return msgspec.json.decode(self.search_source_json, type=SearchSource)


class DataView(Form):
    allow_hidden: bool
    field_attrs: str
    field_format_map: str
    fields: Literal["[]"]
    name: str
    runtime_field_map: Literal["{}"]
    source_filters: str
    time_field_name: str
    title: str
    type_meta: Literal["{}"]


class FieldUse(Form):
    count: int


class Opening(Form):
    label_template: str
    open_link_in_current_tab: bool
    type: Literal["a"]
    url_template: str


class Pattern(Form):
    pattern: str


class UrlFormat(Form, tag="url", tag_field="id"):
    params: Opening


class NumberFormat(Form, tag="number", tag_field="id"):
    params: Pattern


class BytesFormat(Form, tag="bytes", tag_field="id"):
    params: Pattern


Format = UrlFormat | NumberFormat | BytesFormat


class Search(Form):
    columns: tuple[str, ...]
    description: str
    grid: Json
    hide_chart: bool
    is_text_based_query: Literal[False]
    kibana_saved_object_meta: Meta
    sort: tuple[tuple[str, Literal["asc", "desc"]], ...]
    time_restore: Literal[False]
    title: str
    uses_ad_hoc_data_view: Literal[False]


class ControlGroup(Form):
    chaining_system: Literal["HIERARCHICAL"]
    control_style: Literal["oneLine"]
    ignore_parent_settings_json: str = msgspec.field(name="ignoreParentSettingsJSON")
    panels_json: str = msgspec.field(name="panelsJSON")
    show_apply_selections: bool


class Chosen(Form):
    enhancements: Json
    field_name: str
    id: str
    selected_options: tuple[()]
    title: str


class Control(Form):
    explicit_input: Chosen
    grow: bool
    order: int
    type: Literal["optionsListControl"]
    width: Literal["small", "medium", "large"]


class Refresh(Form):
    pause: bool
    value: int


class Dashboard(Form):
    control_group_input: ControlGroup
    description: str
    kibana_saved_object_meta: Meta
    options_json: str = msgspec.field(name="optionsJSON")
    panels_json: str = msgspec.field(name="panelsJSON")
    refresh_interval: Refresh
    time_from: str
    time_restore: Literal[True]
    time_to: str
    title: str


class Options(Form):
    hide_panel_titles: bool
    sync_colors: bool
    sync_cursor: bool
    sync_tooltips: bool
    use_margins: bool


class Grid(Form):
    h: int
    i: str
    w: int
    x: int
    y: int


class Panel(Form):
    embeddable_config: Json
    grid_data: Grid
    panel_index: str
    title: str
    type: Literal["lens", "search", "visualization"]
    panel_ref_name: str | None = None


class Column(Form):
    """A column of a Lens layer."""

    custom_label: Literal[True]
    data_type: Literal["date", "number", "string"]
    is_bucketed: bool
    label: str
    operation_type: Literal["count", "date_histogram", "max", "percentile", "terms", "unique_count"]
    params: Json
    scale: Literal["interval", "ordinal", "ratio"]
    source_field: str
    filter: Kuery | None = None
    time_scale: Literal["s", "m", "h", "d"] | None = None


class Layer(Form):
    column_order: tuple[str, ...]
    columns: dict[str, Column]
    ignore_global_filters: Literal[False]
    incomplete_columns: Json
    sampling: Literal[1]


class FormBased(Form):
    layers: dict[str, Layer]


class Datasources(Form):
    form_based: FormBased


class LensState(Form):
    ad_hoc_data_views: Json
    datasource_states: Datasources
    filters: tuple[()]
    internal_references: tuple[()]
    query: Kuery
    visualization: Json


class Lens(Form):
    """A Lens chart by value."""

    description: str
    references: tuple[Reference, ...]
    state: LensState
    title: str
    type: Literal["lens"]
    visualization_type: Literal["lnsDatatable", "lnsMetric", "lnsXY"]


class SavedVis(Form):
    """A panel drawn from Markdown or Vega."""

    data: Json
    description: str
    params: Json
    title: str
    type: Literal["markdown", "vega"]
    ui_state: Json


ATTRIBUTES = {"dashboard": Dashboard, "index-pattern": DataView, "search": Search}

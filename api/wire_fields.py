"""The JSON form of the query language's fields, for who completes a query. Pure."""

from collections.abc import Iterator

from pydantic import Field

from api.wire import Out, PositionOut
from events.operations import METADATA, PAYLOAD
from store.field_help import HELP, PREFIXES, Help, is_counted
from store.fields import BODY, FIELDS, FREE_FIELDS, Kind
from store.ranking import SORT_VALUES


class FieldOut(Out):
    """A field that a query can name, or the beginning of the names of many."""

    name: str = Field(
        description="As a query names it; `header.` and `body.` are followed by a path.",
        examples=["state", "header."],
    )
    is_prefix: bool = Field(description="A path follows the name.")
    kind: Kind = Field(
        description="keyword: equal, or beginning with; text: by words; number and time: by size too; boolean: true or "
        "false."
    )
    description: str
    example: str = Field(description="A whole query.", examples=["state:dead-lettered"])
    values: list[str] | None = Field(
        description="All values that there can be; null where they are many or open."
    )
    counted: bool = Field(description="`/messages/facets` counts its values.")
    sortable: bool = Field(description="A list of messages can be ordered by it.")
    bare: bool = Field(description="A word without a field is looked for in it too.")
    scope: str = Field(description="The scope that a query needs which names it.")


class FieldsOut(Out):
    """The fields of the query language."""

    items: list[FieldOut]
    headers: list[str] = Field(
        description="The `header.` fields that the newest messages have, the commonest first.",
        examples=[["header.tenant"]],
    )
    headers_of: int = Field(
        description="In so many messages, the newest, `headers` was looked for.", ge=0
    )
    position: PositionOut


def fields() -> Iterator[FieldOut]:
    """Yield every field, the prefixes last."""
    for name, field in FIELDS.items():
        yield _field(name, field.kind, HELP[name])
    for name, told in PREFIXES.items():
        yield _field(name, Kind.KEYWORD, told)


def _field(name: str, kind: Kind, told: Help) -> FieldOut:
    return FieldOut(
        name=name,
        is_prefix=name in PREFIXES,
        kind=kind,
        description=told.told,
        example=told.example,
        values=None if told.values is None else list(told.values),
        counted=is_counted(name),
        sortable=name in SORT_VALUES,
        bare=name in (*FREE_FIELDS, "routing_key", "body", "headers"),
        scope=PAYLOAD if name in ("body", BODY) else METADATA,
    )

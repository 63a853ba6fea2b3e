"""Everything that hoptrail needs on Elasticsearch, made where it is missing: running it again changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from store.elastic import mappings, security
from store.elastic.connection import Elastic, RequestRefused, escaped
from store.elastic.documents import make_index
from store.elastic.index_versions import EMPTY_DAY_NS, Versions
from store.elastic.log import ElasticEventLog
from store.elastic.roles import DAEMONS
from store.elastic.security import CHANGED, MADE, THERE, Key, Step
from store.elastic.templates import Template, is_same, templates, version_of
from store.errors import LogRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be there. *version* is that of the message documents; *passwords* are by role, each makes a user.

    Without any password every role gets an API key. Without *roles* who may do what is left as it is.
    """

    version: str
    passwords: Mapping[str, str] = field(default_factory=dict[str, str])
    roles: bool = True
    renew_keys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done; `is_secured` says whether the server asks who is there."""

    steps: list[Step]
    is_secured: bool

    @property
    def changed(self) -> int:
        return sum(step.state != THERE for step in self.steps)


class _Named(msgspec.Struct):
    name: str
    index_template: dict[str, Any]


class _Templates(msgspec.Struct):
    index_templates: list[_Named] = []


_templates = msgspec.json.Decoder(_Templates)
_encode = msgspec.json.Encoder().encode


async def set_up(
    elastic: Elastic,
    wanted: Wanted,
    *,
    now_ns: int,
    on_key: Callable[[Key], None],
    dry: bool = False,
) -> Done:
    """Make what is missing of *wanted*; when *dry*, only say what would be made.

    *on_key* is given each new API key at once, as nobody can read it again, whatever comes after.

    Raises:
        LogRefused: the user may not, or a newer hoptrail has been here.
        LogUnavailable: the server is away; run it again.
    """
    is_secured = await security.who(elastic) is not None
    steps = await _make_templates(elastic, dry=dry)
    steps += await _make_indices(elastic, wanted.version, dry=dry)
    if is_secured and wanted.roles:
        try:
            steps += await security.roles(elastic, dry=dry)
            steps += await security.users(elastic, wanted.passwords, dry=dry)
            if not wanted.passwords or wanted.renew_keys:
                steps += await security.keys(
                    elastic, DAEMONS, wanted.renew_keys, on_key, now_ns=now_ns, dry=dry
                )
        except RequestRefused as error:
            raise LogRefused(
                f"{error}\nTo leave roles, users and API keys to whoever may make them: hoptrail setup --no-roles"
            ) from error
    return Done(steps=steps, is_secured=is_secured)


async def installed(elastic: Elastic, name: str) -> dict[str, Any] | None:
    """Return the index template *name* as it is now."""
    path = f"/_index_template/{escaped(name)}"
    answer = await elastic.request("GET", path, expect={404})
    found = [] if answer.status == 404 else _templates.decode(answer.body).index_templates
    return next((each.index_template for each in found if each.name == name), None)


async def _make_templates(elastic: Elastic, *, dry: bool) -> list[Step]:
    steps: list[Step] = []
    for name, wanted in templates(elastic.names).items():
        state = _state(name, await installed(elastic, name), wanted)
        if state != THERE and not dry:
            path = f"/_index_template/{escaped(name)}"
            await elastic.request("PUT", path, body=_encode(wanted))
        steps.append(Step(kind="index template", name=name, state=state))
    return steps


def _state(name: str, held: dict[str, Any] | None, wanted: Template) -> str:
    if held is None:
        return MADE
    if version_of(held) > version_of(wanted):
        raise LogRefused(
            f"the index template {name} has version {version_of(held)}, this hoptrail knows "
            f"{version_of(wanted)}: run hoptrail setup of the newer one"
        )
    return THERE if is_same(held, wanted) else CHANGED


async def _make_indices(elastic: Elastic, version: str, *, dry: bool) -> list[Step]:
    """Make the first indices: those of the log while it is empty, and one that the alias for searches stands on."""
    names = elastic.names
    wanted = {
        names.segments: mappings.segments(),
        names.keys: mappings.keys(),
        names.snapshots: mappings.snapshots(),
        names.checkpoints: mappings.checkpoints(),
    }
    if await ElasticEventLog(elastic, read_only=True).head() is None:
        wanted |= {names.blocks(0): mappings.blocks(), names.bodies(0): mappings.bodies()}
    steps: list[Step] = []
    for index, body in wanted.items():
        is_there = (await elastic.request("HEAD", f"/{index}", expect={404})).status != 404
        if not is_there and not dry:
            await make_index(elastic, index, body)
        steps.append(Step(kind="index", name=index, state=THERE if is_there else MADE))
    versions = Versions(elastic)
    is_there = bool(await versions.all())
    if not is_there and not dry:
        await versions.make(names.messages_index(version, EMPTY_DAY_NS), is_served=True)
    steps.append(Step(kind="alias", name=names.messages, state=THERE if is_there else MADE))
    return steps

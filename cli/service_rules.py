"""The file of rules for service names, as an operator writes it: TOML, one ``[[rule]]`` after another.

It is read as a whole or refused as a whole; what is wrong is told with file, line and what to write instead.
"""

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from projector.linker.rules import KEYS, Rule

SERVICE = "service"
HEADING = "[[rule]]"
FILE_BYTES_MAX = 1 << 20
RULES_MAX = 1_000
SERVICE_LENGTH_MAX = 200
PATTERN_LENGTH_MAX = 255


class RulesInvalid(ValueError):
    """The rules are not valid; the message says where, why, and what to write."""


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The rules that stood in the file *path* when it was read."""

    path: str
    rules: tuple[Rule, ...]

    def __str__(self) -> str:
        return self.path


def read(path: str) -> RuleFile:
    """Return the rules in the file *path*.

    Raises:
        RulesInvalid: it cannot be read, or holds something else than valid rules.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        told = f"{path} cannot be read ({error.strerror}); name a TOML file, or unset it"
        raise RulesInvalid(told) from error
    if len(raw) > FILE_BYTES_MAX:
        raise RulesInvalid(
            f"{path} is larger than {FILE_BYTES_MAX >> 20} MiB; name a file of rules"
        )
    try:
        return RuleFile(path, rules_in(raw.decode()))
    except UnicodeDecodeError as error:
        raise RulesInvalid(f"{path} is not UTF-8; write it again as UTF-8") from error
    except RulesInvalid as error:
        raise RulesInvalid(f"{path}, {error}") from error


def rules_in(text: str) -> tuple[Rule, ...]:
    """Return the rules that *text* holds, in their order.

    Raises:
        RulesInvalid: it is not TOML, a rule is not valid, or there is something else.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesInvalid(f"not TOML: {error}") from error
    tables: Any = data.pop("rule", [])
    if data:
        raise RulesInvalid(f"{next(iter(data))}: only rules can stand there, each under {HEADING}")
    if not isinstance(tables, list):
        raise RulesInvalid(f"rule: write it as {HEADING}, with two brackets")
    found = cast("list[Any]", tables)
    if len(found) > RULES_MAX:
        raise RulesInvalid(f"rule {RULES_MAX + 1}: there can be {RULES_MAX}; use * to join some")
    rules: dict[tuple[tuple[str, str], ...], Rule] = {}
    for table, where in zip(found, _places(text, len(found)), strict=True):
        try:
            rule = _rule(table)
        except RulesInvalid as error:
            raise RulesInvalid(f"{where}: {error}") from error
        if rule.patterns in rules:
            told = f"rule {[*rules].index(rule.patterns) + 1} has the same patterns"
            raise RulesInvalid(f"{where}: it never counts, since {told}; delete one of them")
        rules[rule.patterns] = rule
    return tuple(rules.values())


def _places(text: str, count: int) -> list[str]:
    """Return where each of *count* rules begins, with its line where that is certain."""
    lines = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if line.partition("#")[0].replace(" ", "").strip() == HEADING
    ]
    if len(lines) != count:
        return [f"rule {at}" for at in range(1, count + 1)]
    return [f"line {line} (rule {at})" for at, line in enumerate(lines, start=1)]


def _rule(table: Any) -> Rule:
    if not isinstance(table, dict):
        raise RulesInvalid(f"it is no table; write it under {HEADING}")
    told = {key: _text(key, value) for key, value in cast("dict[str, object]", table).items()}
    service = told.pop(SERVICE, "").strip()
    if not service:
        raise RulesInvalid('it names no service; add service = "NAME"')
    if len(service) > SERVICE_LENGTH_MAX or not service.isprintable():
        raise RulesInvalid(
            f"write its service with {SERVICE_LENGTH_MAX} printable characters at most"
        )
    if not told:
        raise RulesInvalid(f"it says not what belongs to it; add {_listed(KEYS)}")
    other = next((key for key in told if key not in ("queue", "vhost")), None)
    if "queue" in told and other is not None:
        raise RulesInvalid(f"queue goes with vhost alone, not with {other}; make it two rules")
    return Rule(service=service, patterns=tuple((key, told[key]) for key in KEYS if key in told))


def _text(key: str, value: object) -> str:
    known = (SERVICE, *KEYS)
    if key not in known:
        near = get_close_matches(key, known, n=1)
        mend = f"is it {near[0]}?" if near else f"write {_listed(known)}"
        raise RulesInvalid(f"there is no key {key}; {mend}")
    if not isinstance(value, str) or not value:
        raise RulesInvalid(f'{key} has to be a text; write {key} = "..."')
    if len(value) > PATTERN_LENGTH_MAX:
        raise RulesInvalid(
            f"{key} is longer than {PATTERN_LENGTH_MAX} characters; use * for a part of it"
        )
    return value


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"

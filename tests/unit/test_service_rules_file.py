"""The file of rules for service names: what it says, how what is wrong with it is told, and what doctor says of it."""

from pathlib import Path

import pytest

from cli.service_rules import RULES_MAX, RulesInvalid, rules_in
from cli.service_rules_check import judge
from cli.settings import SettingsInvalid, load
from cli.wiring import linker_limits
from collector.doctor.checks import OK, WARNING
from events.facts import ConnectionOpened, QueueDeclared
from projector.linker.rules import Rule

RULES = """
[[rule]]  # the old one
service = "billing"
user = "app"
connection_name = "legacy-*"

[[ rule ]]
service = " audit "
queue = "audit.*"
"""
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "name-your-services.md"


def test_rules_are_read_in_their_order() -> None:
    """Each is a service and its patterns, in the order of the keys' reference however they were written."""
    assert rules_in(RULES) == (
        Rule(service="billing", patterns=(("connection_name", "legacy-*"), ("user", "app"))),
        Rule(service="audit", patterns=(("queue", "audit.*"),)),
    )


def test_the_rules_of_the_how_to_are_valid() -> None:
    """What the how-to shows can be used as it is."""
    (shown,) = [
        part for part in HOW_TO.read_text().split("```toml\n")[1:] if part.startswith("# services")
    ]

    assert len(rules_in(shown.partition("```")[0])) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[rule]]\nservice =\nuser = 'a'", "not TOML: Invalid value (at line 2"),
        ("rules = 1", "rules: only rules can stand there, each under [[rule]]"),
        ("[rule]\nservice = 'a'", "rule: write it as [[rule]], with two brackets"),
        ("rule = [1]", "rule 1: it is no table; write it under [[rule]]"),
        ("\n[[rule]]\nuser = 'a'", 'line 2 (rule 1): it names no service; add service = "NAME"'),
        ("[[rule]]\nservice = ' '\nuser = 'a'", "it names no service"),
        ("[[rule]]\nservice = 'a\\u0007'\nuser = 'a'".replace("'", '"'), "printable characters"),
        ("[[rule]]\nservice = 'a'", "it says not what belongs to it; add connection_name, user,"),
        ("[[rule]]\nservice = 'a'\nusr = 'b'", "there is no key usr; is it user?"),
        ("[[rule]]\nservice = 'a'\n'x y' = 'b'", "there is no key x y; write service, connection"),
        ("[[rule]]\nservice = 'a'\nuser = 7", 'user has to be a text; write user = "..."'),
        ("[[rule]]\nservice = 'a'\nuser = ''", "user has to be a text"),
        (f"[[rule]]\nservice = 'a'\nuser = '{'x' * 256}'", "user is longer than 255 characters"),
        (
            "[[rule]]\nservice = 'a'\nqueue = 'q'\nuser = 'u'",
            "queue goes with vhost alone, not with user; make it two rules",
        ),
        (
            "[[rule]]\nservice = 'a'\nuser = 'u'\n[[rule]]\nservice = 'b'\nuser = 'u'",
            "line 4 (rule 2): it never counts, since rule 1 has the same patterns",
        ),
        ("[[rule]]\n" * (RULES_MAX + 1), f"rule {RULES_MAX + 1}: there can be {RULES_MAX}"),
        ('x = """\n[[rule]]\n"""\n', "x: only rules can stand there"),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_wrong_is_told_with_its_place_and_its_remedy(text: str, told: str) -> None:
    """Nothing that is not a valid rule is passed over."""
    with pytest.raises(RulesInvalid) as caught:
        rules_in(text)

    assert told in str(caught.value)


def test_a_line_is_told_only_where_it_is_certain() -> None:
    """A heading within a text is no rule, so the count of headings must be that of the rules."""
    text = "[[rule]]\nservice = '''\n[[rule]]\n'''\n"

    with pytest.raises(RulesInvalid, match=r"^rule 1: "):
        rules_in(text)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"\xff", "is not UTF-8"),
        (b"#" * ((1 << 20) + 1), "is larger than 1 MiB"),
        (b"[[rule]]", ", line 1 (rule 1): it names no service"),
    ],
)
def test_a_file_that_cannot_be_used_ends_the_start(
    content: bytes | None, told: str, tmp_path: Path
) -> None:
    """The setting is named, and the file, and no settings come of it."""
    file = tmp_path / "services.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsInvalid) as caught:
        load({"HOPTRAIL_SERVICE_RULES": str(file)})

    assert str(caught.value).startswith(f"HOPTRAIL_SERVICE_RULES: {file}")
    assert told in str(caught.value)


def test_the_setting_gives_the_linker_its_rules(tmp_path: Path) -> None:
    """The file is read once; afterwards the settings tell its name and hold its rules."""
    file = tmp_path / "services.toml"
    file.write_text(RULES)
    settings = load({"HOPTRAIL_SERVICE_RULES": str(file)})
    file.unlink()

    assert settings.told()["HOPTRAIL_SERVICE_RULES"] == str(file)
    assert linker_limits(settings).rules == rules_in(RULES)
    assert linker_limits(load({"HOPTRAIL_SERVICE_RULES": ""})).rules == ()


def test_rules_that_name_nothing_are_told() -> None:
    """A rule is of use when it is the first to fit a connection or a queue; each other one is a warning."""
    rules = rules_in(RULES + '[[rule]]\nservice = "late"\nuser = "app"\nconnection_name = "legacy-7"')  # fmt: skip
    opened = ConnectionOpened(
        "n", "c", "/", "app", "legacy-7", "pika", "", "", "", "10.0.0.9", 1, 0, "", "reconciliation"
    )
    queue = QueueDeclared("/", "audit.all", "classic", True, False, False, {}, {}, "reconciliation")

    assert [check.state for check in judge(rules[:2], [opened, queue])] == [OK]
    (late,) = judge(rules, [opened, queue])
    assert (late.state, "rule 3, for late" in late.detail) == (WARNING, True)
    assert [check.state for check in judge(rules, [])] == [WARNING] * 3

"""What the API tells of the settings: the same as the reference, and nothing that is secret."""

from cli.settings import SECRETS, load
from cli.settings_in_force import in_force, unit_of

SECRET = "this-must-not-be-told-anywhere"
URLS = ("AMQP_URL", "MANAGEMENT_URL", "ADMIN_URL", "KIBANA_URL", "STORE")


def test_no_secret_is_told() -> None:
    """Of a secret only whether it is set is told, and URLs have no password."""
    given = {f"HOPTRAIL_{name.upper()}": SECRET * 2 for name in SECRETS - {"otlp_headers"}}
    given |= {"HOPTRAIL_OTLP_HEADERS": f"authorization={SECRET}"}
    given |= {f"HOPTRAIL_{name}": f"https://user:{SECRET}@host" for name in URLS}
    given |= {"HOPTRAIL_AMQP_URL": f"amqp://user:{SECRET}@host/"}
    told = {row.name: row for row in in_force(load(given))}

    assert SECRET not in str(told)
    assert all(told[f"HOPTRAIL_{name.upper()}"].value == "set" for name in SECRETS)
    assert all(told[f"HOPTRAIL_{name.upper()}"].is_secret for name in SECRETS)
    assert told["HOPTRAIL_AMQP_URL"].value == "amqp://user:***@host/"


def test_each_setting_is_told_with_its_default_and_meaning() -> None:
    """A setting that was changed says so beside its default; one that was not is its default."""
    told = {row.name: row for row in in_force(load({"HOPTRAIL_RETENTION_DAYS": "3"}))}
    days, size = told["HOPTRAIL_RETENTION_DAYS"], told["HOPTRAIL_RETENTION_GB"]

    assert (days.value, days.default, days.is_default, days.unit) == ("3.0", "14.0", False, "days")
    assert (size.value, size.default, size.is_default, size.unit) == ("10.0", "10.0", True, "GB")
    assert told["HOPTRAIL_API_KEY"].value == "not set"
    assert told["HOPTRAIL_KIBANA_URL"].value is None
    assert all(row.meaning for row in told.values())


def test_every_number_has_a_unit() -> None:
    """Of the settings that are numbers none is told without its unit."""
    settings = load({})
    numbers = [
        name
        for name in type(settings).model_fields
        if isinstance(getattr(settings, name), int | float)
    ]

    assert numbers
    assert [name for name in numbers if unit_of(name) is None] == []

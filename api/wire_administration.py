"""The JSON form of a setting in force.

Pure.
"""

from pydantic import Field

from api.ports import SettingInForce
from api.wire import Out


class SettingOut(Out):
    """A setting as it is in force; of a secret only whether it is set, of a URL no password."""

    name: str = Field(examples=["HOPTRAIL_RETENTION_DAYS"])
    value: str | None = Field(description="null where none is set; of a secret `set` or `not set`.")
    default: str | None = Field(description="null where there is none.")
    is_default: bool
    is_secret: bool
    unit: str | None = Field(description="Of a number.", examples=["days"])
    meaning: str


def setting(row: SettingInForce) -> SettingOut:
    """Return a setting in its JSON form."""
    return SettingOut(
        name=row.name,
        value=row.value,
        default=row.default,
        is_default=row.is_default,
        is_secret=row.is_secret,
        unit=row.unit,
        meaning=row.meaning,
    )

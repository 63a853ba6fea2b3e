"""What the API tells of the settings of this process: redacted as everywhere, each with its default and its meaning."""

from api.ports import SettingInForce
from cli.broker_settings import PREFIX
from cli.settings import SECRETS, Settings

UNITS = {
    "_ms": "ms",
    "_s": "s",
    "_s_max": "s",
    "_days": "days",
    "_gb": "GB",
    "_bytes_max": "bytes",
    "_messages_max": "messages",
    "_copies_max": "copies",
    "streams_max": "streams",
    "prefetch": "messages",
}
"""The unit of a number by how its setting's name ends."""


def in_force(settings: Settings) -> tuple[SettingInForce, ...]:
    """Return every setting, in the order of the reference."""
    values = settings.told()
    defaults = Settings.model_construct().told()
    return tuple(
        SettingInForce(
            name=PREFIX + name.upper(),
            value=_shown(name, values[PREFIX + name.upper()]),
            default=_shown(name, defaults[PREFIX + name.upper()]),
            is_default=getattr(settings, name) == field.default,
            is_secret=name in SECRETS,
            unit=unit_of(name),
            meaning=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    )


def unit_of(name: str) -> str | None:
    """Return the unit of the setting *name*; None for what is no number."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), None)


def _shown(name: str, told: str) -> str | None:
    if name in SECRETS:
        return "set" if told else "not set"
    return told or None

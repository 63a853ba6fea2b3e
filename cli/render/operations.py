"""Show what operators do: keys, and the trail."""

from typing import Any

from cli.render.values import moment

Table = tuple[tuple[str, ...], list[list[str]]]


def keys(answer: dict[str, Any]) -> Table:
    """Return the API keys."""
    rows = [
        [
            row["id"],
            row["name"],
            ", ".join(row["scopes"]),
            moment(row["created_at"]),
            row["created_by"],
            moment(row["revoked_at"]),
        ]
        for row in answer["items"]
    ]
    return ("key", "name", "scopes", "made", "by", "revoked"), rows


def trail(answer: dict[str, Any]) -> Table:
    """Return who did what when."""
    rows = [
        [moment(row["at"]), row["by"] or "hoptrail", row["told"], row["about"]]
        for row in answer["items"]
    ]
    return ("when (UTC)", "who", "what", "about"), rows


def fates(group: dict[str, Any]) -> str:
    """Return what became of a group's messages in one cell."""
    said = [f"{count} {state}" for state, count in group["states"].items()]
    if group["unfollowed"]:
        said.append(f"{group['unfollowed']} not followed any more")
    return ", ".join(said)

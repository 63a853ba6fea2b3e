"""Write the role files below docs/elasticsearch: ``python scripts/roles.py [--prefix PREFIX] [DIRECTORY]``."""

import argparse
from pathlib import Path

from store.elastic.names import PREFIX
from store.elastic.roles import PURPOSES, role_json, role_name, roles_yml

DIRECTORY = Path(__file__).parents[1] / "docs" / "elasticsearch"


def files(prefix: str = PREFIX) -> dict[str, str]:
    """Return the text of each file by its name."""
    told = {f"{role_name(role, prefix)}.json": role_json(role, prefix) for role in PURPOSES}
    return {"roles.yml": roles_yml(prefix), **told}


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefix", default=PREFIX, help="first part of every name")
    parser.add_argument("directory", nargs="?", type=Path, default=DIRECTORY)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    for name, text in files(options.prefix).items():
        (options.directory / name).write_text(text)


if __name__ == "__main__":
    main()

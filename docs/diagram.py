"""A flowchart in Mermaid's notation as SVG: boxes in layers, arrows downwards, groups by colour."""

import io
import re
import textwrap

import networkx as nx
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from cgbench.figures.style import PALETTE, styled

GROUP = re.compile(r"subgraph (\w+) \[(.+)\]")
BOX = re.compile(r'(\w+)\["(\w+): (.+)"\]')
ARROW = re.compile(r"(\w+) (-->|-\.->) (\w+)")
WIDTH, ROW = 9.0, 0.95  # inches


def flowchart(text: str) -> str:
    """Draw the chart; a line that is none of the above is an error."""
    graph, groups = nx.DiGraph(), []
    for line in filter(None, map(str.strip, text.splitlines())):
        if found := GROUP.fullmatch(line):
            groups.append(found[2])
        elif found := BOX.fullmatch(line):
            graph.add_node(found[1], title=found[2], says=found[3], group=len(groups) - 1)
        elif found := ARROW.fullmatch(line):
            graph.add_edge(found[1], found[3], dotted=found[2] == "-.->")
        elif line not in ("flowchart TB", "end"):
            raise ValueError(f"flowchart: {line!r} is no group, box or arrow; see docs/diagram.py")
    places = _places(graph)
    with styled():
        rows = 1 + max(row for _, row in places.values())
        figure = Figure(figsize=(WIDTH, ROW * rows), layout="constrained")
        axes = figure.add_subplot()
        for start, end, known in graph.edges(data=True):
            style = {"arrowstyle": "-|>", "color": "0.55", "lw": 0.8, "ls": ":" if known["dotted"] else "-"}
            axes.annotate("", _shown(places[end], 0.26), _shown(places[start], -0.26), arrowprops=style)
        for name, known in graph.nodes(data=True):
            words = "\n".join([known["title"], *textwrap.wrap(known["says"], 26)])
            box = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": PALETTE[known["group"]], "lw": 1.4}
            axes.text(*_shown(places[name]), words, ha="center", va="center", fontsize=6.5, bbox=box)
        colours = [Patch(fc="white", ec=PALETTE[k], label=name) for k, name in enumerate(groups)]
        axes.legend(handles=colours, ncols=len(groups), loc="lower center", bbox_to_anchor=(0.5, 1.0))
        axes.set(xlim=(0, 1), ylim=(0.5 - rows, 0.5))
        axes.axis("off")
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None}, facecolor="white")
    svg = drawn.getvalue()[drawn.getvalue().index("<svg") :]
    said = "; ".join(f"{start} is read by {end}" for start, end in graph.edges)
    return f'<figure class="diagram" role="img" aria-label="{said}">{svg}</figure>'


def _places(graph: nx.DiGraph) -> dict[str, tuple[float, int]]:
    """Place each box below all that it reads, and in its row where its neighbours are."""
    rows = [list(row) for row in nx.topological_generations(graph)]
    across: dict[str, float] = {}
    for _ in range(8):  # each pass moves boxes towards their neighbours
        for row in rows:
            near = {
                name: [across[other] for other in nx.all_neighbors(graph, name) if other in across] or [0.5]
                for name in row
            }
            row.sort(key=lambda name: sum(near[name]) / len(near[name]))
            across |= {name: (k + 0.5) / len(row) for k, name in enumerate(row)}
    return {name: (across[name], k) for k, row in enumerate(rows) for name in row}


def _shown(place: tuple[float, int], shift: float = 0.0) -> tuple[float, float]:
    return place[0], shift - place[1]

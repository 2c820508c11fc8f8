"""Quantities with a range in which they pass, and the worst of their values over all frames."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cgbench.chem.molecule import IntArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """The worst value of a quantity at one place.

    Attributes
    ----------
    check
        Name of the check.
    atoms
        Atoms, or beads where ``of_beads``.
    value, low, high
        The value, and the smallest and largest that pass; NaN where a text says it all.
    unit
        Their unit.
    excess
        How far the value is beyond the range, relative to a scale; it fails if this is positive.
    frame
        Frame of this value, from 0.
    n_frames
        Number of frames in which it fails.
    text
        What is wrong, where no number says it.
    """

    check: str
    atoms: tuple[int, ...]
    value: float = np.nan
    low: float = -np.inf
    high: float = np.inf
    unit: str = ""
    excess: float = np.inf
    frame: int = 0
    n_frames: int = 0
    text: str = ""


class Terms:
    """Values that every frame has, of the same groups of atoms.

    Parameters
    ----------
    check, unit
        Name of the check, and unit of the values.
    atoms
        Atoms of each term.
    measure
        Values [n, n_terms] of positions [n, n_atoms, 3].
    low, high : [n_terms], or the same for all terms
        Range in which a value passes.
    scale : [n_terms], or the same for all terms
        What makes the deviations of different terms comparable.
    """

    def __init__(
        self,
        check: str,
        unit: str,
        atoms: IntArray | Sequence[IntArray],
        measure: Callable[[NDArray[np.float32]], NDArray[np.floating]],
        low: Floats | float = -np.inf,
        high: Floats | float = np.inf,
        scale: Floats | float = 1.0,
    ) -> None:
        self.check, self.unit, self.atoms, self.measure = check, unit, atoms, measure
        self.n_examined = n = len(atoms)
        self.low, self.high, self.scale = (np.broadcast_to(each, n) for each in (low, high, scale))
        self._worst, self._value = np.full(n, -np.inf), np.full(n, np.nan)
        self._frame, self._n_frames = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)

    def add(self, positions: NDArray[np.float32], first: int) -> NDArray[np.bool_]:
        """Take frames [n, n_atoms, 3] that begin with number ``first``, and return which of them fail."""
        if not len(self.atoms):
            return np.zeros(len(positions), dtype=bool)
        values = np.asarray(self.measure(positions), dtype=np.float64)
        excess = np.maximum(self.low - values, values - self.high) / self.scale
        self._n_frames += (excess > 0).sum(axis=0)
        row, column = excess.argmax(axis=0), np.arange(len(self.atoms))
        worse = excess[row, column] > self._worst
        self._worst[worse] = excess[row, column][worse]
        self._value[worse] = values[row, column][worse]
        self._frame[worse] = first + row[worse]
        return np.asarray((excess > 0).any(axis=1))

    def findings(self) -> list[Finding]:
        """Return the worst value of every term."""
        return [
            Finding(
                self.check,
                tuple(int(atom) for atom in atoms),
                float(self._value[term]),
                float(self.low[term]),
                float(self.high[term]),
                self.unit,
                float(self._worst[term]),
                int(self._frame[term]),
                int(self._n_frames[term]),
            )
            for term, atoms in enumerate(self.atoms)
        ]


@dataclass
class Pairs:
    """Faults that are looked for in each frame, each between two groups of atoms.

    Attributes
    ----------
    check, unit
        As for :class:`Terms`.
    n_examined
        Number of atoms or rings that are examined.
    find
        Atoms, value and smallest value that passes, of each fault in a frame of positions [n, n_atoms, 3],
        with the number of the frame.
    """

    check: str
    unit: str
    n_examined: int
    find: Callable[[NDArray[np.float32]], list[tuple[int, tuple[int, ...], float, float, float]]]
    _found: dict[tuple[int, ...], Finding] = field(default_factory=dict)

    def add(self, positions: NDArray[np.float32], first: int) -> NDArray[np.bool_]:
        """As :meth:`Terms.add`."""
        failed = np.zeros(len(positions), dtype=bool)
        for row, atoms, value, low, high in self.find(positions):
            failed[row] = True
            known = self._found.get(atoms)
            excess = max(low - value, value - high)
            n_frames = 1 + (known.n_frames if known else 0)
            if known is None or excess > known.excess:
                known = Finding(self.check, atoms, value, low, high, self.unit, excess, first + row, n_frames)
            self._found[atoms] = replace(known, n_frames=n_frames)
        return failed

    def findings(self) -> list[Finding]:
        """Return the worst value of every pair that failed."""
        return list(self._found.values())

"""What a simulation is made of: the settings from which a trajectory can be made again."""

from itertools import cycle, islice
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cgbench.core.settings import Settings

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
Angle = Annotated[float, Field(ge=-180, le=180)]
Positive = Annotated[float, Field(gt=0)]
Contact = Annotated[tuple[str, str], Field(description="two atoms as residue:name, the first residue is 1")]


class TorsionStart(Settings):
    """Start from given backbone angles, the same for every residue of the sequence (degrees).

    Parameters
    ----------
    leaves_within_ps
        Let the walker wait, and take as its first frame one from which it will cross phi = 0 (of the
        first residue) within this time. It gives every walker a like share of a basin that is
        entered too rarely to be met by chance and left at very different times.
    """

    kind: Literal["torsions"] = "torsions"
    phi: Angle
    psi: Angle
    leaves_within_ps: Positive | None = None


class FoldedStart(Settings):
    """Start from the native state, reached by annealing under flat-bottom restraints.

    Parameters
    ----------
    contacts
        Atom pairs pulled together, such as ``["3:N", "8:O"]``.
    kept
        How many of the first ``contacts`` decide, by holding without restraints, that a chain is folded.
    release_ps
        Time run without restraints in which they must hold, for the start to count.
    """

    kind: Literal["folded"] = "folded"
    contacts: tuple[Contact, ...] = Field(min_length=1)
    kept: int = Field(default=1, ge=1)
    hot_kelvin: Positive = 600
    cold_kelvin: Positive = 320
    anneal_ps: Positive = 300
    release_ps: Positive = 200


class MeltedStart(Settings):
    """Start from a chain melted at a high temperature, drawn anew for every walker."""

    kind: Literal["melted"] = "melted"
    hot_kelvin: Positive = 600
    melt_ps: Positive = 100


Start = Annotated[TorsionStart | FoldedStart | MeltedStart, Field(discriminator="kind")]


class Recipe(Settings):
    """Independent walkers of one capped peptide, ACE-sequence-NME, in implicit solvent.

    Parameters
    ----------
    sequence
        One-letter amino acids between the caps.
    starts
        Where the walkers start; walker k takes entry k, and the list is repeated when it is shorter.
    hydrogen_mass_amu
        Mass moved onto every hydrogen so that a longer timestep is stable; none leaves true masses.
    frames_per_walker, frame_interval_ps
        What is written; the length of a walker is their product.
    chunk_frames
        Frames between two checkpoints.
    """

    title: str
    description: str = ""
    citation: str = ""
    sequence: str = Field(min_length=1)
    walkers: int = Field(ge=1)
    starts: tuple[Start, ...] = Field(min_length=1)
    frames_per_walker: int = Field(ge=1)
    chunk_frames: int = Field(default=1000, ge=1)
    frame_interval_ps: Positive = 1.0
    equilibration_ps: Positive = 100.0
    temperature_kelvin: Positive = 300.0
    friction_per_ps: Positive = 1.0
    timestep_fs: Positive = 2.0
    hydrogen_mass_amu: Positive | None = None
    platform: Literal["Reference", "CPU", "CUDA", "OpenCL"] = "Reference"
    force_field: tuple[str, ...] = ("amber99sbildn.xml", "amber99_obc.xml")
    seed: int = Field(default=0, ge=0)

    @field_validator("sequence")
    @classmethod
    def _known_amino_acids(cls, sequence: str) -> str:
        unknown = sorted(set(sequence) - set(AMINO_ACIDS))
        if unknown:
            raise ValueError(f"unknown amino acids {unknown}; one-letter codes are {AMINO_ACIDS}")
        return sequence

    @model_validator(mode="after")
    def _whole_steps(self) -> "Recipe":
        steps = self.frame_interval_ps * 1000 / self.timestep_fs
        if abs(steps - round(steps)) > 1e-6 or round(steps) < 1:
            raise ValueError(
                f"frame_interval_ps {self.frame_interval_ps} is not a whole number of steps "
                f"of {self.timestep_fs} fs; change one of them"
            )
        return self

    @model_validator(mode="after")
    def _departure_in_first_chunk(self) -> "Recipe":
        chunk_ps = self.chunk_frames * self.frame_interval_ps
        for start in self.starts:
            waits = isinstance(start, TorsionStart) and start.leaves_within_ps
            if waits and waits > chunk_ps:
                raise ValueError(f"leaves_within_ps {waits} is longer than a chunk ({chunk_ps} ps); lower it")
        return self

    def steps(self, picoseconds: float) -> int:
        """Return the number of integration steps in a time."""
        return max(1, round(picoseconds * 1000 / self.timestep_fs))

    def start(self, walker: int) -> TorsionStart | FoldedStart | MeltedStart:
        """Return the start of one walker."""
        return next(islice(cycle(self.starts), walker, None))

    def physics(self) -> "Recipe":
        """Return the recipe without its prose, so that rewording a title repeats no simulation."""
        return self.model_copy(update={"title": "", "description": "", "citation": ""})

    def of_walker(self, walker: int) -> "Recipe":
        """Return what one walker depends on, so that adding walkers repeats none of those that are done."""
        return self.physics().model_copy(update={"walkers": walker + 1, "starts": (self.start(walker),)})

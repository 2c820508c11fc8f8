"""Settings of a simulation, from which its trajectories can be reproduced."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cgbench.core.settings import Settings

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
Angle = Annotated[float, Field(ge=-180, le=180)]
Positive = Annotated[float, Field(gt=0)]
Contact = Annotated[tuple[str, str], Field(description="two atoms as residue:name, the first residue is 1")]


class TorsionStart(Settings):
    """Start with given backbone torsions (degrees), the same for every residue of the sequence.

    Parameters
    ----------
    leaves_within_ps
        Start from a frame after which phi of the first residue changes sign within this time, ps, so that
        each walker visits the rare basin.
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
        Atom pairs that are restrained, such as ``["3:N", "8:O"]``.
    kept
        Number of decisive contacts, from the first of ``contacts``: a chain counts as folded while these
        are formed.
    release_ps
        Time without restraints in which the decisive contacts must stay formed.
    """

    kind: Literal["folded"] = "folded"
    contacts: tuple[Contact, ...] = Field(min_length=1)
    kept: int = Field(default=1, ge=1)
    hot_kelvin: Positive = 600
    cold_kelvin: Positive = 320
    anneal_ps: Positive = 300
    release_ps: Positive = 200


class MeltedStart(Settings):
    """Start from a chain melted at a high temperature, independently for every walker."""

    kind: Literal["melted"] = "melted"
    hot_kelvin: Positive = 600
    melt_ps: Positive = 100


Start = Annotated[TorsionStart | FoldedStart | MeltedStart, Field(discriminator="kind")]


class Recipe(Settings):
    """Independent walkers of one capped peptide, ACE-sequence-NME, in implicit solvent.

    Parameters
    ----------
    sequence
        One-letter codes of the amino acids between the caps.
    starts
        Starts of the walkers, in order; the list is repeated if it is shorter than ``walkers``.
    hydrogen_mass_amu
        Mass of hydrogens after repartitioning, which allows a longer timestep; by default unchanged.
    frames_per_walker, frame_interval_ps
        Number and spacing of the stored frames.
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
    def _consistent_times(self) -> "Recipe":
        steps = self.frame_interval_ps * 1000 / self.timestep_fs
        if abs(steps - round(steps)) > 1e-6 or round(steps) < 1:
            raise ValueError(
                f"frame_interval_ps {self.frame_interval_ps} is not a whole number of steps "
                f"of {self.timestep_fs} fs; change one of them"
            )
        chunk_ps = self.chunk_frames * self.frame_interval_ps
        for start in self.starts:
            if isinstance(start, TorsionStart) and (start.leaves_within_ps or 0) > chunk_ps:
                raise ValueError(
                    f"leaves_within_ps {start.leaves_within_ps} is longer than a chunk ({chunk_ps} ps); "
                    "lower it"
                )
        return self

    def steps(self, picoseconds: float) -> int:
        """Return the number of integration steps in a time."""
        return max(1, round(picoseconds * 1000 / self.timestep_fs))

    def start(self, walker: int) -> TorsionStart | FoldedStart | MeltedStart:
        """Return the start of one walker."""
        return self.starts[walker % len(self.starts)]

    def physics(self) -> "Recipe":
        """Return the recipe without texts, so that a new title repeats no simulation."""
        return self.model_copy(update={"title": "", "description": "", "citation": ""})

    def of_walker(self, walker: int) -> "Recipe":
        """Return the settings that one walker depends on, so that more walkers repeat no simulation."""
        return self.physics().model_copy(update={"walkers": walker + 1, "starts": (self.start(walker),)})

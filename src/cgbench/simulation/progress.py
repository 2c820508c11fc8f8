"""A progress bar that counts frames and speaks of nanoseconds."""

from typing import Any

from tqdm import tqdm

from cgbench.simulation.recipe import Recipe

SECONDS_PER_DAY = 86400


class FrameBar(tqdm):  # type: ignore[type-arg]
    """Progress of one walker on standard error, in ns and ns/day."""

    def __init__(self, recipe: Recipe, walker: int, done_frames: int) -> None:
        self.frames = recipe.frames_per_walker
        self.ns_per_frame = recipe.frame_interval_ps / 1000
        super().__init__(
            desc=f"walker {walker}",
            total=self.frames,
            initial=done_frames,
            bar_format="{desc}: {ns} {bar} {speed}, {remaining} left",
            smoothing=0,  # the time left follows the speed shown, the mean of this run
        )

    @property
    def format_dict(self) -> dict[str, Any]:
        """What the bar may show, with simulated time and speed added."""
        values = dict(super().format_dict)
        new = values["n"] - values["initial"]
        per_day = new * self.ns_per_frame / max(values["elapsed"], 1e-9) * SECONDS_PER_DAY
        values["ns"] = f"{values['n'] * self.ns_per_frame:.3f}/{self.frames * self.ns_per_frame:.3f} ns"
        values["speed"] = f"{per_day:,.0f} ns/day"
        return values

"""How much strain of samples a short minimisation cannot relieve."""

from cgbench.metrics import energy_raw


class Metric(energy_raw.Metric):
    """Energy of samples above that of their frame, per atom, both after at most 50 steps of L-BFGS.

    Near 0: samples are relaxed into geometries of the molecule. What stays is knots, wrong hands and
    broken rings. The frames and the bound are those of ``energy_raw``.
    """

    label = "Excess energy, minimised"
    minimised = True

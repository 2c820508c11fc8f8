"""Published CGVAE, with a corrected KL divergence: the reference for CGVAE.

Wang et al., *Generative Coarse-Graining of Molecular Conformations*, ICML 2022 (arXiv 2201.12176), with the
published choices that docs/cgvae.md lists as faults: an encoder on the atom graph that uses only elements and
distances, a decoder with unnormalised products that starts from the beads, and the full weight β from the
first step. Not adopted are the incorrect KL divergence, the frozen embedding of bead 0, and everything
outside the model: splits, mappings, training without restoring the best weights, and metrics. The optimiser
is the same as for all networks here. Settings for chignolin: basis 10, encoder_layers 2, decoder_layers 9,
atom_cutoff 12, bead_cutoff 25, batch_size 2, learning_rate 1e-4, gamma 50.
"""

from cgbench.methods import cgvae
from cgbench.nn.published import PublishedNetwork, PublishedSettings
from cgbench.nn.variational import VariationalNetwork


class Method(cgvae.Method):
    """Published CGVAE; enantiomers differ only with three beads."""

    Settings = PublishedSettings
    settings: PublishedSettings

    def new_network(self) -> VariationalNetwork:
        """Return the network with random weights."""
        return PublishedNetwork(self.mapping, self.molecule, self.settings)

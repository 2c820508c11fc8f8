"""Dense layers whose products may be made in bfloat16 while a network is trained."""

from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Linear):
    """``torch.nn.Linear`` that can multiply in bfloat16: factors and product are rounded to it, sums are not.

    Weights and all else stay in float32. Autocast would do it to every product, and geometry does not bear
    it: differences of coordinates vanish in eight bits. Vector channels that a layer mixes are rounded too,
    so training is equivariant to as much; in evaluation nothing is rounded.

    Attributes
    ----------
    halved
        Whether it does.
    """

    halved = False

    def forward(self, values: Tensor) -> Tensor:
        """Map features [..., n_in] to [..., n_out]."""
        if not (self.halved and self.training):
            return super().forward(values)
        product = functional.linear(values.bfloat16(), self.weight.bfloat16()).to(values)
        return product if self.bias is None else product + self.bias


def halve_products(network: nn.Module) -> None:
    """Let all dense layers of a network multiply in bfloat16 while it is trained."""
    for module in network.modules():
        if isinstance(module, Linear):
            module.halved = True

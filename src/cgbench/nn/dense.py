"""Dense layers with optional bfloat16 products during training."""

from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Linear):
    """``torch.nn.Linear`` with optional bfloat16 products: factors and products are rounded, sums are not.

    Weights and all other operations stay in float32, unlike with autocast, which would round differences of
    coordinates to eight bits. Mixed vector channels are rounded too, so training is equivariant only to this
    precision. Evaluation is always in full precision.

    Attributes
    ----------
    low_precision
        Whether products are in bfloat16 during training.
    """

    low_precision = False

    def forward(self, values: Tensor) -> Tensor:
        """Map features [..., n_in] to [..., n_out]."""
        if not (self.low_precision and self.training):
            return super().forward(values)
        product = functional.linear(values.bfloat16(), self.weight.bfloat16()).to(values)
        return product if self.bias is None else product + self.bias


def mlp(n_in: int, n_hidden: int, n_out: int) -> nn.Sequential:
    """Return two linear layers with a SiLU activation between them."""
    return nn.Sequential(Linear(n_in, n_hidden), nn.SiLU(), Linear(n_hidden, n_out))


def use_bfloat16(network: nn.Module) -> None:
    """Switch all dense layers of a network to bfloat16 products during training."""
    for module in network.modules():
        if isinstance(module, Linear):
            module.low_precision = True

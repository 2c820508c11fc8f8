"""The authors' code, from a clone of their repository, put together as their training script does it."""

import contextlib
import importlib.util
import io
import sys
import types
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch
from support.timing import (
    EPOCHS,
    N_SAMPLES,
    Case,
    Cost,
    load,
    now,
    peak_memory,
    training_rate,
    wait_for_others,
)
from torch import Tensor, nn

BETA = 0.05
# What their files import and what is timed here never calls.
NEVER_CALLED = ("ase", "ase.io", "ase.neighborlist", "mdshare", "pyemma", "sklearn", "sklearn.utils")
NEVER_CALLED += ("sklearn.model_selection",)


def scatter_module() -> types.ModuleType:
    """Make the two functions of torch_scatter that are called, of what it calls itself: scatter_add_."""

    def scatter_add(src: Tensor, index: Tensor, dim: int = 0, dim_size: int | None = None) -> Tensor:
        n_rows = int(index.max()) + 1 if dim_size is None else dim_size
        index = index.view(-1, *[1] * (src.ndim - 1)).expand_as(src)
        return src.new_zeros(n_rows, *src.shape[1:]).scatter_add_(dim, index, src)

    def scatter_mean(src: Tensor, index: Tensor, dim: int = 0) -> Tensor:
        count = scatter_add(torch.ones_like(index, dtype=src.dtype), index).clamp_min(1)
        return scatter_add(src, index, dim) / count.view(-1, *[1] * (src.ndim - 1))

    module = types.ModuleType("torch_scatter")
    module.__dict__.update(scatter_add=scatter_add, scatter_mean=scatter_mean)
    return module


def import_authors(path: str) -> tuple[Any, Any, Any]:
    """Import `cgvae` and `data` of the clone and the `utils` of its scripts."""
    if not Path(path, "scripts", "utils.py").is_file():
        raise SystemExit(f"{path}: no scripts/utils.py in it; give a clone with its files checked out")
    # The first optimiser loads this, which asks for the origin of modules and gets none of absent ones.
    importlib.import_module("torch._dynamo")
    sys.path[:0] = [path, f"{path}/scripts"]
    absent = {name.split(".")[0] for name in NEVER_CALLED if not importlib.util.find_spec(name.split(".")[0])}
    sys.modules |= {name: MagicMock() for name in NEVER_CALLED if name.split(".")[0] in absent}
    if not importlib.util.find_spec("torch_scatter"):
        sys.modules["torch_scatter"] = scatter_module()
    import utils
    from CoarseGrainingVAE import cgvae, data

    return cgvae, data, utils


def new_model(cgvae: Any, case: Case) -> nn.Module:
    """Make their model with their settings."""
    s = case.settings
    width = s["features"]
    mean, log_variance = (
        nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)) for _ in range(2)
    )
    common = {"n_atom_basis": width, "n_rbf": s["basis"], "activation": "swish"}
    # Their script gives the decoder the cutoff of atoms, and encoder and prior that of beads.
    encoder = cgvae.EquiEncoder(n_conv=s["encoder_layers"], cutoff=s["bead_cutoff"], **common)
    prior = cgvae.CGprior(n_conv=s["encoder_layers"], cutoff=s["bead_cutoff"], **common)
    decoder = cgvae.EquivariantPsuedoDecoder(
        num_conv=s["decoder_layers"], cutoff=s["atom_cutoff"], breaksym=case.n_beads == 3, **common
    )
    model: nn.Module = cgvae.CGequiVAE(
        encoder, decoder, mean, log_variance, case.n_beads, feature_dim=width, prior_net=prior
    )
    return model


def measure(case: Case) -> Cost:
    """Train and sample on the frames and the mapping that this package is measured on."""
    s = case.settings
    molecule, frames, mapping = load(case.molecule, case.n_beads)
    cgvae, data, utils = import_authors(case.authors)
    model = new_model(cgvae, case)
    optimizer = torch.optim.Adam(model.parameters(), lr=s["learning_rate"])

    def loader(n_frames: int) -> torch.utils.data.DataLoader[Any]:
        chosen = torch.as_tensor(np.resize(frames, (n_frames, *frames.shape[1:])))
        beads = torch.as_tensor(mapping.matrix, dtype=torch.float32) @ chosen
        kinds = torch.as_tensor(molecule.element_index + 1, dtype=torch.float32)[:, None]
        bead_kinds = torch.arange(case.n_beads, dtype=torch.float32)[:, None]
        pairs = torch.as_tensor(np.concatenate((molecule.bonds, molecule.angle_ends)))
        dataset = data.CGDataset(
            {
                "nxyz": [torch.cat((kinds, frame), dim=-1) for frame in chosen],
                "CG_nxyz": [torch.cat((bead_kinds, frame), dim=-1) for frame in beads],
                "num_atoms": [torch.tensor(molecule.n_atoms)] * n_frames,
                "num_CGs": [torch.tensor(case.n_beads)] * n_frames,
                "CG_mapping": [torch.as_tensor(mapping.bead_index)] * n_frames,
                "bond_edge_list": [pairs] * n_frames,
            }
        )
        dataset.generate_neighbor_list(s["atom_cutoff"], s["bead_cutoff"], undirected=True)
        return torch.utils.data.DataLoader(
            dataset, batch_size=s["batch_size"], collate_fn=data.CG_collate, shuffle=True
        )

    def epochs(n_steps: int) -> list[float]:
        batches, seconds = loader(n_steps * s["batch_size"]), []
        for epoch in range(EPOCHS):
            start = now(case)
            utils.loop(batches, optimizer, "cpu", model, BETA, epoch, gamma=s["gamma"], tqdm_flag=False)
            seconds.append(now(case) - start)
        return seconds[1:]

    with contextlib.redirect_stdout(io.StringIO()):
        training = training_rate(epochs, s["batch_size"])
        batch = next(iter(loader(s["batch_size"])))
    wait_for_others()
    return Cost(training, max(sampling_rate(case, model, utils, batch) for _ in range(3)), peak_memory())


@torch.no_grad()
def sampling_rate(case: Case, model: Any, utils: Any, batch: dict[str, Tensor]) -> float:
    """Geometries/s of a batch drawn as in their sampling, without what that computes beside them."""
    _, kinds, _, beads, _, pairs, mapping, numbers = model.get_inputs(batch)
    start = now(case)
    mean, sigma = model.prior_net(kinds, beads, pairs)
    for _ in range(N_SAMPLES):
        latent = utils.sample_normal(mean, sigma)
        model.decoder(beads, pairs, latent, latent, mapping, numbers)
    return len(numbers) * N_SAMPLES / (now(case) - start)

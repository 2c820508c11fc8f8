"""The rule by which two atoms are bonded, d_ij < 1.3 (r_i + r_j), and the radii of elements."""

BOND_FACTOR = 1.3
# Å. Atoms of large elements that are bonded to a third are 2.8 to 3.6 Å apart (P–O–P, Si–O–Si, I–C–I). The
# bond rule of some pairs reaches that far, and cannot tell them from bonded atoms.
LONGEST_DECIDED = 2.72
# Å. Covalent radii of the published bond rule d_ij < 1.3 (r_i + r_j) (arXiv 2201.12176, appendix), for other
# elements from the same source (Cambridge Structural Database); van der Waals radii (A. Bondi, J. Phys. Chem.
# 68, 441, 1964).
RADII = {
    "H": (0.23, 1.20),
    "C": (0.68, 1.70),
    "N": (0.68, 1.55),
    "O": (0.68, 1.52),
    "F": (0.64, 1.47),
    "Si": (1.20, 2.10),
    "P": (1.05, 1.80),
    "S": (1.02, 1.80),
    "Cl": (0.99, 1.75),
    "Se": (1.22, 1.90),
    "Br": (1.21, 1.85),
    "I": (1.40, 1.98),
}
COVALENT_RADII = {element: radius for element, (radius, _) in RADII.items()}
VAN_DER_WAALS_RADII = {element: radius for element, (_, radius) in RADII.items()}

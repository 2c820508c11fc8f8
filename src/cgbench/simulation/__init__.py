"""Simulation of capped peptides: structures, walkers, and folders of them with a card."""

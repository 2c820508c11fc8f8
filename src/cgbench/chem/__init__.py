"""Molecules, frames and geometry; nothing here learns."""

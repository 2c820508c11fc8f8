"""Data from the network into a cache that several runs share: verified, resumed, never half there."""

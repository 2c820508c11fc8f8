"""Downloads into a cache that several runs share."""

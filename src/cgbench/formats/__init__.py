"""File formats: reading what files store, with checks that nothing is lost or invented."""

"""Device, GPU sharing, provenance and tracking of a job."""

"""Files of a run and result tables: samples, scores, metrics."""

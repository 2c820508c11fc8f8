"""What every other package builds on: errors, input and output, settings, plug-in registry, seeds, locks."""

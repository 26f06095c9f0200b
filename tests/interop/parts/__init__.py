"""The parts of the run, one for each group of resources. Each has a `check` that takes a client."""

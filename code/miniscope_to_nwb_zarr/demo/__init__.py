"""Makes recordings as the acquisition software Miniscope-DAQ-QT writes them, for the demo, the tests and benchmarks."""

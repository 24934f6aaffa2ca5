"""Visual Behavior Ephys: behaviour sessions, some of them with up to six Neuropixels probes."""

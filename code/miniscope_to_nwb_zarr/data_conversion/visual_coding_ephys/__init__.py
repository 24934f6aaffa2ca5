"""Visual Coding Ephys (Neuropixels) of the Allen Institute."""

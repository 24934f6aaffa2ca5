"""Visual Coding Ophys (two-photon) of the Allen Institute."""

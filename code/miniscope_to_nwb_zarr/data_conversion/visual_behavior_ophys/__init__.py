"""Visual Behavior Ophys: behaviour sessions, and two-photon imaging of one or several planes during them."""

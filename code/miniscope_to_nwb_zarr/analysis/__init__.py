"""Analysis of the movie: motion correction, cells, events, phase, spectrogram."""

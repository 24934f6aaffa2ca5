"""The engine that is part of this program: motion correction and CNMF-E, tiled and streaming."""

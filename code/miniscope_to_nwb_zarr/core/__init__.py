"""Pure: standard library and numpy only; opens nothing, reads no clock."""

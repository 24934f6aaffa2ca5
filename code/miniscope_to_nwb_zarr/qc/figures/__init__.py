"""How numbers are drawn: pictures as PNG, plots as SVG."""

"""The colours of plots, of which each is told from the others also by those who see few colours."""

from __future__ import annotations

# Okabe and Ito's palette, the first four a little darker on white and lighter on black
_LIGHT = {
    "paper": "#ffffff", "card": "#f6f7f9", "ink": "#1b1f24", "soft": "#57606a", "grid": "#d8dee4",
    "blue": "#0069a8", "orange": "#b45f06", "green": "#00785a", "purple": "#9a4f84", "bad": "#c0270f",
    "look": "#9a6700", "good": "#00785a",
}  # fmt: skip
_DARK = {
    "paper": "#12161b", "card": "#1b2128", "ink": "#e8edf2", "soft": "#9da7b1", "grid": "#343c45",
    "blue": "#58b4f0", "orange": "#f0a646", "green": "#35c79b", "purple": "#dd95c5", "bad": "#ff7b62",
    "look": "#e8b339", "good": "#35c79b",
}  # fmt: skip
_CURVES = ("blue", "orange", "green", "purple", "soft", "bad", "look")


def _variables(colors: dict[str, str]) -> str:
    return "".join(f"--{name}:{color};" for name, color in colors.items())


LIGHT, DARK = _variables(_LIGHT), _variables(_DARK)
PLOT_STYLE = (
    "svg text{fill:var(--soft);font:11px system-ui,'Segoe UI',Helvetica,Arial,sans-serif}"
    ".grid{stroke:var(--grid)}.tick{stroke:var(--soft)}"
    ".curves path{vector-effect:non-scaling-stroke}.curves{overflow:hidden}.area,.wide{overflow:visible}"
    ".line,.level{fill:none;stroke-width:1.4;stroke-linejoin:round;stroke-linecap:round}"
    ".level{stroke-dasharray:4 3;stroke-width:1}"
    ".dots{fill:none;stroke-width:2.6;stroke-linecap:round}.strokes{fill:none;stroke-width:1.6;stroke-linecap:round}"
    ".band{stroke:none;opacity:.3}.bars{stroke:none}.mark{stroke:var(--paper);stroke-width:1}"
    ".beyond{fill:var(--ink)}"
    + "".join(
        f".line.{name},.level.{name},.dots.{name},.strokes.{name}{{stroke:var(--{name})}}"
        f".band.{name},.bars.{name},.mark.{name}{{fill:var(--{name})}}"
        for name in _CURVES
    )
)


def _resolved(style: str) -> str:
    """The style with colours in place of variables: programs that draw SVG files do not know them."""
    for name, color in _LIGHT.items():
        style = style.replace(f"var(--{name})", color)
    return style


FILE_STYLE = _resolved(f"{PLOT_STYLE}.paper{{fill:var(--paper)}}.head{{font-weight:600;fill:var(--ink)}}")

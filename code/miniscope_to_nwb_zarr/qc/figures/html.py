"""HTML and SVG put together from parts, in which text of others stays text."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

_WITHOUT_END = frozenset({"br", "hr", "img", "meta"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(value: object) -> Html:
    """Any value as text of a page; what is HTML already stays as it is.

    Examples
    --------
    >>> escaped("<b>&"), escaped(Html("<b>"))
    ('&lt;b&gt;&amp;', '<b>')
    """
    return value if isinstance(value, Html) else Html(html.escape(visible(str(value))))


def joined(parts: Iterable[object], between: Html = Html("")) -> Html:  # noqa: B008 - never changes
    """Parts one after the other."""
    return Html(between.join(escaped(part) for part in parts))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element.

    Parameters
    ----------
    name : str
    *children
        Text, which is escaped, or HTML. None is left out.
    **attributes
        An underscore at the end of a name is left out, others become hyphens; None leaves the attribute out.

    Examples
    --------
    >>> tag("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _WITHOUT_END:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(child for child in children if child is not None)}</{name}>")

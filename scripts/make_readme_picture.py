"""Write `docs/report.png`, the picture of the README: the top of the demo recording's report, and one of its scopes.

Run in `code/`: ``uv run python ../scripts/make_readme_picture.py ../results/<session>/qc/report.html``. Needs Chromium.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from tests.browser.chromium import Chromium, find

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "report.png"
_WIDTH_PX, _HEIGHT_PX = 1000, 1160
_FIRST_SCOPE = "document.querySelector('section table a').getAttribute('href').slice(1)"


def main() -> int:
    """Write the file; gives 0, or 2 where there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="qc/report.html of the converted demo recording")
    report = parser.parse_args().report
    program = find()
    if program is None:
        print("Chromium is not here: install it, or put it on the PATH", file=sys.stderr)
        return 2
    browser = Chromium(program)
    try:
        browser.open(report, _WIDTH_PX, _HEIGHT_PX)
        # it stays in sight, whatever is looked at
        browser.run("document.querySelector('nav').remove()")
        parts = [browser.picture("body"), browser.picture(f"#{browser.run(_FIRST_SCOPE)}")]
    finally:
        browser.close()
    picture = Image.new("RGB", (2 * _WIDTH_PX, _HEIGHT_PX), "white")
    for place, part in enumerate(parts):
        picture.paste(Image.fromarray(part[:_HEIGHT_PX]), (place * _WIDTH_PX, 0))
    # in all its colours: with fewer, red marks turn brown and pictures get rings
    picture.save(PICTURE, optimize=True)
    print(f"wrote {PICTURE.name}, {PICTURE.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

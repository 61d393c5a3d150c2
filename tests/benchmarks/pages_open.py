"""Real pages in headless Chromium that note when each row of the feed came into the DOM, by this machine's clock."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# A row is noted when it is in the document, and again in the next frame that the browser draws.
WATCH = """
window.seen = {}; window.drawn = {};
const now = () => performance.timeOrigin + performance.now();
new MutationObserver((changes) => {
  const at = now();
  for (const change of changes) for (const node of change.addedNodes) {
    if (!node.id?.startsWith("row-") || node.id in window.seen) continue;
    window.seen[node.id] = at;
    requestAnimationFrame(() => { window.drawn[node.id] = now(); });
  }
}).observe(document.querySelector("[data-live]"), { childList: true });
window.skew = Date.now() - now();
"""


def chromium() -> tuple[str, str] | None:
    """The browser and its driver; None where they aren't installed."""
    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    return (binary, driver) if binary and driver else None


@contextmanager
def opened(address: str, cookie: str, count: int) -> Iterator[list[Any]]:
    """So many Today pages, each in a browser of its own, once they are live."""
    with ExitStack() as stack:
        pages = [_driver() for _ in range(count)]
        for page in pages:
            stack.callback(page.quit)
        for page in pages:
            _show(page, address, cookie)
        yield pages


def _driver() -> Any:
    from selenium import webdriver

    found = chromium()
    assert found is not None
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(found[1]))


def _show(page: Any, address: str, cookie: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    page.get(f"{address}/sign-in/")
    for each in cookie.split("; "):
        name, _, value = each.partition("=")
        page.add_cookie({"name": name, "value": value, "path": "/"})
    page.get(f"{address}/today/")
    WebDriverWait(page, 30, 0.05).until(lambda _: page.execute_script("return !!document.querySelector('.pulse.up')"))
    page.execute_script(WATCH)


def times(page: Any, which: str) -> dict[str, float]:
    """Unix time in seconds at which each row was `seen` in the DOM, or `drawn`."""
    found = page.execute_script(f"return [window.{which}, window.skew]")
    noted, skew = found
    return {row.removeprefix("row-"): (at + skew) / 1000 for row, at in noted.items()}

"""Headless Chromium in front of the real stack: broker, hub with the real engine, dashboard, cameras."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium")

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.acceptance.stack import PATIENCE_S, Stack, enrol, make_stack, portrait, run, scene
from tests.integration.brokers import free_port

AXE = "4.14.1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class House:
    """A stack with its dashboard."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.port = free_port()
        self.environ = stack.environ | {"PRESENZA_HTTP_PORT": str(self.port)}
        self.process: subprocess.Popen[bytes] | None = None
        self.passwords: dict[str, str] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = (self.stack.site.settings.data_dir / "dashboard.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dashboard"], env=self.environ, stdout=subprocess.PIPE, stderr=log
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:  # it says its address when it listens
            if line.startswith(b"Dashboard:"):
                return
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        return (self.stack.site.settings.data_dir / "dashboard.log").read_text()

    def password(self, role: str) -> str:
        """The password of the account that is named as its role."""
        if role not in self.passwords:
            made = run("dashboard", "account", role, "--role", role, "--json", env=self.environ).stdout
            self.passwords[role] = json.loads(made)["password"]
        return self.passwords[role]

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


class Browser:
    """A browser with a person in front of it."""

    def __init__(self, driver: webdriver.Chrome, house: House) -> None:
        self.driver = driver
        self.house = house

    def sign_in(self, role: str = "admin") -> None:
        password = self.house.password(role)
        self.open("/sign-in/")
        self.driver.delete_all_cookies()
        self.open("/sign-in/")
        self.find("[name=username]").send_keys(role)
        self.find("[name=password]").send_keys(password)
        self.find("button.primary").click()
        self.until(lambda: "/sign-in/" not in self.driver.current_url)

    def open(self, path: str) -> None:
        self.driver.get(self.house.address + path)

    def find(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str = "body") -> str:
        return str(self.driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def texts(self, selector: str) -> list[str]:
        """The texts of elements, read at one moment."""
        script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText)"
        return list(self.driver.execute_script(script, selector))

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something is true, and return it."""
        # A live page replaces elements while they are looked at.
        wait = WebDriverWait(self.driver, PATIENCE_S, 0.05, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: condition())

    def until_live(self) -> None:
        """Wait until the page has its snapshot."""
        self.until(lambda: self.all("[data-line].up"))

    def complaints(self) -> list[str]:
        """What the browser's console says, policy violations among it; reading it empties it."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    enrol(folder / "enrolled")
    with make_stack(folder / "data", folder / "enrolled") as stack:
        run("device", "list", env=stack.environ)
        stack.start_hub()
        made = House(stack)
        made.start()
        try:
            yield made
        finally:
            code = made.stop()
            assert code == 0, made.log


@pytest.fixture(scope="session")
def lens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's own camera sees, as Motion JPEG: the astronaut, whom nobody enrolled."""
    film = tmp_path_factory.mktemp("lens") / "astronaut.mjpeg"
    film.write_bytes(scene(portrait("astronaut"), quality=92) * 30)
    return film


@pytest.fixture(scope="session")
def driver(lens: Path) -> Iterator[webdriver.Chrome]:
    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    service = shutil.which("chromedriver")
    if binary is None or service is None:
        pytest.skip("Chromium and its driver aren't installed (Debian: chromium chromium-driver).")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900", "--lang=en"):
        options.add_argument(argument)
    for argument in ("device", "ui"):  # a camera of ours, and nobody who has to allow it
        options.add_argument(f"--use-fake-{argument}-for-media-stream")
    options.add_argument(f"--use-file-for-fake-video-capture={lens}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(service))
    started.set_script_timeout(120)
    yield started
    started.quit()


@pytest.fixture
def browser(driver: webdriver.Chrome, house: House) -> Iterator[Browser]:
    opened = Browser(driver, house)
    opened.complaints()
    yield opened
    assert [line for line in opened.complaints() if "Content Security Policy" in line] == []


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's source: the newest from npm where there is npm, else what a Python package brings."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "presenza" / f"axe-core-{AXE}"
    source = folder / "package" / "axe.min.js"
    if not source.exists() and not _fetched(folder):
        return resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    return source.read_text(encoding="utf-8")


def _fetched(folder: Path) -> bool:
    npm = shutil.which("npm")
    if npm is None:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    pack = subprocess.run([npm, "pack", "--silent", f"axe-core@{AXE}"], cwd=folder, check=False, capture_output=True)
    if pack.returncode:
        return False
    return subprocess.run(["tar", "xzf", f"axe-core-{AXE}.tgz"], cwd=folder, check=False).returncode == 0

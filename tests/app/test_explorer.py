"""The explorer: every page in Streamlit's own test runner, and the whole app in headless Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallow_app.explorer.shown import md

ROOT = Path(__file__).parents[2]
PAGES = ("map", "niches", "limitations", "ideas", "novelty", "paper")


def test_text_of_papers_is_inert_on_a_page() -> None:
    hostile = "![x](http://e.vil/p.png) <script>alert(1)</script> $x$ :red[a] **b** [c](javascript:d)"
    shown = md(hostile)
    for character in "!()[]<>$*:":
        assert shown.count(character) == shown.count("\\" + character)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def explorer(demo_library: Path) -> Iterator[str]:
    port = free_port()
    arguments = ["app", "--no-browser", "--port", str(port), "--library", str(demo_library)]
    process = subprocess.Popen(
        [sys.executable, "-m", "fallow_app", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://localhost:{port}"
    try:
        for _ in range(120):
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("no chromium and chromedriver here: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    profile = tmp_path_factory.mktemp("profile")
    for flag in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--window-size=1280,1500",
        f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(flag)
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver")))
    )
    yield driver
    driver.quit()


def wait_for(driver, words: str, seconds: float = 60) -> str:
    """The page's text once it shows the words and has stopped running."""
    from selenium.webdriver.common.by import By

    text = ""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = driver.find_element(By.TAG_NAME, "body").text
        running = driver.find_elements(By.CSS_SELECTOR, "[data-testid='stStatusWidget']")
        if words in text and not running:
            return text
        time.sleep(0.3)
    raise AssertionError(f"'{words}' is not on the page: {text[:1500]}")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
class TestInChromium:
    @pytest.mark.parametrize(
        ("page", "words"),
        [
            ("", "Map of the field"),
            ("niches", "Read first"),
            ("limitations", "author groups"),
            ("ideas", "Compose ideas"),
            ("novelty", "Your idea"),
            ("paper?id=arxiv:1706.03762", "Attention Is All You Need"),
        ],
    )
    def test_every_page_shows_what_it_is_for(self, browser, explorer: str, page: str, words: str) -> None:
        browser.get(f"{explorer}/{page}")
        text = wait_for(browser, words)
        assert "Traceback" not in text
        assert "Error" not in text

    def test_an_idea_is_checked_on_the_page(self, browser, explorer: str) -> None:
        from selenium.webdriver.common.by import By
        from selenium.webdriver.common.keys import Keys

        browser.get(f"{explorer}/novelty")
        wait_for(browser, "Your idea")
        area = browser.find_element(By.TAG_NAME, "textarea")
        area.send_keys(
            "A transformer that attends with random feature maps in linear time.", Keys.CONTROL, Keys.ENTER
        )
        next(b for b in browser.find_elements(By.TAG_NAME, "button") if b.text == "Check").click()
        assert "“" in wait_for(browser, "Nearest papers")

    def test_an_unknown_paper_is_a_sentence(self, browser, explorer: str) -> None:
        browser.get(f"{explorer}/paper?id=arxiv:9999.99999")
        assert "no paper with the id" in wait_for(browser, "no paper with the id")

    def test_nothing_is_loaded_from_elsewhere(self, browser, explorer: str) -> None:
        browser.get(f"{explorer}/")
        wait_for(browser, "Map of the field")
        script = "return performance.getEntriesByType('resource').map(e => new URL(e.name).hostname)"
        assert set(browser.execute_script(script)) <= {"localhost", ""}

"""Take the README's pictures from the running app: `make screenshots`."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SEVERAL = "sample=multi_turn"
# name -> address, width, height, scheme
PICTURES = {
    "inspect-light": (f"/?{SEVERAL}&color_by=nll", 1280, 860, "light"),
    "inspect-dark": (f"/?{SEVERAL}&color_by=nll", 1280, 860, "dark"),
    "inspect-compare": (f"/?{SEVERAL}&compare=true&other_policy=last_assistant", 1280, 860, "light"),
    "inspect-phone": (f"/?{SEVERAL}", 390, 844, "light"),
}
PAGES = {
    "gradients": ("/gradients", 1280, 1000, "light", ".st-key-gradient_bars .main-svg"),
    "lesson-zh": ("/next_token?lang=zh", 1280, 1000, "dark", "h2"),
}


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless",
        "true",
        "--server.port",
        str(port),
    ]
    nothing_added = tempfile.mkdtemp()  # the pictures are the same whatever models a computer has
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"SFTVIZ_CACHE": nothing_added})
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            for name, (path, width, height, scheme) in PICTURES.items():
                page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(f"http://127.0.0.1:{port}{path}")
                take(page, name)
            for name, (path, width, height, scheme, ready) in PAGES.items():
                page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(f"http://127.0.0.1:{port}{path}")
                page.wait_for_selector(ready, timeout=90_000)
                save(page, name)
    finally:
        server.terminate()


def take(page: Page, name: str) -> None:
    """A page with a token chosen; of the first also the strip alone, with its detail."""
    page.locator(".sftviz-strip .tokens").get_by_text("happy").first.wait_for(timeout=90_000)
    page.locator(".sftviz-strip .tokens .tok.supervised").nth(3).click()
    save(page, name)
    if name == "inspect-light":
        page.locator(".sftviz-strip .both").screenshot(path=ROOT / "docs" / "strip.png")


def save(page: Page, name: str) -> None:
    page.wait_for_timeout(3000)
    (ROOT / "docs").mkdir(exist_ok=True)
    page.screenshot(path=ROOT / "docs" / f"{name}.png")


def wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer")


if __name__ == "__main__":
    main()

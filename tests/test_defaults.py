"""The settings the app ships with, as Streamlit itself reads them."""

from pathlib import Path

import pytest
from streamlit import config

ROOT = Path(__file__).resolve().parent.parent
SAFE = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["localhost", "127.0.0.1"],
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.maxUploadSize": 5,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
}


@pytest.mark.parametrize("option", SAFE)
def test_the_safe_value_is_in_force(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config.get_config_options(force_reparse=True)
    assert config.get_option(option) == SAFE[option]

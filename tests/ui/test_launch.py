"""`sftviz app`, wherever it is started: every setting of .streamlit/config.toml, tried by a request."""

import socket
import sys
import tomllib
from pathlib import Path

import pytest
from streamlit import config

from sftviz import extras
from sftviz.ui import launch
from tests.sources import ROOT
from tests.ui.served import answer_to, served

SETTINGS = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def test_every_setting_is_given_and_a_list_once_an_item() -> None:
    command = launch.command([], {})
    for section in ("server", "browser", "client"):
        assert all(any(part.startswith(f"--{section}.{name}=") for part in command) for name in SETTINGS[section])
    assert [part for part in command if "allowedHosts" in part] == [
        "--server.allowedHosts=localhost", "--server.allowedHosts=127.0.0.1",
    ]  # fmt: skip
    assert {"--server.maxUploadSize=5", "--theme.dark.textColor=#f2f3f7", "--server.enableCORS=true"} <= set(command)


def test_no_folder_of_pages_lies_beside_the_script() -> None:
    """Streamlit runs /gradients as pages/gradients.py until a first page was opened: nothing would be drawn."""
    script = Path(next(part for part in launch.command([]) if part.endswith(".py")))
    assert script.is_file()
    assert not (script.parent / "pages").exists()


def test_what_the_user_names_is_the_users() -> None:
    given = launch.command(
        ["--server.address=0.0.0.0", "--server.port", "80"], {"STREAMLIT_SERVER_ALLOWED_HOSTS": "me"}
    )
    assert given[-3:] == ["--server.address=0.0.0.0", "--server.port", "80"]
    assert [part for part in given if "address" in part] == ["--server.address=0.0.0.0"]
    assert not any("allowedHosts" in part for part in given)


@pytest.mark.parametrize(
    "option", [f"{section}.{name}" for section in ("server", "client") for name in SETTINGS[section]]
)
def test_the_variable_of_an_option_is_streamlits(option: str) -> None:
    assert launch._variable(option) == config.get_config_options()[option].env_var


def test_started_in_an_empty_folder_it_turns_a_foreign_host_away(tmp_path: Path) -> None:
    start = [sys.executable, "-c", "from sftviz.cli import app; app()", "app"]
    with served(start, tmp_path) as port:
        assert answer_to(port, "evil.example") == 403
        assert answer_to(port, "localhost") == 101
    with pytest.raises(OSError, match="refused"):  # who stops the command stops the server
        answer_to(port, "localhost")


@pytest.mark.parametrize("asked", [["--server.port={}"], ["--server.port", "{}"], []], ids=["=", "word", "variable"])
def test_a_port_that_is_taken_is_told_with_what_to_do(asked: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environment = {} if asked else {"STREAMLIT_SERVER_PORT": str(port)}
        with pytest.raises(launch.PortTaken, match=f"on port {port} already; choose another with --server.port"):
            launch.command([part.format(port) for part in asked], environment)


def test_without_streamlit_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda module: module != "streamlit")
    with pytest.raises(extras.MissingExtra, match=r"needs streamlit, .* pip install 'sftviz\[app\]'"):
        launch.command([])

import pytest

from src import config


def test_defaults():
    settings = config.load({})
    assert (settings.host, settings.port) == ("0.0.0.0", 5000)
    assert settings.log_level == "INFO"
    assert settings.production
    assert settings.secret == b""


def test_everything_set():
    settings = config.load(
        {
            "HOST": "127.0.0.1",
            "PORT": "8080",
            "THREADS": "2",
            "STOP_GRACE": "1.5",
            "LOG_LEVEL": "debug",
            "FLASK_ENV": "development",
            "WEBHOOK_SECRET": "s",
        }
    )
    assert settings == config.Settings("127.0.0.1", 8080, 2, 1.5, "DEBUG", False, b"s")


@pytest.mark.parametrize(
    "env",
    [
        {"PORT": "http"},
        {"PORT": "0"},
        {"PORT": "65536"},
        {"THREADS": "0"},
        {"STOP_GRACE": "-1"},
        {"STOP_GRACE": "nan"},
        {"LOG_LEVEL": "LOUD"},
        {"WEBHOOK_SECRET_FILE": "/nonexistent/secret"},
    ],
)
def test_wrong_values_name_their_variable(env):
    with pytest.raises(config.ConfigError, match=next(iter(env))):
        config.load(env)


def test_secret_file_wins_and_is_stripped(tmp_path):
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    env = {"WEBHOOK_SECRET": "from-env", "WEBHOOK_SECRET_FILE": str(file)}
    assert config.load(env).secret == b"from-file"


def test_secret_is_in_no_repr():
    assert "hush" not in repr(config.load({"WEBHOOK_SECRET": "hush"}))

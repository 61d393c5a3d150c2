"""What a running hub takes over from presenza.toml."""

from datetime import time
from pathlib import Path

import pytest

from hub import settings as hub_settings
from hub.errors import SettingsError
from hub.live_settings import AT_START, LIVE, SettingsFile, in_force
from hub.settings import Settings


def write(folder: Path, text: str) -> None:
    """As the dashboard does: whole, or not at all."""
    part = folder / "presenza.part"
    part.write_text(text)
    part.replace(folder / "presenza.toml")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write(tmp_path, 'late_after = "08:00"')
    return hub_settings.load({}, data_dir=tmp_path, workers=2)


def test_a_change_of_the_file_is_taken_over_and_the_rest_stays(settings: Settings, tmp_path: Path):
    file = SettingsFile(settings, {})
    assert file.news(settings) is None
    write(tmp_path, 'late_after = "08:15"\nkeep_events_days = 9')
    news = file.news(settings)
    assert news is not None
    assert (news.late_after, news.keep_events_days, news.workers) == (time(8, 15), 9, 2)
    assert file.news(news) is None


def test_what_the_environment_decides_is_not_changed_by_the_file(settings: Settings, tmp_path: Path):
    file = SettingsFile(settings, {"PRESENZA_LATE_AFTER": "07:00"})
    write(tmp_path, 'late_after = "08:15"')
    assert file.news(settings) is None


def test_what_needs_a_start_is_not_taken_over(settings: Settings, tmp_path: Path):
    file = SettingsFile(settings, {})
    write(tmp_path, 'late_after = "08:00"\nmin_face_px = 77')
    assert file.news(settings) is None


def test_a_file_that_is_wrong_is_said_once_and_what_was_in_force_stays(settings: Settings, tmp_path: Path):
    file = SettingsFile(settings, {})
    write(tmp_path, 'late_after = "never"')
    with pytest.raises(SettingsError):
        file.news(settings)
    assert file.news(settings) is None
    write(tmp_path, 'late_after = "08:30"')
    news = file.news(settings)
    assert news is not None
    assert news.late_after == time(8, 30)


def test_what_is_in_force_is_told_as_text(settings: Settings):
    told = in_force(settings)
    assert set(told) == {*LIVE, *AT_START}
    assert (told["late_after"], told["keep_events_days"]) == ("08:00", str(settings.keep_events_days))

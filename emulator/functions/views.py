"""Functions, variables, deployments and executions as answers spell them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.core.store import Row

_TWO_SPECIFICATIONS = (1, 9, 0)


def function_view(row: Row, variables: Iterable[Row], format_: tuple[int, ...]) -> dict[str, Any]:
    """A function with its variables; before 1.9.0 it has one specification, from then on two."""
    shown: dict[str, Any] = {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "execute": json.loads(row["execute"]),
        "name": row["name"],
        "enabled": bool(row["enabled"]),
        "live": bool(row["live"]),
        "logging": bool(row["logging"]),
        "runtime": row["runtime"],
        "deploymentRetention": row["deployment_retention"],
        "deploymentId": row["deployment_id"],
        "deploymentCreatedAt": row["deployment_created"],
        "latestDeploymentId": row["latest_deployment_id"],
        "latestDeploymentCreatedAt": row["latest_deployment_created"],
        "latestDeploymentStatus": row["latest_deployment_status"],
        "scopes": json.loads(row["scopes"]),
        "vars": [variable_view(variable, row["id"]) for variable in variables],
        "events": json.loads(row["events"]),
        "schedule": row["schedule"],
        "timeout": row["timeout"],
        "entrypoint": row["entrypoint"],
        "commands": row["commands"],
        "version": "v5",
        "installationId": "",
        "providerRepositoryId": "",
        "providerBranch": "",
        "providerRootDirectory": "",
        "providerSilentMode": False,
        "providerBranches": [],
        "providerPaths": [],
    }
    if format_ < _TWO_SPECIFICATIONS:
        return {**shown, "specification": row["build_specification"]}
    return {
        **shown,
        "buildSpecification": row["build_specification"],
        "runtimeSpecification": row["runtime_specification"],
    }


def variable_view(row: Row, function_id: str) -> dict[str, Any]:
    """A variable of a function, or of the project when function_id is empty; a secret has no value here."""
    return {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "key": row["key"],
        "value": "" if row["secret"] else row["value"],
        "secret": bool(row["secret"]),
        "resourceType": "function" if function_id else "project",
        "resourceId": function_id,
    }


def deployment_view(row: Row, function_id: str) -> dict[str, Any]:
    """A deployment; nothing here comes from a repository, so what tells of one is empty."""
    return {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "type": row["type"],
        "resourceId": function_id,
        "resourceType": "functions",
        "entrypoint": row["entrypoint"],
        "sourceSize": row["source_size"],
        "buildSize": row["build_size"],
        "totalSize": row["source_size"] + row["build_size"],
        "buildId": "",
        "activate": bool(row["activate"]),
        "screenshotLight": "",
        "screenshotDark": "",
        "status": row["status"],
        "buildLogs": row["build_logs"],
        "buildDuration": row["build_duration"],
        "providerRepositoryName": "",
        "providerRepositoryOwner": "",
        "providerRepositoryUrl": "",
        "providerCommitHash": "",
        "providerCommitAuthorUrl": "",
        "providerCommitAuthor": "",
        "providerCommitMessage": "",
        "providerCommitUrl": "",
        "providerBranch": "",
        "providerBranchUrl": "",
    }


def execution_view(row: Mapping[str, Any] | Row, function_id: str, with_logs: bool) -> dict[str, Any]:
    """An execution as it is remembered: no body, and of the answer's headers those that are kept."""
    duration = row["duration"]
    return {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "$permissions": [f'read("user:{row["user_id"]}")'] if row["user_id"] else [],
        "functionId": function_id,
        "deploymentId": row["deployment_id"],
        "trigger": row["trigger_kind"],
        "status": row["status"],
        "requestMethod": row["request_method"],
        "requestPath": row["request_path"],
        "requestHeaders": json.loads(row["request_headers"]),
        "responseStatusCode": row["response_status"],
        "responseBody": "",
        "responseHeaders": json.loads(row["response_headers"]),
        "logs": row["logs"] if with_logs else "",
        "errors": row["errors"] if with_logs else "",
        "duration": int(duration) if duration == int(duration) else duration,
        "scheduledAt": row["scheduled"],
    }


def header_list(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Headers as answers spell them."""
    return [{"name": name, "value": value} for name, value in headers]

"""What a target is started with: its environment, and the companions that its settings name."""

from collections.abc import Mapping
from typing import Literal

from auditor.config.database import Engine
from auditor.config.placeholder import fill
from auditor.execution.confinement import GUEST, RUN, WORK
from auditor.execution.databases.redis import PROGRAM, find_redis
from auditor.execution.recipe import Recipe
from auditor.execution.server import SPOOL
from auditor.execution.supervised import Process


def environment(recipe: Recipe, outside: Mapping[str, str], place: Mapping[str, str], /) -> dict[str, str]:
    """The target's variables: how it meets the `outside`, what its settings say, and where its database has its `place`."""
    settings = recipe.database
    env = {**outside, **recipe.env}
    if settings.engine is not Engine.NONE:
        env |= {settings.url_env: place["url"], **{name: fill(value, place) for name, value in settings.env}}
    return env


def probed(env: Mapping[str, str], /, *, lines: bool | Literal["functions"]) -> dict[str, str]:
    """The same, so that the probe records each request; with `lines` the lines that it executed too, or the first of each function alone."""
    path = [f"{GUEST}/probe", *filter(None, [env.get("PYTHONPATH")])]
    told = {"PYTHONPATH": ":".join(path), "AUDITOR_SPOOL": f"{RUN}/{SPOOL}", "AUDITOR_TREE": WORK}
    return {**env, **told, **({"AUDITOR_LINES": "1" if lines is True else lines} if lines else {})}


def companions(recipe: Recipe, env: Mapping[str, str], /) -> tuple[Process, ...]:
    """The services that stand beside the target, each with the target's environment and its own."""
    shared = dict(env)
    if wants_redis(recipe):
        shared["PATH"] += f":{find_redis().folder}"
    return tuple(
        Process(
            name=service.name,
            argv=service.command.filled({"port": service.port or ""}).argv,
            env={**shared, **dict(service.env)},
            cwd=recipe.cwd,
            ready_port=service.port if service.ready else None,
            ready_path=service.ready if service.ready != "tcp" else None,
            ready_timeout_s=service.ready_timeout_ms / 1000,
        )
        for service in recipe.services
    )


def wants_redis(recipe: Recipe, /) -> bool:
    """Whether a companion runs Redis."""
    return any(PROGRAM in service.command.text for service in recipe.services)

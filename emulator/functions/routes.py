"""The routes of functions, and the parts of the server that stand behind them."""

from __future__ import annotations

from pathlib import Path

from emulator.core.context import Server
from emulator.functions import definitions, deployments, executions, variables
from emulator.functions.builds import Builds
from emulator.functions.deploying import Deployer
from emulator.functions.execution_log import ExecutionLog
from emulator.functions.invoking import Invoker
from emulator.functions.scheduling import Scheduler
from emulator.functions.tables import SCHEMA as SCHEMA
from emulator.functions.triggers import Triggers
from emulator.functions.workers import Workers

ROUTES = definitions.ROUTES + variables.ROUTES + deployments.ROUTES + executions.ROUTES


async def start(server: Server) -> None:
    """Puts the parts together and goes on where the last run stopped."""
    server.parts.update(
        {
            Builds: Builds(Path(server.config.data_dir) / "builds"),
            Workers: Workers(),
            ExecutionLog: ExecutionLog(server),
            Invoker: Invoker(server),
        }
    )
    server.parts.update({Deployer: Deployer(server), Scheduler: Scheduler(server)})
    server.part(Deployer).start()
    server.part(Scheduler).start()
    Triggers(server).start()


async def stop(server: Server) -> None:
    """Stops what runs in the background, and the functions' processes."""
    await server.part(Scheduler).stop()
    await server.part(Deployer).stop()
    await server.part(Invoker).stop()
    await server.part(Workers).stop()

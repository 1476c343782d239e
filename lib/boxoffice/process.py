"""What is the same for every function: limits, time, and what one process knows of pools."""

import asyncio
import random
import time

from boxoffice.conflicts.tally import Tally
from boxoffice.inventory.memory import PoolMemory
from boxoffice.saga.timing import Timing

TOTAL_SECONDS = 25.0
"""Appwrite gives up after 30 seconds. This leaves some for a cold start."""

THREADS = 64
KNOWN_EVENTS = 1_000

TIMING = Timing(time.monotonic, asyncio.sleep, random.SystemRandom().random)

POOLS = PoolMemory(time.monotonic)
"""One for whoever books and whoever looks in the same process, so that looking sees what was booked."""

CONFLICTS = Tally(time.monotonic)

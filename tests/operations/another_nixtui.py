"""Another nixtui on the same journal, to be killed or to get in the way.

`python -m tests.operations.another_nixtui DIRECTORY begin ID` begins an operation, tells two lines, says `begun` once
they are on disk, and waits. `… run ID` runs an operation whose job says `begun`, and waits. `… work NAME COUNT` waits
for a line on standard input, then does COUNT operations.
"""

import asyncio
import sys
from pathlib import Path

from nixtui.model.environment import Environment
from nixtui.operations.journal import Journal
from nixtui.operations.operation import Operation, Run
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.operations.report import Report
from tests.operations.samples import PLAN, intent, log_line, report

LINES = 20


async def begin(journal: Journal, operation: str) -> None:
    await journal.begin(intent(operation, reason="it pages"))
    journal.append(operation, log_line(1))
    journal.append(operation, log_line(2))
    while len(await journal.events(operation)) < 2:  # noqa: ASYNC110 - nothing tells when an event is written
        await asyncio.sleep(0.005)
    await say_begun_and_wait()


async def run(journal: Journal, operation: str) -> None:
    async def job(_: Run) -> Report:
        await say_begun_and_wait()
        return report(operation)

    await Operation(operation, PLAN, job).run(
        Consent(Answer.KEY), Policy(environments={"prod": Environment(name="prod", match="all")}), journal
    )


async def say_begun_and_wait() -> None:
    print("begun", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def work(journal: Journal, name: str, count: int) -> None:
    for number in range(count):
        operation = f"{name}-{number}"
        await journal.begin(intent(operation))
        for line in range(LINES):
            journal.append(operation, log_line(line))
            await asyncio.sleep(0)
        await journal.finish(report(operation), 2000.0)


async def main(directory: str, verb: str, name: str, count: str = "0") -> None:
    if verb == "work":
        print("ready", flush=True)
        sys.stdin.readline()
    async with Journal(Path(directory), operator=name, origin="elsewhere", token=f"token-of-{name}") as journal:
        match verb:
            case "begin":
                await begin(journal, name)
            case "run":
                await run(journal, name)
            case "work":
                await work(journal, name, int(count))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""``python -m tests.faults.nursery module:function ...``: keeps one forked child alive for each function named.

Django is set up once and every child starts from there in milliseconds, so a storm spends its time on faults rather than imports.
A child opens its own connections; this process opens none. Tells its parent on standard output who was born and who died.
"""

import contextlib
import os
import signal
import sys
import time
from importlib import import_module

PAUSE_S = 0.02


def _bear(entry: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    os.dup2(2, 1)  # standard output belongs to the nursery
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        module, _, function = entry.partition(":")
        getattr(import_module(module), function)()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Until SIGTERM, then the children get theirs."""
    import django

    django.setup()
    entries = sys.argv[1:]
    for entry in entries:
        import_module(entry.partition(":")[0])
    closing: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: closing.append(number))
    children: dict[int, str] = {}
    missing = list(entries)
    while not closing:
        for entry in missing:
            pid = _bear(entry)
            children[pid] = entry
            _say("born", pid)
        missing = []
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in children:
                missing.append(children.pop(pid))
                _say("died", pid, os.waitstatus_to_exitcode(status))
                continue
        time.sleep(PAUSE_S)
    for number, patience in ((signal.SIGCONT, 0.0), (signal.SIGTERM, 8.0), (signal.SIGKILL, 2.0)):
        until = time.monotonic() + patience
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while children and time.monotonic() < until:
            with contextlib.suppress(ChildProcessError):
                pid, _ = os.waitpid(-1, os.WNOHANG)
                children.pop(pid, None)
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()

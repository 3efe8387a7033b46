"""The house: imports run one way, the front door opens quickly, the wheel holds every room whole."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOTTOM = {"spikegraph.errors", "spikegraph.files", "spikegraph.settings", "spikegraph.logs"}
MAY_IMPORT = {
    "cypher": set(),
    "ingest": {"cypher"},
    "llm_profiles": {"cypher"},
    "export": {"cypher"},
    "model": {"export.snapshot"},
    "spikegraph": {"cypher", "ingest", "llm_profiles", "export", "model"},
}
HEAVY = ("torch", "optuna", "torch_geometric", "langchain", "langchain_core", "graphdatascience", "sklearn", "pandas")


def modules() -> list[Path]:
    return [file.relative_to(ROOT) for room in MAY_IMPORT for file in sorted((ROOT / room).rglob("*.py"))]


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(file: Path) -> str:
    return ".".join(file.with_suffix("").parts)


@pytest.mark.parametrize("file", modules(), ids=str)
def test_imports_run_one_way(file: Path) -> None:
    room = file.parts[0]
    for name in imports(file):
        other = name.split(".")[0]
        if other not in MAY_IMPORT or other == room != "spikegraph":
            continue
        if other == "spikegraph":
            allowed = room == "spikegraph" and dotted(file) not in BOTTOM
            assert allowed or name == "spikegraph" or any(name.startswith(b) for b in BOTTOM), f"{file} imports {name}"
        else:
            assert any(name == a or name.startswith(f"{a}.") or a.startswith(f"{name}.") for a in MAY_IMPORT[room]), (
                f"{file} imports {name}"
            )


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_package_files_of_rooms_stay_light(room: str) -> None:
    assert not list(imports(Path(room) / "__init__.py"))


def test_the_command_line_opens_without_heavy_packages() -> None:
    code = "import sys, spikegraph.cli.main; print(*sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


def test_the_wheel_holds_every_room_with_its_data_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for room in MAY_IMPORT:
        tracked = subprocess.run(["git", "ls-files", room], cwd=ROOT, capture_output=True, text=True, check=True)
        expected = set(tracked.stdout.split())
        assert expected
        assert not expected - inside

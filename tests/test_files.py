"""Which files a run reads, on file systems as odd as they come."""

import inspect
import io
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from modelspec import files
from modelspec.files import find
from modelspec.source import MAX_BYTES

SPEC = b"modelspec: 1\nname: x\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "root"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def plant(root, *paths, data=SPEC):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def shown(found):
    return [text.path for text in found.texts]


def test_a_folder_is_searched_for_files_with_the_mark(root):
    plant(root, "b.yaml", "a.yml", "c.json", "D.YAML", ".hidden.yaml", "x/z.yaml", "x/deep/er/q.json", "a/m.yaml")
    plant(root, "no.txt", "yaml", ".git/a.yaml", "node_modules/p/a.yaml", "x/.venv/a.yaml")
    plant(root, "other.yaml", "x/other.json", data=b"a: modelspec\n")
    plant(root, "x/template.yaml", data=b"{{ broken")
    found = find(["."])
    inside = ["a/m.yaml", "x/z.yaml", "x/deep/er/q.json"]
    assert shown(found) == [".hidden.yaml", "D.YAML", "a.yml", "b.yaml", "c.json", *inside]
    assert found.trouble == []
    assert found.skipped == 3
    assert shown(find(["x"])) == shown(find(["x/"])) == ["x/z.yaml", "x/deep/er/q.json"]
    assert shown(find([str(root / "a")])) == [str(root / "a" / "m.yaml")]
    assert shown(find([".git"])) == [".git/a.yaml"]


def test_a_slip_in_the_mark_takes_no_spec_out_of_sight(root):
    plant(root, "a.yaml", data=b"# m\nmodlespec: 1\nlayers: [ReLU]\n")
    plant(root, "b.json", data=b'{"model_spec": 1, "layers": ["ReLU"]}')
    plant(root, "c.yaml", data=b"layers:\n  - ReLU\nModelSpec: '1'  # m\n")
    # What another tool may say is none.
    plant(root, "d.yaml", data=b"model_spec: resnet\nlayers: [1]\n")
    plant(root, "e.yaml", data=b"modlespec: 1\nstages: [ReLU]\n")
    plant(root, "f.yaml", data=b"job: {modlespec: 1}\nlayers: [1]\n")
    plant(root, "g.yaml", data=b"modes: 1\nmodules: 1\nlayers: [1]\n")
    found = find(["."])
    assert (shown(found), found.skipped) == (["a.yaml", "b.json", "c.yaml"], 4)


def test_a_file_named_by_hand_must_be_a_spec_unless_it_may_be_skipped(root):
    plant(root, "a.txt", "s.yaml")
    plant(root, "other.yaml", data=b"a: 1\n")
    assert shown(find(["a.txt", "other.yaml"])) == ["a.txt", "other.yaml"]
    found = find(["other.yaml", "s.yaml"], skip_unmarked=True)
    assert (shown(found), found.skipped, found.trouble) == (["s.yaml"], 1, [])


def test_a_file_is_read_once(root):
    plant(root, "x/a.yaml", "x/b.yaml")
    (root / "x" / "c.yaml").symlink_to("a.yaml")
    (root / "link").symlink_to("x")
    names = ["x/b.yaml", "./x/b.yaml", "x", "x/../x", "link", "link/a.yaml", str(root / "x" / "b.yaml"), "x/a.yaml"]
    found = find(names)
    assert (shown(found), found.trouble) == (["x/b.yaml", "x/a.yaml"], [])
    assert shown(find(["link"])) == ["link/a.yaml", "link/b.yaml"]


def test_links_in_circles_and_to_nowhere(root):
    plant(root, "x/a.yaml")
    (root / "x" / "round").symlink_to(root)
    (root / "x" / "self.yaml").symlink_to("self.yaml")
    (root / "x" / "gone.yaml").symlink_to("nowhere.yaml")
    (root / "x" / "folder.yaml").symlink_to(root)
    found = find(["x"])
    assert (shown(found), found.trouble) == (["x/a.yaml"], [])
    found = find(["x/gone.yaml", "x/self.yaml", "no.yaml", "x/a.yaml/b.yaml", "a\0b", "\ud800", ""])
    assert shown(found) == []
    assert found.trouble == [
        "'x/gone.yaml' is a link to 'nowhere.yaml', which is not there",
        "cannot read 'x/self.yaml': Too many levels of symbolic links",
        "no such file or folder: 'no.yaml'",
        "cannot read 'x/a.yaml/b.yaml': Not a directory",
        "no such file or folder: 'a\\x00b'",
        "no such file or folder: '\\ud800'",
        "no such file or folder: ''",
    ]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="wants a file that nobody can read")
def test_what_cannot_be_read_is_told_and_the_rest_is_read(root):
    plant(root, "a.yaml", "c.yaml")
    (root / "b.yaml").symlink_to("/proc/self/mem")
    for call in (["."], ["a.yaml", "b.yaml", "c.yaml"]):
        found = find(call)
        assert shown(found) == ["a.yaml", "c.yaml"]
        assert found.trouble == ["cannot read 'b.yaml': Input/output error"]


def test_folders_that_cannot_be_read_are_told(root, monkeypatch):
    plant(root, "a/a.yaml", "b/b.yaml")
    scandir = os.scandir

    def refuse(path):
        if path == "a":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find(["."])
    assert (shown(found), found.trouble) == (["b/b.yaml"], ["cannot read 'a': Permission denied"])


def test_very_deep_folders_end(root):
    plant(root, "b.yaml")
    here = os.open(".", os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=here)
        inside = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    with os.fdopen(os.open("a.yaml", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as file:
        file.write(SPEC)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 200)  # as deep folders take long to make, low bounds must do
    try:
        found = find(["."])
    finally:
        sys.setrecursionlimit(limit)
    assert shown(found) == ["b.yaml", "d/" * 300 + "a.yaml"]
    os.unlink("a.yaml", dir_fd=here)
    while not os.path.samestat(os.fstat(here), root.stat()):  # pytest's own tidying up is recursive
        above = os.open("..", os.O_RDONLY, dir_fd=here)
        os.rmdir("d", dir_fd=above)
        os.close(here)
        here = above
    os.close(here)


def test_a_folder_without_specs_is_trouble(root):
    plant(root, "x/a.yaml", data=b"a: 1\n")
    assert find(["x"]).trouble == ["no spec found in folder 'x' (a spec carries the key 'modelspec')"]
    assert find(["x"], skip_unmarked=True).trouble == []
    plant(root, "x/b.yaml")
    plant(root, "modelspec.toml", data=b"exclude = ['x']")
    (trouble,) = find(["x"]).trouble
    assert trouble.endswith("; the configuration leaves out 2 of its files")


def test_pipes_never_make_us_wait_for_ever(root):
    os.mkfifo(root / "pipe.yaml")
    plant(root, "a.yaml")
    assert shown(find(["."])) == ["a.yaml"]
    assert find(["pipe.yaml"]).trouble == ["cannot read 'pipe.yaml': it is a pipe, and nothing came through it"]
    reader, writer = os.pipe()

    def write():
        time.sleep(0.05)
        with os.fdopen(writer, "wb") as file:
            file.write(SPEC * 10_000)

    thread = threading.Thread(target=write)
    thread.start()
    found = find([f"/dev/fd/{reader}"])
    thread.join()
    os.close(reader)
    assert [text.data for text in found.texts] == [SPEC * 10_000]


@pytest.mark.usefixtures("root")
def test_sockets_and_devices():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        found = find(["s.yaml", "/dev/zero", "/dev/null"])
        assert find([".", "/dev/null"]).trouble[0].startswith("no spec found")
    assert [len(text.data) for text in found.texts] == [MAX_BYTES + 1, 0]
    assert found.trouble == ["cannot read 's.yaml': No such device or address"]


def test_names_are_shown_so_that_they_can_be_printed(root):
    plant(root, "a\nb.yaml", "\x1b[31m.yaml", "größe 模型.yaml", os.fsdecode(b"\xff.yaml"))
    expected = [r"\x1b[31m.yaml", r"a\nb.yaml", "größe 模型.yaml", r"\xff.yaml"]
    assert shown(find(["."])) == expected
    assert shown(find(sorted(os.listdir(".")))) == expected  # noqa: PTH208
    assert find([os.fsdecode(b"no\xff\n.yaml")]).trouble == [r"no such file or folder: 'no\xff\n.yaml'"]


def test_standard_input(monkeypatch):
    def give(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    give(SPEC)
    found = find(["-", "-"])
    assert [text[:2] for text in found.texts] == [("<stdin>", SPEC)]
    give(SPEC)
    assert shown(find(["-"], stdin_filename="x/a.yaml")) == ["x/a.yaml"]
    give(b"a: 1")
    assert find(["-"], skip_unmarked=True).skipped == 1
    give(b" " * (MAX_BYTES + 10))
    assert len(find(["-"]).texts[0].data) == MAX_BYTES + 1
    monkeypatch.setattr(sys, "stdin", io.StringIO("modelspec: ü"))
    assert find(["-"]).texts[0].data == "modelspec: ü".encode()
    monkeypatch.setattr(sys, "stdin", None)
    assert find(["-"]).trouble == ["cannot read standard input: it is closed"]


def test_the_nearest_configuration_holds(root, monkeypatch):
    plant(root, "modelspec.toml", data=b"exclude = ['scratch', '**/old_*.yaml']")
    plant(root, "a.yaml", "old_a.yaml", "x/old_b.yaml", "x/b.yaml", "scratch/c.yaml", "scratch/x/d.yaml")
    plant(root, "own/scratch/e.yaml", "own/configs/f.yaml", "own/old_g.yaml", "own/configs/inner/h.yaml")
    plant(root, "own/pyproject.toml", data=b"[tool.modelspec]\ninclude = ['configs/**']\nexclude = ['**/inner']")
    plant(root, "own/configs/pyproject.toml", data=b"[project]\nname = 'modelspec'")
    expected = ["a.yaml", "own/configs/f.yaml", "x/b.yaml"]
    assert shown(find(["."])) == expected
    monkeypatch.chdir(root / "x")
    assert shown(find([".."])) == [f"../{path}" for path in expected]
    assert shown(find(["../own/configs", "."])) == ["../own/configs/f.yaml", "b.yaml"]
    monkeypatch.chdir(root)
    named = ["a.yaml", "old_a.yaml", "x/../scratch/c.yaml", "own/old_g.yaml"]
    assert shown(find(named)) == named
    found = find(named, force_exclude=True)
    assert (shown(found), found.skipped) == (["a.yaml", "own/old_g.yaml"], 2)
    assert find(["-"], force_exclude=True, stdin_filename="scratch/c.yaml").skipped == 1


def test_a_configuration_that_may_be_skipped_stands_for_the_specs_below_it(root):
    plant(root, "modelspec.toml", data=b"exclude = ['scratch']")
    plant(root, "pyproject.toml", "own/pyproject.toml", data=b"[project]\nname = 'm'")
    plant(root, "a.yaml", "x/b.yaml", "scratch/c.yaml", "own/d.yaml")
    plant(root, "x/values.yaml", data=b"a: 1")
    assert shown(find(["x/b.yaml", "modelspec.toml"], skip_unmarked=True)) == ["x/b.yaml", "a.yaml", "own/d.yaml"]
    # That of another tool, or one beside which modelspec.toml holds, says nothing of specs.
    for other in ("pyproject.toml", "own/pyproject.toml"):
        found = find([other], skip_unmarked=True, force_exclude=True)
        assert (shown(found), found.trouble, found.skipped) == ([], [], 1)
    plant(root, "empty/modelspec.toml", data=b"")
    assert find(["empty/modelspec.toml"], skip_unmarked=True).trouble == []


def test_a_faulty_configuration_is_told_once(root):
    plant(root, "modelspec.toml", data=b"exlude = []")
    plant(root, "a.yaml", "x/b.yaml", "x/y/c.yaml")
    found = find([".", "x", "a.yaml"], force_exclude=True)
    assert [(document.path, finding.code) for document, finding in found.findings] == [("modelspec.toml", "MS701")]
    assert len(found.texts) == 3
    # Of a file named by hand it may set limits.
    assert [finding.code for _, finding in find(["a.yaml"]).findings] == ["MS701"]


def test_a_working_folder_that_is_gone_is_trouble(root, monkeypatch):
    (root / "x").mkdir()
    monkeypatch.chdir(root / "x")
    (root / "x").rmdir()
    for call in ([".", "a.yaml"], ["a.yaml"], [str(root)]):
        assert find(call, force_exclude=True).trouble
    plant(root, "a.yaml")
    plant(root, "modelspec.toml", data=b"exlude = []")
    found = find([str(root)])
    assert (shown(found), len(found.findings)) == ([str(root / "a.yaml")], 1)


def test_is_folder(root):
    plant(root, "a.yaml")
    assert [files.is_folder(path) for path in (".", "a.yaml", "no", "a\0")] == [True, False, False, False]

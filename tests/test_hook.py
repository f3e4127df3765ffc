"""The hook, as pre-commit runs it: installed from a repository into an environment of its own, at a real commit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
import yaml

from tests.repository import ROOT, Repository, copy_project

SPEC = "modelspec: 1\nname: m\ninput: [4]\nlayers: [{type: Linear, out_features: 3}]\nbudget: {parameters: LIMIT}\n"
FITS = SPEC.replace("LIMIT", "15")
OVER = SPEC.replace("LIMIT", "14")


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A repository with specs in it, and the hook of this very checkout installed."""
    folder = tmp_path_factory.mktemp("hook")
    tool = Repository(folder / "tool")
    copy_project(tool.folder)
    tool.run("git", "add", "--all")
    tool.run("git", "commit", "--quiet", "--message", "the checkout as it is")
    revision = tool.run("git", "rev-parse", "HEAD").strip()

    user = Repository(folder / "user")
    (user.folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {tool.folder}\n    rev: {revision}\n    hooks: [{{id: modelspec-check}}]\n",
        encoding="utf-8",
    )
    (user.folder / "modelspec.toml").write_text('exclude = ["scratch/**"]\n', encoding="utf-8")
    user.run("pre-commit", "install", "--install-hooks")
    yield user
    shutil.rmtree(folder)


def test_a_spec_within_its_budget_is_committed(hooked: Repository) -> None:
    before = hooked.count_commits()
    done = hooked.commit(fits=FITS)
    assert done.returncode == 0, done.stdout
    assert "modelspec check" in done.stdout
    assert "Passed" in done.stdout
    assert hooked.count_commits() == before + 1


def test_a_spec_over_its_budget_is_refused_and_says_why(hooked: Repository) -> None:
    before = hooked.count_commits()
    done = hooked.commit(fits=FITS, over=OVER)
    assert done.returncode == 1
    assert "over.yaml:5:22: MS501 error: parameters: 15, 1 over the limit of 14" in done.stdout
    assert "fits.yaml" not in done.stdout
    assert hooked.count_commits() == before
    assert hooked.commit(over=FITS).returncode == 0
    assert hooked.count_commits() == before + 1


LIBRARY = "modelspec: 1\nblocks: {body: {layers: [{type: Linear, out_features: WIDTH}]}}\n"
USER = "modelspec: 1\nimports: [lib/body.yaml]\ninput: [4]\nlayers: [{block: body}]\nbudget: {parameters: 15}\n"


def test_a_library_is_checked_with_the_specs_that_use_it(hooked: Repository) -> None:
    done = hooked.commit(lib__body=LIBRARY.replace("WIDTH", "3"), uses=USER)
    assert done.returncode == 0, done.stdout
    done = hooked.commit(lib__body=LIBRARY.replace("WIDTH", "4"))
    assert done.returncode == 1
    assert "uses.yaml:5:22: MS501 error: parameters: 20, 5 over the limit of 15" in done.stdout
    # What is in order again is as it was committed before: it is taken out of the way of the tests that follow.
    assert hooked.commit(lib__body=LIBRARY.replace("WIDTH", "2")).returncode == 0


def test_a_file_that_is_no_spec_is_none_of_its_business(hooked: Repository) -> None:
    done = hooked.commit(compose="services:\n  web: {image: nginx}\n", broken="a: [1\n")
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


def test_an_excluded_spec_is_not_checked(hooked: Repository) -> None:
    done = hooked.commit(scratch__over=OVER)
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


def test_a_limit_that_is_lowered_is_held_against_the_specs_that_are_there(hooked: Repository) -> None:
    assert hooked.commit(edge__fits=FITS).returncode == 0
    limits = '[[limits]]\nfiles = ["edge/**"]\nbudget = {parameters = 12}\n'
    (hooked.folder / "modelspec.toml").write_text(f'exclude = ["scratch/**"]\n{limits}', encoding="utf-8")
    done = hooked.commit()
    assert done.returncode == 1
    assert "edge/fits.yaml:5:22: MS501 error: parameters: 15, 3 over the limit of 12" in done.stdout
    hooked.run("git", "checkout", "--quiet", "HEAD", "--", "modelspec.toml")


def test_manifest_is_what_pre_commit_reads(hooked: Repository) -> None:
    assert hooked.attempt("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml").returncode == 0
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == ["modelspec-check", "modelspec-fix"]


def test_the_other_hook_mends_what_is_committed(hooked: Repository) -> None:
    """The commit is stopped, as by any hook that changes files; what it left can be committed."""
    configuration = hooked.folder / ".pre-commit-config.yaml"
    checks = configuration.read_text(encoding="utf-8")
    before = hooked.count_commits()
    configuration.write_text(checks.replace("modelspec-check", "modelspec-fix"), encoding="utf-8")
    try:
        wrong = FITS.replace("out_features", "out_featurs")
        done = hooked.commit(mended=wrong, scratch__left=wrong, notes="out_featurs: 1\n")
        assert done.returncode == 1, done.stdout
        assert "files were modified by this hook" in done.stdout
        assert "Mended 1 problem in 1 file.\n1 spec checked: all well." in done.stdout
        texts = [(hooked.folder / name).read_text(encoding="utf-8") for name in ("mended.yaml", "scratch/left.yaml")]
        assert texts == [FITS, wrong]
        assert hooked.count_commits() == before
        done = hooked.commit()
        assert done.returncode == 0, done.stdout
    finally:
        configuration.write_text(checks, encoding="utf-8")
    assert hooked.commit().returncode == 0


def test_hook_can_be_tried_without_a_configuration(hooked: Repository) -> None:
    """`pre-commit try-repo` runs the hook of a checkout on files that are named."""
    hooked.write(tried__fits=FITS, tried__over=OVER)
    hooked.run("git", "add", "--all")
    tried = ["pre-commit", "try-repo", str(hooked.folder.parent / "tool"), "modelspec-check", "--files"]
    well = hooked.attempt(*tried, "tried/fits.yaml")
    assert well.returncode == 0, well.stdout
    done = hooked.attempt(*tried, "tried/fits.yaml", "tried/over.yaml")
    hooked.run("git", "rm", "-r", "--cached", "--quiet", "tried")
    shutil.rmtree(hooked.folder / "tried")
    assert done.returncode == 1, done.stdout
    assert "tried/over.yaml:5:22: MS501 error: parameters: 15, 1 over the limit of 14" in done.stdout

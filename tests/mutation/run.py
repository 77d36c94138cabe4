#!/usr/bin/env python3
"""Puts known bugs of replicators back, one at a time, and demands that the seeded scenarios notice.

Works on a copy of the tracked files under build/mutation, so the work tree is not touched.
  tests/mutation/run.py [NAME...]      exit status 0: every mutant was caught
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build" / "mutation" / "tree"
BUILD = ROOT / "build" / "mutation" / "build"
TEST = "replicator_scenario_test"
SEEDS = "300"


def refresh_copy():
    """Files keep their times where their content is the same, so that little is built anew."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        source, copy = ROOT / name, COPY / name
        if not source.is_file():
            continue
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)


def build():
    subprocess.run(
        ["cmake", "-S", COPY, "-B", BUILD, "-G", "Ninja"]
        + ["-DCMAKE_BUILD_TYPE=Debug", "-DSPILLWAY_BENCH=OFF"]
        # What a mutant cuts away may leave a parameter unused.
        + ["-DCMAKE_CXX_FLAGS=-Wno-unused-parameter -Wno-unused-variable"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return subprocess.run(
        ["ninja", "-C", BUILD, TEST], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def scenarios_pass():
    environment = dict(os.environ, SPILLWAY_SEEDS=SEEDS)
    done = subprocess.run(
        [BUILD / "tests" / "replicator" / TEST, "--gtest_brief=1"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    seed = [line for line in done.stdout.splitlines() if line.startswith("seed ")]
    return done.returncode == 0, seed[0] if seed else ""


def apply(edits):
    """Returns the original texts; stops when an edit no longer fits the source."""
    originals = {}
    for edit in edits:
        path = COPY / edit["file"]
        text = path.read_text()
        originals.setdefault(path, text)
        if text.count(edit["old"]) != 1:
            restore(originals)
            sys.exit(f"error: {edit['file']} does not hold, exactly once:\n{edit['old']}")
        path.write_text(text.replace(edit["old"], edit["new"]))
    return originals


def restore(originals):
    for path, text in originals.items():
        path.write_text(text)


def judge(mutant):
    originals = apply(mutant["edits"])
    try:
        built = build()
        if built.returncode != 0:
            print(built.stdout[-2000:])
            return "DOES NOT BUILD"
        passed, seed = scenarios_pass()
        return "SURVIVED" if passed else f"caught ({seed or 'first scenario'})"
    finally:
        restore(originals)


def main():
    mutants = json.loads((ROOT / "tests" / "mutation" / "mutants.json").read_text())
    if sys.argv[1:]:
        mutants = [mutant for mutant in mutants if mutant["name"] in sys.argv[1:]]
    refresh_copy()
    built = build()
    if built.returncode != 0:
        print(built.stdout[-2000:])
        sys.exit("error: the tree does not build")
    if not scenarios_pass()[0]:
        sys.exit("error: the scenarios fail without any mutant")
    outcomes = {}
    for mutant in mutants:
        outcomes[mutant["name"]] = judge(mutant)
        print(f"{mutant['name']:44} {outcomes[mutant['name']]}", flush=True)
    caught = sum(outcome.startswith("caught") for outcome in outcomes.values())
    print(f"{caught} of {len(outcomes)} mutants caught")
    sys.exit(0 if caught == len(outcomes) else 1)


if __name__ == "__main__":
    main()

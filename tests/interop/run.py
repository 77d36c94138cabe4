#!/usr/bin/env python3
"""Runs the official SDKs, unmodified, against `spillway region serve`.

One suite a client. For each suite: its packages come from their registry (cached in
build/interop/), a fresh region is started on a port of the system's choice, and the suite's program
does every check of CHECKS through the client's own calls. It reports on its standard output, one
line a fact, separated by tabs:

    client  NAME  VERSION
    pass    CHECK
    fail    CHECK  WHY
    skip    CHECK  WHY

A check that was neither passed nor skipped counts as failed, so none can go missing unnoticed.
What the program says otherwise is in build/interop/SUITE.log.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / "build" / "interop"
PAGE = ROOT / "docs" / "interop.md"
MARKS = ("<!-- results: written by ./dev interop --write -->", "<!-- end of results -->")
PREPARE_SECONDS = 900
SUITE_SECONDS = 300

CHECKS = {
    "project": "create, read, change, list, delete a project",
    "logstore": "create, read, change, list, delete a Logstore",
    "shards": "list, split and merge shards",
    "index": "create, read, change, delete an index",
    "configs": "collector configs, old form",
    "pipeline-configs": "collector configs, pipeline form",
    "machine-groups": "machine groups and their configs",
    "consumer-groups": "consumer group, heartbeat, checkpoints",
    "put-lz4": "write, lz4",
    "put-zstd": "write, zstd",
    "put-deflate": "write, deflate",
    "put-plain": "write, not compressed",
    "put-route-key": "write by route key",
    "put-once": "write with a sequence id, which is taken once",
    "put-batch": "several LogGroups in one request (batch_group)",
    "faithful": "what is read is byte for byte what was written",
    "cursors": "cursors: begin, end, time; time of a cursor",
    "pull": "read in steps of `count`, in every codec, up to the end",
    "pull-end-cursor": "an end cursor stops the read",
    "pull-query": "a query (SPL) filters what is read",
    "producer": "the client's batching producer",
    "workers": "two consumers: join, split, leave; each log once, in order",
    "get-logs": "GetLogs",
    "histograms": "GetHistograms",
    "wrong-key": "wrong key, unknown key",
    "unknown-names": "unknown project, Logstore, shard, config, group",
    "already-exists": "what exists cannot be created again",
    "bad-body": "a body that is none is refused",
    "sign-v1-sha1": "signature v1, hmac-sha1",
    "sign-v1-sha256": "signature v1, hmac-sha256",
    "sign-v4": "signature v4",
    "sts-token": "an STS token is signed along",
}


# Every host name that a suite asks for.
PROJECT_NAMES = ("localhost", "interop-java.localhost", "interop-gone.localhost",
                 "interop-none.localhost")
# Java's producer and consumer library take an endpoint without a port only.
NEEDS_PORT_80 = {"java"}
# These clients cannot create a project.
NEEDS_PROJECT = {"c", "cpp"}


ABSENT = "the client does not offer it"  # the usual reason of a skip


class Skip(Exception):
    """The suite cannot run here; the text says why."""


class Broken(Exception):
    """The suite's own program cannot be built."""


def run_quietly(command, log, what, on_failure=Skip, **options):
    """Runs a command of the preparation; by default a failure skips the suite, its log says more."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                              timeout=PREPARE_SECONDS, check=False, **options)
    except FileNotFoundError:
        raise Skip(f"{command[0]} not found") from None
    except subprocess.TimeoutExpired:
        raise Skip(f"{what}: not done in {PREPARE_SECONDS} s") from None
    if done.returncode != 0:
        raise on_failure(f"{what} failed, see {log.name}")


def tool(name, package):
    if shutil.which(name) is None:
        raise Skip(f"{name} not found (Debian package {package})")
    return name


def fresh(stamp, source):
    """True when `stamp` was written for the present text of `source`."""
    return stamp.exists() and stamp.read_text() == source.read_text()


def prepare_python(log):
    python = CACHE / "python" / "bin" / "python"
    wanted = HERE / "python" / "requirements.txt"
    stamp = CACHE / "python" / "installed.txt"
    if not fresh(stamp, wanted):
        run_quietly([sys.executable, "-m", "venv", str(CACHE / "python")], log,
                    "making a venv (Debian package python3-venv)")
        run_quietly([python, "-m", "pip", "install", "-q", "-r", wanted], log,
                    "installing from PyPI")
        stamp.write_text(wanted.read_text())
    return [python, HERE / "python" / "suite.py"]


def prepare_go(log):
    program, go = CACHE / "go-suite", tool("go", "golang-go")
    run_quietly([go, "mod", "download"], log, "fetching Go modules", cwd=HERE / "go")
    run_quietly([go, "build", "-p", "1", "-o", program, "."], log, "building", Broken,
                cwd=HERE / "go")
    return [program]


def prepare_node(script):
    def prepare(log):
        wanted = HERE / "node" / "package.json"
        modules = CACHE / "node"
        stamp = modules / "installed.json"
        tool("node", "nodejs")
        if not fresh(stamp, wanted):
            modules.mkdir(exist_ok=True)
            shutil.copy(wanted, modules / "package.json")
            run_quietly([tool("npm", "npm"), "install", "--no-audit", "--no-fund"], log,
                        "installing from npm", cwd=modules)
            shutil.copy(wanted, stamp)
        return ["env", f"SPILLWAY_NODE_MODULES={modules}", "node", HERE / "node" / script]
    return prepare


def prepare_java(log):
    build, pom = CACHE / "java", HERE / "java" / "pom.xml"
    tool("java", "default-jdk-headless")
    maven = [tool("mvn", "maven"), "-q", "-B", "-f", pom, f"-Dinterop.build={build}",
             f"-Dmaven.repo.local={CACHE / 'm2'}"]
    small = dict(os.environ, MAVEN_OPTS="-Xmx256m")
    run_quietly([*maven, "dependency:copy-dependencies", f"-DoutputDirectory={build / 'lib'}"], log,
                "fetching from Maven Central", env=small)
    run_quietly([*maven, "compile"], log, "building", Broken, env=small)
    # The look-ups of this one process: the system does not know PROJECT.localhost.
    return ["sh", "-c", f"""
        for name in {' '.join(PROJECT_NAMES)}; do echo "$SPILLWAY_ADDRESS $name"; done > java-hosts
        exec java -Xmx256m -Djdk.net.hosts.file=java-hosts -cp '{build}/classes:{build}/lib/*' \\
            interop.Suite"""]


def sdk_prefix(variable, header):
    """Where an SDK that no registry carries was installed: PREFIX/include, PREFIX/lib."""
    prefix = os.environ.get(variable)
    if not prefix:
        raise Skip(f"{variable} is not set; it names the folder the SDK was installed in")
    if not pathlib.Path(prefix, "include", header).exists():
        raise Skip(f"{variable}: no include/{header} in {prefix}")
    return pathlib.Path(prefix)


def compile_against(prefix, log, command, libraries):
    library = prefix / "lib"
    run_quietly([tool(command[0], "g++"), *command[1:], "-I", prefix / "include", "-L", library,
                 f"-Wl,-rpath,{library}", *libraries, "-lcurl", "-lcrypto", "-lpthread"],
                log, "building", Broken)


def prepare_c(log):
    prefix, program = sdk_prefix("SPILLWAY_C_SDK", "log_c_sdk/log_api.h"), CACHE / "c-suite"
    static = (prefix / "lib" / "liblog_c_sdk_static.a").exists()
    compile_against(prefix, log, ["gcc", "-w", "-o", program, HERE / "c" / "suite.c"],
                    ["-llog_c_sdk_static" if static else "-llog_c_sdk"])
    return [program]


def prepare_cpp(log):
    prefix, program = sdk_prefix("SPILLWAY_CPP_SDK", "client.h"), CACHE / "cpp-suite"
    compile_against(prefix, log, ["g++", "-w", "-std=c++17", "-o", program,
                                  HERE / "cpp" / "suite.cpp"], ["-lslssdk", "-llz4"])
    return [program]


SUITES = {
    "python": prepare_python,
    "go": prepare_go,
    "node": prepare_node("log.js"),
    "typescript": prepare_node("openapi.js"),
    "java": prepare_java,
    "c": prepare_c,
    "cpp": prepare_cpp,
}


class Region:
    """A region with a key file in a folder of its own, for as long as the `with` lasts."""

    def __init__(self, program, listen):
        self.program = program
        self.listen = listen
        self.folder = tempfile.TemporaryDirectory(prefix="spillway_interop_")
        self.secret = secrets.token_hex(16)

    def __enter__(self):
        keys = pathlib.Path(self.folder.name, "keys")
        keys.touch(mode=0o600)
        keys.write_text(f"interop {self.secret}\n")
        log_path = pathlib.Path(self.folder.name, "region.log")
        with open(log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [self.program, "region", "serve", "--name", "interop", "--listen", self.listen,
                 "--data", self.folder.name + "/data", "--keys", str(keys), "--sync", "interval"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(200):
            said = log_path.read_text()
            found = re.search(r"ready on http://([\d.]+):(\d+)", said)
            if found or self.process.poll() is not None:
                break
            time.sleep(0.1)
        if found is None:
            self.__exit__()
            raise SystemExit(f"error: {self.program} did not start: {said}")
        self.address, self.port = found.groups()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def environment(self, suite):
        return dict(os.environ, SPILLWAY_ADDRESS=self.address, SPILLWAY_PORT=self.port,
                    SPILLWAY_KEY_ID="interop", SPILLWAY_KEY_SECRET=self.secret,
                    SPILLWAY_PROJECT="interop-" + suite,
                    SPILLWAY_PROGRAM=self.program, SPILLWAY_ACCESS_KEY_ID="interop",
                    SPILLWAY_ACCESS_KEY_SECRET=self.secret, NO_PROXY="*", no_proxy="*")

    def create_project(self, suite):
        subprocess.run([self.program, "logstore", "create", "first", "--project",
                        "interop-" + suite, "--endpoint", f"http://{self.address}:{self.port}"],
                       env=self.environment(suite), stdin=subprocess.DEVNULL, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def listen_address(suite):
    """Port 80 of a loopback address of one's own, where it is needed and allowed."""
    if suite in NEEDS_PORT_80:
        address = "127." + ".".join(str(secrets.randbelow(253) + 1) for _ in range(3))
        with socket.socket() as attempt:
            try:
                attempt.bind((address, 80))
                return address + ":80"
            except PermissionError:
                pass
    return "127.0.0.1:0"


def facts_of(output):
    """The (kind, name, text) lines of a suite's output."""
    for line in output.splitlines():
        parts = line.split("\t", 2)
        if parts[0] in ("client", "pass", "fail", "skip") and len(parts) > 1:
            yield parts[0], parts[1], parts[2] if len(parts) > 2 else ""


def judge(output, ending):
    """A suite's result from what it printed and how it ended (None: well)."""
    result = {"clients": [], "checks": {}}
    for kind, name, text in facts_of(output):
        if kind == "client":
            result["clients"].append([name, text])
        else:
            result["checks"][name] = [kind, text]
    for name in CHECKS:
        result["checks"].setdefault(name, ["fail", ending or "not reported"])
    if ending:
        result["checks"]["ending"] = ["fail", ending]
    return result


def run_suite(name, program):
    log_path = CACHE / f"{name}.log"
    with open(log_path, "w", encoding="utf-8") as log:
        try:
            command = SUITES[name](log)
        except Skip as skip:
            return {"skipped": str(skip)}
        except Broken as broken:
            return judge("", str(broken))
        with Region(program, listen_address(name)) as region:
            if name in NEEDS_PROJECT:
                region.create_project(name)
            suite = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=log, text=True, cwd=CACHE,
                                     env=region.environment(name), start_new_session=True)
            ending = None
            try:
                output, _ = suite.communicate(timeout=SUITE_SECONDS)
                if suite.returncode != 0:
                    ending = f"the suite ended with status {suite.returncode}, see {log_path}"
            except subprocess.TimeoutExpired:
                os.killpg(suite.pid, signal.SIGKILL)
                output, _ = suite.communicate()
                ending = f"not done in {SUITE_SECONDS} s"
            except KeyboardInterrupt:
                os.killpg(suite.pid, signal.SIGKILL)
                raise
        log.write(output)
    return judge(output, ending)


def counts(result):
    kinds = collections.Counter(kind for kind, _ in result["checks"].values())
    return kinds["pass"], kinds["fail"], kinds["skip"]


def show(name, result):
    if "skipped" in result:
        print(f"{name}: skipped: {result['skipped']}")
        return
    if not result["clients"]:
        print(f"{name}: FAILED: {result['checks']['project'][1]}")
        return
    print(f"{name}: " + ", ".join(" ".join(client) for client in result["clients"]))
    for check, (kind, why) in result["checks"].items():
        print(f"  {kind}  {check}" + (f": {why}" if why else ""))
    print("  {} passed, {} failed, {} skipped".format(*counts(result)), flush=True)


def page_lines(results):
    """The results as Markdown: a table of clients, a table of checks, the skips with why."""
    yield "| suite | client, version | passed | failed | skipped |"
    yield "|---|---|---|---|---|"
    for name, result in results.items():
        clients = "<br>".join(f"{client} {version}" for client, version in result["clients"])
        yield "| {} | {} | {} | {} | {} |".format(name, clients, *counts(result))
    words = {"pass": "yes", "fail": "**no**", "skip": "–"}
    yield ""
    yield "| check | " + " | ".join(results) + " |"
    yield "|---|" + "---|" * len(results)
    for check, text in CHECKS.items():
        kinds = (words[result["checks"][check][0]] for result in results.values())
        yield f"| {text} | " + " | ".join(kinds) + " |"
    yield ""
    yield f"–: {ABSENT}. Other reasons:"
    yield ""
    for name, result in results.items():
        whys = collections.defaultdict(list)
        for check, (kind, why) in result["checks"].items():
            if kind != "pass" and why != ABSENT:
                whys[why].append(check)
        for why, checks in whys.items():
            yield f"- {name}, {', '.join(checks)}: {why}"


def write_page(results):
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    table = "\n".join(page_lines(results))
    PAGE.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}", encoding="utf-8")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev interop", description=__doc__.split("\n", 1)[0])
    parser.add_argument("suite", nargs="*", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument("--program", default=str(ROOT / "build/release/spillway"),
                        help="the spillway to test [build/release/spillway]")
    parser.add_argument("--write", action="store_true",
                        help="write the last results of every suite into docs/interop.md")
    given = parser.parse_args()
    for name in given.suite:
        if name not in SUITES:
            parser.error(f"no suite \"{name}\"; there are {', '.join(SUITES)}")
    given.program = os.path.abspath(given.program)
    if not os.access(given.program, os.X_OK):
        parser.error(f"no program {given.program}: ./dev build makes it")
    return given


def main():
    given = arguments()
    CACHE.mkdir(parents=True, exist_ok=True)
    kept = CACHE / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    failed = []
    for name in given.suite or SUITES:
        result = run_suite(name, given.program)
        show(name, result)
        if "skipped" in result:
            continue
        if counts(result)[1]:
            failed.append(name)
        results[name] = result
        kept.write_text(json.dumps(results, indent=1))
    if failed:
        return f"failed: {', '.join(failed)}"
    missing = [name for name in SUITES if name not in results]
    if given.write and missing:
        return f"docs/interop.md is left as it is: nothing is known of {', '.join(missing)}"
    if given.write:
        write_page({name: results[name] for name in SUITES})
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The checks of ../run.py through aliyun-log-python-sdk."""

import logging
import os
import socket
import sys
import threading
import time
import traceback
from importlib import metadata

# glibc does not know PROJECT.localhost; a resolver of this process's own does.
_system_lookup = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: _system_lookup(
    "127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named)

# pylint: disable=wrong-import-position
from aliyun.log import (GetHistogramsRequest, IndexConfig, IndexKeyConfig, IndexLineConfig,
                        ListLogstoresRequest, LogClient, LogException, LogItem,
                        LogtailPipelineConfigDetail, MachineGroupDetail, PutLogsRequest,
                        QueuedLogHandler, SimpleFileConfigDetail)
from aliyun.log.consumer import (ConsumerProcessorBase, ConsumerWorker, CursorPosition,
                                 LogHubConfig)
from aliyun.log.log_logs_raw_pb2 import LogGroupRaw

ENDPOINT = "http://localhost:" + os.environ["SPILLWAY_PORT"]
KEY_ID = os.environ["SPILLWAY_KEY_ID"]
SECRET = os.environ["SPILLWAY_KEY_SECRET"]
PROJECT = os.environ["SPILLWAY_PROJECT"]
# The keys of the quarters of the hash space, each a little above its quarter's begin.
ROUTE_KEYS = [digit + "1" + "0" * 30 for digit in "048c"]

client = LogClient(ENDPOINT, KEY_ID, SECRET)
CHECKS = {}


def check(name):
    def keep(function):
        CHECKS[name] = function
        return function
    return keep


def same(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what} is {got!r}, wanted {wanted!r}")


def refused(code, status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except LogException as refusal:
        same((refusal.get_error_code(), refusal.resp_status), (code, status), "the refusal")
        if not refusal.get_request_id():
            raise AssertionError("the refusal has no request id") from refusal
        return
    raise AssertionError(f"accepted, wanted {code}")


def new_logstore(name, shards=1):
    client.create_logstore(PROJECT, name, ttl=7, shard_count=shards)
    return name


def put(logstore, text, key=None, **named):
    item = LogItem(int(time.time()), [("m", text)])
    client.put_logs(PutLogsRequest(PROJECT, logstore, "topic", "10.0.0.1", [item], hashKey=key,
                                   **named))


def texts(page):
    return [content.Value for group in page.get_loggroup_list().LogGroups
            for log in group.Logs for content in log.Contents]


def begin(logstore, shard=0):
    return client.get_begin_cursor(PROJECT, logstore, shard).get_cursor()


def stored(logstore, shard=0):
    return texts(client.pull_logs(PROJECT, logstore, shard, begin(logstore, shard)))


@check("project")
def project():
    client.create_project(PROJECT, "first")
    same(client.get_project(PROJECT).get_description(), "first", "the description")
    client.update_project(PROJECT, "second")
    same(client.get_project(PROJECT).get_description(), "second", "the description")
    client.create_project("interop-gone", "to be deleted")
    listed = [entry["projectName"] for entry in client.list_project().get_projects()]
    same(sorted(listed), ["interop-gone", PROJECT], "the list")
    client.delete_project("interop-gone")
    same(client.list_project().get_total(), 1, "the total")


@check("logstore")
def logstore():
    client.create_logstore(PROJECT, "meta", ttl=30, shard_count=2, append_meta=False)
    client.update_logstore(PROJECT, "meta", ttl=60)
    same(client.get_logstore(PROJECT, "meta").get_ttl(), 60, "the ttl")
    same(client.get_logstore(PROJECT, "meta").get_shard_count(), 2, "the shard count")
    new_logstore("meta-gone")
    same(client.list_logstores(ListLogstoresRequest(PROJECT)).get_logstores(),
         ["meta", "meta-gone"], "the list")
    client.delete_logstore(PROJECT, "meta-gone")
    same(client.list_logstore(PROJECT, "meta").get_logstores(), ["meta"], "the list")


@check("shards")
def shards():
    new_logstore("shards", 2)
    first = client.list_shards(PROJECT, "shards").get_shards_info()
    same([(entry["shardID"], entry["status"]) for entry in first],
         [(0, "readwrite"), (1, "readwrite")], "the list")
    split = client.split_shard(PROJECT, "shards", 0, "40000000000000000000000000000000")
    same([(entry["shardID"], entry["status"]) for entry in split.get_shards_info()],
         [(0, "readonly"), (2, "readwrite"), (3, "readwrite")], "the split")
    merged = client.merge_shard(PROJECT, "shards", 2).get_shards_info()
    same(merged[0]["inclusiveBeginKey"], "0" * 32, "the merged shard's begin")
    client.arrange_shard(PROJECT, "shards", 3)
    live = [entry for entry in client.list_shards(PROJECT, "shards").get_shards_info()
            if entry["status"] == "readwrite"]
    same(len(live), 3, "shards after arrange_shard")


def line_index(*fields):
    tokens = [",", " ", ":", "=", "\n"]
    keys = {field: IndexKeyConfig(tokens) for field in fields}
    return IndexConfig(7, IndexLineConfig(tokens), key_config_list=keys)


@check("index")
def index():
    new_logstore("indexed")
    refused("IndexConfigNotExist", 404, client.get_index_config, PROJECT, "indexed")
    client.create_index(PROJECT, "indexed", line_index("level"))
    client.update_index(PROJECT, "indexed", line_index("level", "m"))
    got = client.get_index_config(PROJECT, "indexed").get_index_config()
    same(sorted(got.key_config_list), ["level", "m"], "the indexed keys")
    client.delete_index(PROJECT, "indexed")
    refused("IndexConfigNotExist", 404, client.get_index_config, PROJECT, "indexed")


@check("configs")
def configs():
    new_logstore("conf")
    detail = SimpleFileConfigDetail("conf", "simple", "/var/log", "*.log")
    client.create_logtail_config(PROJECT, detail)
    got = client.get_logtail_config(PROJECT, "simple").logtail_config
    same(got.to_json()["inputDetail"]["filePattern"], "*.log", "the pattern")
    client.update_logtail_config(
        PROJECT, SimpleFileConfigDetail("conf", "simple", "/var/log", "*.txt"))
    got = client.get_logtail_config(PROJECT, "simple").logtail_config
    same(got.to_json()["inputDetail"]["filePattern"], "*.txt", "the pattern")
    same(client.list_logtail_config(PROJECT).get_configs(), ["simple"], "the list")
    client.create_logtail_config(
        PROJECT, SimpleFileConfigDetail("conf", "gone", "/var/log", "*.log"))
    client.delete_logtail_config(PROJECT, "gone")
    same(client.list_logtail_config(PROJECT).get_configs_total(), 1, "the total")


@check("pipeline-configs")
def pipeline_configs():
    inputs = [{"Type": "input_file", "FilePaths": ["/var/log/*.log"]}]
    flushers = [{"Type": "flusher_sls", "Logstore": "conf", "Endpoint": "localhost"}]
    client.create_logtail_pipeline_config(
        PROJECT, LogtailPipelineConfigDetail("pipe", inputs, flushers))
    inputs[0]["FilePaths"] = ["/srv/*.log"]
    client.update_logtail_pipeline_config(
        PROJECT, LogtailPipelineConfigDetail("pipe", inputs, flushers))
    got = client.get_logtail_pipeline_config(PROJECT, "pipe").get_pipeline_config()
    same(got.inputs, inputs, "the inputs")
    same(client.list_logtail_pipeline_config(PROJECT).get_configs(), ["pipe"], "the list")
    client.delete_logtail_pipeline_config(PROJECT, "pipe")
    same(client.list_logtail_pipeline_config(PROJECT).get_total(), 0, "the total")


@check("machine-groups")
def machine_groups():
    group = MachineGroupDetail("web", "userdefined", ["web"],
                               group_attribute={"externalName": "", "groupTopic": "t"})
    client.create_machine_group(PROJECT, group)
    group.machine_list = ["web", "web-2"]
    client.update_machine_group(PROJECT, group)
    got = client.get_machine_group(PROJECT, "web").get_machine_group()
    same(got.machine_list, ["web", "web-2"], "the members")
    same(client.list_machine_group(PROJECT).get_machine_group(), ["web"], "the list")
    client.apply_config_to_machine_group(PROJECT, "simple", "web")
    same(client.get_machine_group_applied_configs(PROJECT, "web").get_configs(), ["simple"],
         "the applied configs")
    same(client.get_config_applied_machine_groups(PROJECT, "simple").get_machine_groups(), ["web"],
         "the groups")
    client.remove_config_to_machine_group(PROJECT, "simple", "web")
    same(client.get_machine_group_applied_configs(PROJECT, "web").get_configs(), [],
         "the applied configs")
    same(client.list_machines(PROJECT, "web").get_machine_total(), 0, "the machines")
    client.delete_machine_group(PROJECT, "web")


@check("consumer-groups")
def consumer_groups():
    new_logstore("groups", 2)
    client.create_consumer_group(PROJECT, "groups", "cg", 30, False)
    client.update_consumer_group(PROJECT, "groups", "cg", timeout=40, in_order=True)
    group, = client.list_consumer_group(PROJECT, "groups").get_consumer_groups()
    same((group.get_consumer_group_name(), group.get_timeout(), group.is_in_order()),
         ("cg", 40, True), "the group")
    held = client.heart_beat(PROJECT, "groups", "cg", "c1", []).get_shards()
    same(sorted(held), [0, 1], "the shards of the only consumer")
    saved, = client.get_check_point(PROJECT, "groups", "cg", 1).consumer_group_check_poins
    same(saved["checkpoint"], "", "the first checkpoint")
    cursor = begin("groups", 1)
    client.update_check_point(PROJECT, "groups", "cg", 1, cursor, "c1", True)
    saved, = client.get_check_point(PROJECT, "groups", "cg", 1).consumer_group_check_poins
    same((saved["checkpoint"], saved["consumer"]), (cursor, "c1"), "the checkpoint")
    client.delete_consumer_group(PROJECT, "groups", "cg")
    same(client.list_consumer_group(PROJECT, "groups").get_consumer_groups(), [], "the list")


@check("put-lz4")
def put_lz4():
    new_logstore("lz4")
    put("lz4", "lz4", compress_type="lz4")
    same(stored("lz4"), ["lz4"], "what was read")


@check("put-zstd")
def put_zstd():
    new_logstore("zstd")
    put("zstd", "zstd", compress_type="zstd")
    same(stored("zstd"), ["zstd"], "what was read")


@check("put-plain")
def put_plain():
    new_logstore("plain")
    put("plain", "plain", compress=False)
    same(stored("plain"), ["plain"], "what was read")


@check("put-route-key")
def put_route_key():
    new_logstore("routed", 4)
    for key in ROUTE_KEYS:
        put("routed", key, key)
    same([stored("routed", shard) for shard in range(4)], [[key] for key in ROUTE_KEYS],
         "what the shards hold")


@check("faithful")
def faithful():
    new_logstore("faithful")
    group = LogGroupRaw(Topic="t", Source="s", MachineUUID="u")
    for tag in ("a", "a", "b"):
        group.LogTags.add(Key=tag, Value="v-" + tag)
    for nanos in (999_999_999, 0):
        log = group.Logs.add(Time=1_700_000_000, Time_ns=nanos)
        for value in (b"", b"twice", b"\xff\xfe\x00bytes", "\u65e5\u5fd7".encode()):
            log.Contents.add(Key="k", Value=value)
    client.put_log_raw(PROJECT, "faithful", group)
    page = client.pull_logs(PROJECT, "faithful", 0, begin("faithful"))
    same(page.get_loggroup(0).SerializeToString(), group.SerializeToString(), "the LogGroup")


@check("cursors")
def cursors():
    new_logstore("cursors")
    put("cursors", "one")
    put("cursors", "two")
    first = begin("cursors")
    last = client.get_end_cursor(PROJECT, "cursors", 0).get_cursor()
    received = client.get_cursor_time(PROJECT, "cursors", 0, first).get_cursor_time()
    if abs(received - time.time()) > 60:
        raise AssertionError(f"the cursor's time is {received}")
    same(client.get_cursor(PROJECT, "cursors", 0, received).get_cursor(), first,
         "the cursor of that time")
    same(client.get_cursor(PROJECT, "cursors", 0, received + 3600).get_cursor(), last,
         "the cursor of a later time")
    same(client.get_previous_cursor_time(PROJECT, "cursors", 0, last).get_cursor_time() // 60,
         received // 60, "the minute before the end")
    refused("InvalidCursor", 400, client.get_cursor_time, PROJECT, "cursors", 0, last)
    refused("InvalidCursor", 400, client.pull_logs, PROJECT, "cursors", 0, "no cursor")


@check("pull")
def pull():
    new_logstore("pull")
    wanted = [f"log {n}" for n in range(10)]
    for text in wanted:
        put("pull", text)
    for codec in ({"compress": False}, {"accept_compress_type": "lz4"},
                  {"accept_compress_type": "zstd"}):
        got, cursor = [], begin("pull")
        for _ in range(4):
            page = client.pull_logs(PROJECT, "pull", 0, cursor, count=3, **codec)
            got += texts(page)
            cursor = page.get_next_cursor()
        same(got, wanted, f"what was read {codec}")
        page = client.pull_logs(PROJECT, "pull", 0, cursor, **codec)
        same((page.get_loggroup_count(), page.get_next_cursor()), (0, cursor), "the end's page")
    whole = [text for page in client.pull_log(PROJECT, "pull", 0, "begin", "end", batch_size=4)
             for text in texts(page)]
    same(whole, wanted, "what pull_log read")
    new_logstore("copied")
    client.copy_data(PROJECT, "pull", "begin", "end", to_logstore="copied", batch_size=3)
    same(stored("copied"), wanted, "what copy_data copied")


@check("pull-end-cursor")
def pull_end_cursor():
    new_logstore("stops")
    for text in "abcde":
        put("stops", text)
    two = client.pull_logs(PROJECT, "stops", 0, begin("stops"), count=2).get_next_cursor()
    page = client.pull_logs(PROJECT, "stops", 0, begin("stops"), end_cursor=two)
    same((texts(page), page.get_next_cursor()), (["a", "b"], two), "the page")


@check("pull-query")
def pull_query():
    name, _ = queried()
    page = client.pull_logs(PROJECT, name, 0, begin(name), query="* | where level = 'ERROR'")
    same(texts(page), ["ERROR", "1"], "the logs that fit")
    same(page.get_raw_log_group_count_before_query(), 1, "the LogGroups looked at")


@check("producer")
def producer():
    new_logstore("produced", 2)
    handler = QueuedLogHandler(ENDPOINT, KEY_ID, SECRET, PROJECT, "produced", batch_size=50)
    logger = logging.getLogger("interop")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    for number in range(500):
        logger.info("produced %d", number)
    handler.stop()
    arrived = [text for shard in range(2) for text in stored("produced", shard)
               if text.startswith("produced ")]
    same(sorted(arrived), sorted(f"produced {number}" for number in range(500)), "what arrived")


class Collected:
    """What the consumers were given, in one list; `who` has it apart."""

    def __init__(self):
        self.changed = threading.Condition()
        self.texts = []
        self.who = {}

    def add(self, consumer, got):
        with self.changed:
            self.texts += got
            self.who.setdefault(consumer, []).extend(got)
            self.changed.notify_all()

    def wait(self, what, holds, seconds=60):
        with self.changed:
            if not self.changed.wait_for(holds, seconds):
                raise AssertionError(f"not within {seconds} s: {what}")


class Collector(ConsumerProcessorBase):
    def __init__(self, consumer, collected):
        super().__init__()
        self.consumer, self.collected = consumer, collected

    def process(self, log_groups, check_point_tracker):
        self.collected.add(self.consumer, [content.Value for group in log_groups.LogGroups
                                           for log in group.Logs for content in log.Contents])
        check_point_tracker.save_check_point(True)


def start_worker(name, collected):
    option = LogHubConfig(ENDPOINT, KEY_ID, SECRET, PROJECT, "worked", "workers", name,
                          cursor_position=CursorPosition.BEGIN_CURSOR, heartbeat_interval=2,
                          data_fetch_interval=0.2, in_order=True)
    worker = ConsumerWorker(Collector, option, args=(name, collected))
    worker.start()
    return worker


class Writer:
    """Writes one numbered log a route key and step, each as "KEY NUMBER"."""

    def __init__(self):
        self.written = 0

    def write(self, steps):
        for _ in range(steps):
            for key in ROUTE_KEYS:
                put("worked", f"{key} {self.written}", key)
            self.written += 1

    def all(self):
        return {key: list(range(self.written)) for key in ROUTE_KEYS}


def by_key(lines):
    numbers = {key: [] for key in ROUTE_KEYS}
    for line in lines:
        key, number = line.split()
        numbers[key].append(int(number))
    return numbers


@check("workers")
def workers():
    new_logstore("worked", 2)
    collected, writer, running = Collected(), Writer(), []

    def everything():
        return len(collected.texts) >= writer.written * len(ROUTE_KEYS)

    try:
        writer.write(5)
        running.append(start_worker("w1", collected))
        collected.wait("w1 reads everything", everything)
        running.append(start_worker("w2", collected))
        for _ in range(150):  # w2 takes over one of the shards
            if "w2" in collected.who:
                break
            writer.write(1)
            time.sleep(0.1)
        collected.wait("w2 reads something", lambda: "w2" in collected.who)
        client.split_shard(PROJECT, "worked", 0, "40000000000000000000000000000000")
        writer.write(20)
        collected.wait("both read everything after the split", everything)
        running[0].shutdown()
        running[0].join(30)
        writer.write(20)
        collected.wait("w2 reads everything after w1 left", everything)
        time.sleep(1)  # a duplicate would come now
        same(by_key(collected.texts), writer.all(), "what was consumed")
    finally:
        for worker in running:
            worker.shutdown()
        for worker in running:
            worker.join(30)


def queried():
    """A Logstore with three logs of two levels, and the time they are of."""
    name = "queried"
    if name not in client.list_logstore(PROJECT, name).get_logstores():
        new_logstore(name)
        client.create_index(PROJECT, name, line_index("level"))
        items = [LogItem(int(time.time()), [("level", level), ("m", str(n))])
                 for n, level in enumerate(["INFO", "ERROR", "INFO"])]
        client.put_logs(PutLogsRequest(PROJECT, name, "topic", "10.0.0.1", items))
    return name, int(time.time())


@check("get-logs")
def get_logs():
    name, now = queried()
    every = client.get_log(PROJECT, name, now - 300, now + 300, query="*")
    same((every.get_count(), every.is_completed()), (3, True), "the answer to *")
    some = client.get_log(PROJECT, name, now - 300, now + 300, query="level: INFO")
    same([log.get_contents()["m"] for log in some.get_logs()], ["0", "2"], "level: INFO")
    page = client.get_log(PROJECT, name, now - 300, now + 300, query="*", size=1, offset=1)
    same(page.get_count(), 1, "a page of one")


@check("histograms")
def histograms():
    name, now = queried()
    answer = client.get_histograms(
        GetHistogramsRequest(PROJECT, name, now - 300, now + 300, query="level: INFO"))
    same((answer.get_total_count(), answer.is_completed()), (2, True), "the answer")
    same(sum(part.get_count() for part in answer.get_histograms()), 2, "the sum of the parts")


@check("wrong-key")
def wrong_key():
    for version in ("v1", "v4"):
        wrong = LogClient(ENDPOINT, KEY_ID, "wrong", auth_version=version, region="local")
        refused("SignatureNotMatch", 401, wrong.list_logstore, PROJECT)
        unknown = LogClient(ENDPOINT, "nobody", SECRET, auth_version=version, region="local")
        refused("Unauthorized", 401, unknown.list_logstore, PROJECT)


@check("unknown-names")
def unknown_names():
    refused("ProjectNotExist", 404, client.get_project, "interop-none")
    refused("ProjectNotExist", 404, client.list_logstore, "interop-none")
    refused("LogStoreNotExist", 404, client.get_logstore, PROJECT, "none")
    refused("LogStoreNotExist", 404, put, "none", "x")
    refused("ShardNotExist", 404, client.get_begin_cursor, PROJECT, "meta", 99)
    refused("ConfigNotExist", 404, client.get_logtail_config, PROJECT, "none")
    refused("MachineGroupNotExist", 404, client.get_machine_group, PROJECT, "none")
    refused("ConsumerGroupNotExist", 404, client.heart_beat, PROJECT, "meta", "none", "c", [])


@check("already-exists")
def already_exists():
    refused("ProjectAlreadyExist", 400, client.create_project, PROJECT, "again")
    refused("LogStoreAlreadyExist", 400, new_logstore, "meta")
    refused("ConfigAlreadyExist", 400, client.create_logtail_config, PROJECT,
            SimpleFileConfigDetail("conf", "simple", "/var/log", "*.log"))
    client.create_consumer_group(PROJECT, "meta", "twice", 30)
    refused("ConsumerGroupAlreadyExist", 400, client.create_consumer_group, PROJECT, "meta",
            "twice", 30)


class NoLogGroup:
    @staticmethod
    def SerializeToString():  # pylint: disable=invalid-name
        return b"\x0a\xff\xff no LogGroup"


@check("bad-body")
def bad_body():
    refused("PostBodyInvalid", 400, client.put_log_raw, PROJECT, "meta", NoLogGroup)


@check("sign-v1-sha1")
def sign_v1():
    same(client.list_logstore(PROJECT, "meta").get_logstores(), ["meta"], "the list")


@check("sign-v4")
def sign_v4():
    other = LogClient(ENDPOINT, KEY_ID, SECRET, auth_version="v4", region="cn-local")
    new_logstore("v4-store")
    item = LogItem(int(time.time()), [("m", "signed with v4")])
    other.put_logs(PutLogsRequest(PROJECT, "v4-store", "t", "s", [item]))
    cursor = other.get_begin_cursor(PROJECT, "v4-store", 0).get_cursor()
    same(texts(other.pull_logs(PROJECT, "v4-store", 0, cursor)), ["signed with v4"], "the logs")
    same(other.list_logstore(PROJECT, "v4 +&=~*/").get_logstores(), [], "an odd filter's list")


@check("sts-token")
def sts_token():
    for version in ("v1", "v4"):
        other = LogClient(ENDPOINT, KEY_ID, SECRET, securityToken="token/+==",
                          auth_version=version, region="cn-local")
        same(other.list_logstore(PROJECT, "meta").get_logstores_total(), 1, "the total")


SKIPS = {
    "put-once": "the client does not offer it",
    "put-batch": "the client does not offer it",
    "put-deflate": "the client does not offer it",
    "sign-v1-sha256": "the client does not offer it",
}


def main():
    version = metadata.version("aliyun-log-python-sdk")
    print(f"client\taliyun-log-python-sdk\t{version}", flush=True)
    for name, function in CHECKS.items():
        try:
            function()
            print(f"pass\t{name}", flush=True)
        except Exception as failure:  # pylint: disable=broad-except
            traceback.print_exc()
            print(f"fail\t{name}\t" + " ".join(str(failure).split()), flush=True)
    for name, why in SKIPS.items():
        print(f"skip\t{name}\t{why}", flush=True)
    sys.stdout.flush()
    os._exit(0)  # a worker's thread that hangs must not


if __name__ == "__main__":
    main()

// The checks of ../run.py through aliyun-log-cpp-sdk, from the prefix in SPILLWAY_CPP_SDK.
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <client.h>

namespace {

using namespace aliyun_log_sdk_v6;
using Texts = std::vector<std::string>;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

const std::string kProject = variable("SPILLWAY_PROJECT");
const std::string kEndpoint = "http://localhost:" + variable("SPILLWAY_PORT");
const std::string kKeyId = variable("SPILLWAY_KEY_ID");
const std::string kSecret = variable("SPILLWAY_KEY_SECRET");

LOGClient& client() {
    static LOGClient made(kEndpoint, kKeyId, kSecret);
    return made;
}

std::string text_of(const std::string& text) {
    return text;
}
std::string text_of(const Texts& texts) {
    std::string all;
    for (const auto& text : texts) all += "[" + text + "]";
    return all;
}
template <class Number>
std::string text_of(Number number) {
    return std::to_string(number);
}

template <class Got, class Wanted>
void same(const Got& got, const Wanted& wanted, const std::string& what) {
    if (text_of(got) == text_of(wanted)) return;
    throw std::runtime_error(what + " is " + text_of(got) + ", wanted " + text_of(wanted));
}

void refused(const std::string& code, int status, const std::function<void()>& call) {
    try {
        call();
    } catch (LOGException& refusal) {
        same(refusal.GetErrorCode(), code, "the code");
        same(refusal.GetHttpCode(), status, "the status");
        if (refusal.GetRequestId().empty()) throw std::runtime_error("no request id");
        return;
    }
    throw std::runtime_error("accepted, wanted " + code);
}

void check(const std::string& name, const std::function<void()>& body) {
    std::string why;
    try {
        body();
    } catch (LOGException& failure) {
        why = failure.GetErrorCode() + ": " + failure.GetMessage();
    } catch (JsonException& failure) {
        why = failure.GetErrorCode() + ": " + failure.GetMessage();
    } catch (const std::exception& failure) {
        why = failure.what();
    }
    if (why.empty()) {
        std::cout << "pass\t" << name << std::endl;
    } else {
        std::cout << "fail\t" << name << "\t" << why << std::endl;
    }
}

void skip(const std::string& name, const std::string& why) {
    std::cout << "skip\t" << name << "\t" << why << std::endl;
}

void new_logstore(const std::string& name, int shards = 1) {
    client().CreateLogStore(kProject, LogStore(name, 7, shards));
}

pb::LogGroup group_of(const std::vector<std::vector<pb::LogContent>>& logs) {
    pb::LogGroup group;
    group.topic = "topic";
    group.source = "10.0.0.1";
    const auto now = static_cast<uint32_t>(std::time(nullptr));
    for (const auto& contents : logs) group.logs.emplace_back(now, contents);
    return group;
}

void put(const std::string& logstore, const std::string& text, const std::string& key = "") {
    client().PostLogStoreLogs(kProject, logstore, group_of({{{"m", text}}}), key);
}

std::string begin(const std::string& logstore, uint32_t shard = 0) {
    return client().GetCursor(kProject, logstore, shard, CURSOR_MODE_BEGIN).result;
}

PbBatchLogData pull(const std::string& logstore, uint32_t shard, const std::string& cursor,
                    int count = 1000, const std::string& end = "") {
    return client().GetPbBatchLog(kProject, logstore, shard, count, cursor, end).result;
}

Texts texts(const PbBatchLogData& page) {
    Texts all;
    for (const auto& group : page.logGroupList.logGroupList) {
        for (const auto& log : group.logs) {
            for (const auto& content : log.contents) all.push_back(content.value);
        }
    }
    return all;
}

Texts stored(const std::string& logstore, uint32_t shard = 0) {
    return texts(pull(logstore, shard, begin(logstore, shard)));
}

void logstore() {
    new_logstore("meta", 2);
    client().UpdateLogStore(kProject, LogStore("meta", 60, 2));
    const auto got = client().GetLogStore(kProject, "meta").result;
    same(got.GetTTL(), 60, "the ttl");
    same(got.GetShardCount(), 2, "the shard count");
    new_logstore("meta-gone");
    same(client().ListLogStores(kProject).result, Texts{"first", "meta", "meta-gone"}, "the list");
    client().DeleteLogStore(kProject, "meta-gone");
    same(client().ListLogStores(kProject, "meta", 0, 10).result, Texts{"meta"}, "the list");
}

Texts states(const std::vector<ShardItem>& shards) {
    Texts all;
    for (const auto& shard : shards) {
        all.push_back(std::to_string(shard.shardId) + " " + shard.status);
    }
    return all;
}

void shards() {
    new_logstore("shards", 2);
    same(states(client().ListShards(kProject, "shards").result),
         Texts{"0 readwrite", "1 readwrite"}, "the list");
    const auto split =
        client().SplitShard(kProject, "shards", 0, "40000000000000000000000000000000");
    same(states(split.result), Texts{"0 readonly", "2 readwrite", "3 readwrite"}, "the split");
    same(states(client().MergeShard(kProject, "shards", 2).result),
         Texts{"4 readwrite", "2 readonly", "3 readonly"}, "the merge");
    client().DeleteShard(kProject, "shards", 2);
}

Index line_index(const Texts& fields) {
    Line line;
    line.SetToken({",", " ", ":", "="});
    line.SetCaseSensitive(false);
    Keys keys;
    for (const auto& field : fields) {
        auto key = std::make_shared<KeyContent>();
        key->SetToken({",", " "});
        key->SetCaseSensitive(false);
        keys.AddKey(field, key);
    }
    Index index(7);
    index.SetLine(line);
    index.SetKeys(keys);
    return index;
}

void logstore_index() {
    new_logstore("indexed");
    client().CreateIndex(kProject, "indexed", line_index({"level"}));
    client().UpdateIndex(kProject, "indexed", line_index({"level", "m"}));
    same(client().GetIndex(kProject, "indexed").result.GetKeys().GetKeys().size(), 2,
         "the number of indexed keys");
    client().DeleteIndex(kProject, "indexed");
    refused("IndexConfigNotExist", 404, [] { client().GetIndex(kProject, "indexed"); });
}

Config file_config(const std::string& pattern) {
    const ConfigInputDetail input("common_reg_log", "/var/log", pattern, true, "", ".*", "(.*)",
                                  {"content"}, {}, {}, "none");
    return Config("simple", "file", input, "LogService", ConfigOutputDetail(kProject, "meta"));
}

void configs() {
    client().CreateConfig(kProject, file_config("*.log"));
    client().UpdateConfig(kProject, file_config("*.txt"));
    const auto got = client().GetConfig(kProject, "simple").result;
    same(got.GetInputDetail().GetFilePattern(), std::string("*.txt"), "the pattern");
    same(client().ListConfigs(kProject).result, Texts{"simple"}, "the list");
}

void machine_groups() {
    MachineGroup group("web", "userdefined", {"web"});
    group.SetGroupAttribute(GroupAttribute("", "t"));
    client().CreateMachineGroup(kProject, group);
    client().UpdateMachineGroup(kProject, MachineGroup("web", "userdefined", {"web", "web-2"}));
    same(client().GetMachineGroup(kProject, "web").result.GetMachineList(), Texts{"web", "web-2"},
         "the members");
    same(client().ListMachineGroups(kProject).result, Texts{"web"}, "the list");
    client().ApplyConfigToMachineGroup(kProject, "web", "simple");
    same(client().GetAppliedConfigs(kProject, "web").result, Texts{"simple"},
         "the applied configs");
    client().RemoveConfigFromMachineGroup(kProject, "web", "simple");
    client().DeleteMachineGroup(kProject, "web");
}

void consumer_groups() {
    new_logstore("groups", 2);
    client().CreateConsumerGroup(kProject, "groups", "cg", 30, true);
    const auto group = client().ListConsumerGroup(kProject, "groups").consumerGroups.at(0);
    same(group.GetConsumerGroupName(), std::string("cg"), "the group");
    same(group.GetTimeoutInSec(), 30, "the timeout");
    const auto held = client().ConsumerGroupHeartbeat(kProject, "groups", "cg", "c1", {}).shards;
    same(held.size(), 2, "the number of shards of the only consumer");
    const auto cursor = begin("groups", 1);
    client().UpdateCheckpoint(kProject, "groups", "cg", 1, cursor);
    const auto saved = client().ListCheckpoint(kProject, "groups", "cg").consumerGroupCheckpoints;
    same(saved.at(0).GetCheckpoint() + "|" + saved.at(1).GetCheckpoint(), "|" + cursor,
         "the checkpoints");
    client().DeleteConsumerGroup(kProject, "groups", "cg");
}

void put_and_read(const std::string& name, bool compress) {
    new_logstore(name);
    LOGClient other(kEndpoint, kKeyId, kSecret, LOG_REQUEST_TIMEOUT, "", compress);
    other.PostLogStoreLogs(kProject, name, group_of({{{"m", name}}}));
    same(stored(name), Texts{name}, "what was read");
}

void route_key() {
    new_logstore("routed", 2);
    put("routed", "left", "01000000000000000000000000000000");
    put("routed", "right", "81000000000000000000000000000000");
    same(stored("routed", 0), Texts{"left"}, "what shard 0 holds");
    same(stored("routed", 1), Texts{"right"}, "what shard 1 holds");
}

void faithful() {
    new_logstore("faithful");
    auto group = group_of({{{"k", ""}, {"k", "twice"}, {"k", std::string("\xff\xfe\0x", 4)}}, {}});
    group.logs[0] = pb::Log(1'700'000'000, group.logs[0].contents, 999'999'999);
    for (const std::string key : {"a", "a", "b"}) group.logTags.emplace_back(key, "v-" + key);
    client().PostLogStoreLogs(kProject, "faithful", group);
    const auto page = pull("faithful", 0, begin("faithful"));
    std::string read;
    std::string written;
    page.logGroupList.logGroupList.at(0).SerializeToString(read);
    group.SerializeToString(written);
    if (read != written) throw std::runtime_error("the LogGroup came back otherwise");
}

void cursors() {
    new_logstore("cursors");
    put("cursors", "one");
    put("cursors", "two");
    const auto now = static_cast<uint32_t>(std::time(nullptr));
    const auto last = client().GetCursor(kProject, "cursors", 0, CURSOR_MODE_END).result;
    same(client().GetCursor(kProject, "cursors", 0, now - 3600).result, begin("cursors"),
         "the cursor of an early time");
    same(client().GetCursor(kProject, "cursors", 0, now + 3600).result, last,
         "the cursor of a later time");
    refused("InvalidCursor", 400, [] { pull("cursors", 0, "no cursor"); });
}

void pull_in_steps() {
    new_logstore("pull");
    Texts wanted;
    for (int n = 0; n < 10; ++n) {
        wanted.push_back("log " + std::to_string(n));
        put("pull", wanted.back());
    }
    Texts got;
    auto cursor = begin("pull");
    for (int i = 0; i < 4; ++i) {
        const auto page = pull("pull", 0, cursor, 3);
        for (const auto& text : texts(page)) got.push_back(text);
        cursor = page.nextCursor;
    }
    same(got, wanted, "what was read");
    const auto end = pull("pull", 0, cursor);
    same(end.logGroupCount, 0, "the groups of the end's page");
    same(end.nextCursor, cursor, "the cursor of the end's page");
}

void pull_end_cursor() {
    new_logstore("stops");
    for (const std::string text : {"a", "b", "c"}) put("stops", text);
    const auto two = pull("stops", 0, begin("stops"), 2).nextCursor;
    const auto page = pull("stops", 0, begin("stops"), 1000, two);
    same(texts(page), Texts{"a", "b"}, "what was read");
    same(page.nextCursor, two, "the next cursor");
}

std::time_t queried() {
    static const bool made = [] {
        new_logstore("queried");
        client().CreateIndex(kProject, "queried", line_index({"level"}));
        client().PostLogStoreLogs(kProject, "queried",
                                  group_of({{{"level", "INFO"}, {"m", "0"}},
                                            {{"level", "ERROR"}, {"m", "1"}},
                                            {{"level", "INFO"}, {"m", "2"}}}));
        return true;
    }();
    return made ? std::time(nullptr) : 0;
}

void get_logs() {
    const auto now = queried();
    const auto every =
        client().GetLogStoreLogs(kProject, "queried", "", now - 300, now + 300, false, 10, 0, "*");
    same(every.result.logdatas.size(), 3, "the number of logs");
    same(every.result.progress, std::string("Complete"), "the progress");
    const auto some = client().GetLogStoreLogs(kProject, "queried", "", now - 300, now + 300, false,
                                               10, 0, "level: INFO");
    same(some.result.logdatas.size(), 2, "the number of logs of level INFO");
}

void histograms() {
    const auto now = queried();
    const auto answer =
        client().GetLogStoreHistogram(kProject, "queried", "", now - 300, now + 300, "level: INFO");
    same(answer.result.count, 2, "the count");
    same(answer.result.progress, std::string("Complete"), "the progress");
}

void wrong_key() {
    LOGClient wrong(kEndpoint, kKeyId, "wrong");
    refused("SignatureNotMatch", 401, [&] { wrong.ListLogStores(kProject); });
    LOGClient nobody(kEndpoint, "nobody", kSecret);
    refused("Unauthorized", 401, [&] { nobody.ListLogStores(kProject); });
}

void unknown_names() {
    refused("ProjectNotExist", 404, [] { client().ListLogStores("interop-none"); });
    refused("LogStoreNotExist", 404, [] { client().GetLogStore(kProject, "none"); });
    refused("LogStoreNotExist", 404, [] { put("none", "x"); });
    refused("ShardNotExist", 404, [] { begin("meta", 99); });
    refused("ConfigNotExist", 404, [] { client().GetConfig(kProject, "none"); });
    refused("MachineGroupNotExist", 404, [] { client().GetMachineGroup(kProject, "none"); });
    refused("ConsumerGroupNotExist", 404,
            [] { client().ConsumerGroupHeartbeat(kProject, "meta", "none", "c", {}); });
}

void already_exists() {
    refused("LogStoreAlreadyExist", 400, [] { new_logstore("meta"); });
    refused("ConfigAlreadyExist", 400,
            [] { client().CreateConfig(kProject, file_config("*.log")); });
    client().CreateConsumerGroup(kProject, "meta", "twice", 30, false);
    refused("ConsumerGroupAlreadyExist", 400,
            [] { client().CreateConsumerGroup(kProject, "meta", "twice", 30, false); });
}

}  // namespace

int main() {
    const std::string absent = "the client does not offer it";
    std::cout << "client\taliyun-log-cpp-sdk\t" << LOG_SDK_IDENTIFICATION << " "
              << variable("SPILLWAY_CPP_SDK_VERSION") << std::endl;
    skip("project", absent);
    check("logstore", logstore);
    check("shards", shards);
    check("index", logstore_index);
    check("configs", configs);
    skip("pipeline-configs", absent);
    check("machine-groups", machine_groups);
    check("consumer-groups", consumer_groups);
    check("put-lz4", [] { put_and_read("lz4", true); });
    skip("put-zstd", absent);
    skip("put-deflate", absent);
    check("put-plain", [] { put_and_read("plain", false); });
    check("put-route-key", route_key);
    skip("put-once", absent);
    skip("put-batch", absent);
    check("faithful", faithful);
    check("cursors", cursors);
    check("pull", pull_in_steps);
    check("pull-end-cursor", pull_end_cursor);
    skip("pull-query", absent);
    skip("producer", "the client does not offer it");
    skip("workers", "the client does not offer it");
    check("get-logs", get_logs);
    check("histograms", histograms);
    check("wrong-key", wrong_key);
    check("unknown-names", unknown_names);
    check("already-exists", already_exists);
    skip("bad-body", "the client cannot send one");
    check("sign-v1-sha1", [] { client().ListLogStores(kProject); });
    skip("sign-v1-sha256", absent);
    skip("sign-v4", absent);
    check("sts-token", [] {
        LOGClient other(kEndpoint, kKeyId, kSecret, std::string("token/+=="));
        other.ListLogStores(kProject);
    });
}

package interop;

import static interop.Region.CLIENT;
import static interop.Region.KEY_ID;
import static interop.Region.PROJECT;
import static interop.Region.SECRET;
import static interop.Region.begin;
import static interop.Region.names;
import static interop.Region.newLogstore;
import static interop.Region.put;
import static interop.Region.refused;
import static interop.Region.same;

import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.Config;
import com.aliyun.openservices.log.common.ConfigInputDetail;
import com.aliyun.openservices.log.common.ConfigOutputDetail;
import com.aliyun.openservices.log.common.ConsumerGroup;
import com.aliyun.openservices.log.common.ConsumerGroupShardCheckPoint;
import com.aliyun.openservices.log.common.GroupAttribute;
import com.aliyun.openservices.log.common.LogStore;
import com.aliyun.openservices.log.common.MachineGroup;
import com.aliyun.openservices.log.common.Shard;
import com.aliyun.openservices.log.exception.LogException;
import com.aliyun.openservices.log.http.signer.SignVersion;
import com.aliyun.openservices.log.request.SplitShardRequest;
import com.aliyun.openservices.log.request.UpdateProjectRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

final class Metadata {
    static final String MIDDLE_OF_FIRST_HALF = "40000000000000000000000000000000";

    private Metadata() {}

    static void project() throws LogException {
        CLIENT.CreateProject(PROJECT, "first");
        CLIENT.updateProject(new UpdateProjectRequest(PROJECT, "second"));
        same(CLIENT.GetProject(PROJECT).GetProjectDescription(), "second", "the description");
        CLIENT.CreateProject("interop-gone", "to be deleted");
        same(CLIENT.ListProject("", 0, 100).getTotal(), 2, "the number of projects");
        CLIENT.DeleteProject("interop-gone");
        same(CLIENT.ListProject("", 0, 100).getTotal(), 1, "the number of projects");
    }

    static void logstore() throws LogException {
        newLogstore("meta", 2);
        CLIENT.UpdateLogStore(PROJECT, new LogStore("meta", 60, 2));
        LogStore got = CLIENT.GetLogStore(PROJECT, "meta").GetLogStore();
        same(List.of(got.GetTtl(), got.GetShardCount()), List.of(60, 2), "ttl and shards");
        newLogstore("meta-gone", 1);
        same(CLIENT.ListLogStores(PROJECT, 0, 100).GetLogStores(), names("meta", "meta-gone"),
            "the list");
        CLIENT.DeleteLogStore(PROJECT, "meta-gone");
        same(CLIENT.ListLogStores(PROJECT, 0, 100, "").GetTotal(), 1, "the total");
    }

    private static TreeMap<Integer, String> states(List<Shard> shards) {
        TreeMap<Integer, String> all = new TreeMap<>();
        for (Shard shard : shards) {
            all.put(shard.getShardId(), shard.getStatus());
        }
        return all;
    }

    static void shards() throws LogException {
        newLogstore("shards", 2);
        same(states(CLIENT.ListShard(PROJECT, "shards").GetShards()).toString(),
            "{0=readwrite, 1=readwrite}", "the list");
        same(states(CLIENT.SplitShard(PROJECT, "shards", 0, MIDDLE_OF_FIRST_HALF).GetShards())
            .toString(), "{0=readonly, 2=readwrite, 3=readwrite}", "the split");
        same(states(CLIENT.MergeShards(PROJECT, "shards", 2).GetShards()).toString(),
            "{2=readonly, 3=readonly, 4=readwrite}", "the merge");
        same(CLIENT.SplitShard(new SplitShardRequest(PROJECT, "shards", 4, 3)).GetShards().size(), 4,
            "shards of a split in three, with the parent");
    }

    static String lineIndex(String... fields) {
        String token = "[\",\", \" \", \":\", \"=\"]";
        List<String> keys = new ArrayList<>();
        for (String field : fields) {
            keys.add("\"" + field + "\": {\"type\": \"text\", \"token\": " + token
                + ", \"caseSensitive\": false}");
        }
        return "{\"ttl\": 7, \"line\": {\"token\": " + token
            + ", \"caseSensitive\": false}, \"keys\": {" + String.join(", ", keys) + "}}";
    }

    static void index() throws Exception {
        newLogstore("indexed", 1);
        CLIENT.CreateIndex(PROJECT, "indexed", lineIndex("level"));
        CLIENT.UpdateIndex(PROJECT, "indexed", lineIndex("level", "m"));
        same(CLIENT.GetIndex(PROJECT, "indexed").GetIndex().GetKeys().GetKeys().size(), 2,
            "the number of indexed keys");
        CLIENT.DeleteIndex(PROJECT, "indexed");
        refused("IndexConfigNotExist", 404, () -> CLIENT.GetIndex(PROJECT, "indexed"));
    }

    private static Config fileConfig(String pattern) throws LogException {
        ConfigInputDetail input = new ConfigInputDetail();
        input.SetLogType("common_reg_log");
        input.SetLogPath("/var/log");
        input.SetFilePattern(pattern);
        input.SetLocalStorage(true);
        input.SetTimeFormat("");
        input.SetLogBeginRegex(".*");
        input.SetRegex("(.*)");
        input.SetTopicFormat("none");
        input.SetKey(names("content"));
        ConfigOutputDetail output = new ConfigOutputDetail();
        output.SetEndpoint("localhost");
        output.SetLogstoreName("meta");
        Config config = new Config("simple");
        config.SetInputDetail(input);
        config.SetOutputDetail(output);
        return config;
    }

    static void configs() throws LogException {
        CLIENT.CreateConfig(PROJECT, fileConfig("*.log"));
        CLIENT.UpdateConfig(PROJECT, fileConfig("*.txt"));
        Config got = CLIENT.GetConfig(PROJECT, "simple").GetConfig();
        same(((ConfigInputDetail) got.GetInputDetail()).GetFilePattern(), "*.txt", "the pattern");
        same(CLIENT.ListConfig(PROJECT).GetConfigs(), names("simple"), "the list");
    }

    static void machineGroups() throws LogException {
        MachineGroup group = new MachineGroup("web", "userdefined", names("web"));
        group.SetGroupAttribute(new GroupAttribute("t", ""));
        CLIENT.CreateMachineGroup(PROJECT, group);
        group.SetMachineList(names("web", "web-2"));
        CLIENT.UpdateMachineGroup(PROJECT, group);
        same(CLIENT.GetMachineGroup(PROJECT, "web").GetMachineGroup().GetMachineList(),
            names("web", "web-2"), "the members");
        same(CLIENT.ListMachineGroup(PROJECT).GetMachineGroups(), names("web"), "the list");
        CLIENT.ApplyConfigToMachineGroup(PROJECT, "web", "simple");
        same(CLIENT.GetAppliedConfig(PROJECT, "web").Getconfigs(), names("simple"),
            "the applied configs");
        same(CLIENT.GetAppliedMachineGroups(PROJECT, "simple").GetMachineGroups(), names("web"),
            "the groups");
        CLIENT.RemoveConfigFromMachineGroup(PROJECT, "web", "simple");
        same(CLIENT.ListMachines(PROJECT, "web", 0, 100).GetTotal(), 0, "the machines");
        CLIENT.DeleteMachineGroup(PROJECT, "web");
    }

    static void consumerGroups() throws LogException {
        newLogstore("groups", 2);
        CLIENT.CreateConsumerGroup(PROJECT, "groups", new ConsumerGroup("cg", 30, false));
        CLIENT.UpdateConsumerGroup(PROJECT, "groups", "cg", true, 40);
        ConsumerGroup group = CLIENT.ListConsumerGroup(PROJECT, "groups").GetConsumerGroups().get(0);
        same(List.of(group.getConsumerGroupName(), group.getTimeout(), group.isInOrder()),
            List.of("cg", 40, true), "the group");
        same(CLIENT.HeartBeat(PROJECT, "groups", "cg", "c1", new ArrayList<>()).getShards(),
            List.of(0, 1), "the shards of the only consumer");
        String cursor = begin("groups", 1);
        CLIENT.UpdateCheckPoint(PROJECT, "groups", "cg", "c1", 1, cursor);
        ConsumerGroupShardCheckPoint saved =
            CLIENT.GetCheckPoint(PROJECT, "groups", "cg", 1).getCheckPoints().get(0);
        same(List.of(saved.getCheckPoint(), saved.getConsumer()), List.of(cursor, "c1"),
            "the checkpoint");
        CLIENT.DeleteConsumerGroup(PROJECT, "groups", "cg");
    }

    static void wrongKey() throws Exception {
        for (SignVersion version : SignVersion.values()) {
            Client wrong = Region.connect(KEY_ID, "wrong", version);
            refused("SignatureNotMatch", 401, () -> wrong.GetProject(PROJECT));
            Client nobody = Region.connect("nobody", SECRET, version);
            refused("Unauthorized", 401, () -> nobody.GetProject(PROJECT));
        }
    }

    static void stsToken() throws LogException {
        for (SignVersion version : SignVersion.values()) {
            Client other = Region.connect(KEY_ID, SECRET, version);
            other.setSecurityToken("token/+==");
            other.GetProject(PROJECT);
        }
    }

    static void unknownNames() throws Exception {
        refused("ProjectNotExist", 404, () -> CLIENT.GetProject("interop-none"));
        refused("LogStoreNotExist", 404, () -> CLIENT.GetLogStore(PROJECT, "none"));
        refused("LogStoreNotExist", 404, () -> put("none", "x"));
        refused("ShardNotExist", 404, () -> begin("meta", 99));
        refused("ConfigNotExist", 404, () -> CLIENT.GetConfig(PROJECT, "none"));
        refused("MachineGroupNotExist", 404, () -> CLIENT.GetMachineGroup(PROJECT, "none"));
        refused("ConsumerGroupNotExist", 404,
            () -> CLIENT.HeartBeat(PROJECT, "meta", "none", "c", new ArrayList<>()));
    }

    static void alreadyExists() throws Exception {
        refused("ProjectAlreadyExist", 400, () -> CLIENT.CreateProject(PROJECT, "again"));
        refused("LogStoreAlreadyExist", 400, () -> newLogstore("meta", 1));
        refused("ConfigAlreadyExist", 400, () -> CLIENT.CreateConfig(PROJECT, fileConfig("*")));
        ConsumerGroup group = new ConsumerGroup("twice", 30, false);
        CLIENT.CreateConsumerGroup(PROJECT, "meta", group);
        refused("ConsumerGroupAlreadyExist", 400,
            () -> CLIENT.CreateConsumerGroup(PROJECT, "meta", group));
    }
}

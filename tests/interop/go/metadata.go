package main

import (
	sls "github.com/aliyun/aliyun-log-go-sdk"
)

const middleOfFirstHalf = "40000000000000000000000000000000"

func newLogstore(name string, shards int) string {
	must(client.CreateLogStore(project, name, 7, shards, false, 0))
	return name
}

func checkProject() {
	_, err := client.CreateProject(project, "first")
	must(err)
	_, err = client.UpdateProject(project, "second")
	must(err)
	got, err := client.GetProject(project)
	must(err)
	same(got.Description, "second", "the description")
	_, err = client.CreateProject("interop-gone", "to be deleted")
	must(err)
	names, err := client.ListProject()
	must(err)
	same(names, []string{project, "interop-gone"}, "the list")
	must(client.DeleteProject("interop-gone"))
	exists, err := client.CheckProjectExist("interop-gone")
	must(err)
	same(exists, false, "that the deleted one exists")
}

func checkLogstore() {
	newLogstore("meta", 2)
	must(client.UpdateLogStore(project, "meta", 60, 2))
	got, err := client.GetLogStore(project, "meta")
	must(err)
	same([]any{got.Name, got.TTL, got.ShardCount}, []any{"meta", 60, 2}, "the Logstore")
	newLogstore("meta-gone", 1)
	names, err := client.ListLogStore(project)
	must(err)
	same(names, []string{"meta", "meta-gone"}, "the list")
	must(client.DeleteLogStore(project, "meta-gone"))
	exists, err := client.CheckLogstoreExist(project, "meta-gone")
	must(err)
	same(exists, false, "that the deleted one exists")
}

func states(shards []*sls.Shard) map[int]string {
	all := map[int]string{}
	for _, shard := range shards {
		all[shard.ShardID] = shard.Status
	}
	return all
}

func checkShards() {
	newLogstore("shards", 2)
	first, err := client.ListShards(project, "shards")
	must(err)
	same(states(first), map[int]string{0: "readwrite", 1: "readwrite"}, "the list")
	split, err := client.SplitShard(project, "shards", 0, middleOfFirstHalf)
	must(err)
	same(states(split), map[int]string{0: "readonly", 2: "readwrite", 3: "readwrite"}, "the split")
	merged, err := client.MergeShards(project, "shards", 2)
	must(err)
	same(states(merged), map[int]string{2: "readonly", 3: "readonly", 4: "readwrite"}, "the merge")
	parts, err := client.SplitNumShard(project, "shards", 4, 3)
	must(err)
	same(len(parts), 4, "shards of a split in three, with the parent")
}

func lineIndex(fields ...string) sls.Index {
	tokens := []string{",", " ", ":", "=", "\n"}
	index := sls.Index{Keys: map[string]sls.IndexKey{}, Line: &sls.IndexLine{Token: tokens}}
	for _, field := range fields {
		index.Keys[field] = sls.IndexKey{Token: tokens, Type: "text"}
	}
	return index
}

func checkIndex() {
	newLogstore("indexed", 1)
	_, err := client.GetIndex(project, "indexed")
	refused("IndexConfigNotExist", 404, err)
	must(client.CreateIndex(project, "indexed", lineIndex("level")))
	must(client.UpdateIndex(project, "indexed", lineIndex("level", "m")))
	got, err := client.GetIndex(project, "indexed")
	must(err)
	same(len(got.Keys), 2, "the number of indexed keys")
	must(client.DeleteIndex(project, "indexed"))
	_, err = client.GetIndex(project, "indexed")
	refused("IndexConfigNotExist", 404, err)
}

func fileConfig(name, pattern string) *sls.LogConfig {
	detail := sls.RegexConfigInputDetail{Key: []string{"content"}}
	sls.InitRegexConfigInputDetail(&detail)
	detail.LogPath, detail.FilePattern = "/var/log", pattern
	return &sls.LogConfig{
		Name: name, InputType: "file", InputDetail: detail, OutputType: "LogService",
		OutputDetail: sls.OutputDetail{ProjectName: project, LogStoreName: "meta"},
	}
}

func checkConfigs() {
	must(client.CreateConfig(project, fileConfig("simple", "*.log")))
	must(client.UpdateConfig(project, fileConfig("simple", "*.txt")))
	got, err := client.GetConfig(project, "simple")
	must(err)
	detail, ok := sls.ConvertToRegexConfigInputDetail(got.InputDetail)
	same(ok, true, "that the detail is of the kind that was stored")
	same(detail.FilePattern, "*.txt", "the pattern")
	must(client.CreateConfig(project, fileConfig("gone", "*.log")))
	must(client.DeleteConfig(project, "gone"))
	names, total, err := client.ListConfig(project, 0, 100)
	must(err)
	same([]any{names, total}, []any{[]string{"simple"}, 1}, "the list")
}

func checkMachineGroups() {
	group := &sls.MachineGroup{Name: "web", MachineIDType: "userdefined",
		MachineIDList: []string{"web"}, Attribute: sls.MachinGroupAttribute{TopicName: "t"}}
	must(client.CreateMachineGroup(project, group))
	group.MachineIDList = []string{"web", "web-2"}
	must(client.UpdateMachineGroup(project, group))
	got, err := client.GetMachineGroup(project, "web")
	must(err)
	same(got.MachineIDList, []string{"web", "web-2"}, "the members")
	names, total, err := client.ListMachineGroup(project, 0, 100)
	must(err)
	same([]any{names, total}, []any{[]string{"web"}, 1}, "the list")
	must(client.ApplyConfigToMachineGroup(project, "simple", "web"))
	applied, err := client.GetAppliedConfigs(project, "web")
	must(err)
	same(applied, []string{"simple"}, "the applied configs")
	groups, err := client.GetAppliedMachineGroups(project, "simple")
	must(err)
	same(groups, []string{"web"}, "the groups")
	must(client.RemoveConfigFromMachineGroup(project, "simple", "web"))
	_, total, err = client.ListMachines(project, "web")
	must(err)
	same(total, 0, "the number of machines")
	must(client.DeleteMachineGroup(project, "web"))
}

func checkConsumerGroups() {
	newLogstore("groups", 2)
	group := sls.ConsumerGroup{ConsumerGroupName: "cg", Timeout: 30}
	must(client.CreateConsumerGroup(project, "groups", group))
	group.Timeout, group.InOrder = 40, true
	must(client.UpdateConsumerGroup(project, "groups", group))
	all, err := client.ListConsumerGroup(project, "groups")
	must(err)
	same([]any{len(all), *all[0]}, []any{1, group}, "the list")
	held, err := client.HeartBeat(project, "groups", "cg", "c1", []int{})
	must(err)
	same(held, []int{0, 1}, "the shards of the only consumer")
	cursor := cursorAt("groups", 1, "begin")
	must(client.UpdateCheckpoint(project, "groups", "cg", "c1", 1, cursor, true))
	saved, err := client.GetCheckpoint(project, "groups", "cg")
	must(err)
	same([]string{saved[0].CheckPoint, saved[1].CheckPoint}, []string{"", cursor}, "the checkpoints")
	must(client.DeleteConsumerGroup(project, "groups", "cg"))
}

func checkWrongKey() {
	for _, version := range []sls.AuthVersionType{sls.AuthV1, sls.AuthV4} {
		wrong, nobody := newClient(keyID, "wrong"), newClient("nobody", secret)
		for _, other := range []sls.ClientInterface{wrong, nobody} {
			other.SetAuthVersion(version)
			other.SetRegion("cn-local")
		}
		_, err := wrong.ListLogStore(project)
		refused("SignatureNotMatch", 401, err)
		_, err = nobody.ListLogStore(project)
		refused("Unauthorized", 401, err)
	}
}

func checkUnknownNames() {
	_, err := client.GetProject("interop-none")
	refused("ProjectNotExist", 404, err)
	_, err = client.GetLogStore(project, "none")
	refused("LogStoreNotExist", 404, err)
	refused("LogStoreNotExist", 404, client.PutLogs(project, "none", oneLog("x")))
	_, err = client.GetCursor(project, "meta", 99, "begin")
	refused("ShardNotExist", 404, err)
	_, err = client.GetConfig(project, "none")
	refused("ConfigNotExist", 404, err)
	_, err = client.GetMachineGroup(project, "none")
	refused("MachineGroupNotExist", 404, err)
	_, err = client.HeartBeat(project, "meta", "none", "c", []int{})
	refused("ConsumerGroupNotExist", 404, err)
}

func checkAlreadyExists() {
	_, err := client.CreateProject(project, "again")
	refused("ProjectAlreadyExist", 400, err)
	refused("LogStoreAlreadyExist", 400,
		client.CreateLogStore(project, "meta", 7, 1, false, 0))
	refused("ConfigAlreadyExist", 400, client.CreateConfig(project, fileConfig("simple", "*")))
	group := sls.ConsumerGroup{ConsumerGroupName: "twice", Timeout: 30}
	must(client.CreateConsumerGroup(project, "meta", group))
	refused("ConsumerGroupAlreadyExist", 400, client.CreateConsumerGroup(project, "meta", group))
}

func checkBadBody() {
	body := []byte("\x0a\xff\xff no LogGroup")
	refused("PostBodyInvalid", 400,
		client.PostRawLogWithCompressType(project, "meta", body, sls.Compress_LZ4, nil))
	refused("PostBodyInvalid", 400, client.CreateIndexString(project, "meta", "no JSON"))
}

func checkStsToken() {
	for _, version := range []sls.AuthVersionType{sls.AuthV1, sls.AuthV4} {
		other := newClient(keyID, secret)
		other.ResetAccessKeyToken(keyID, secret, "token/+==")
		other.SetAuthVersion(version)
		other.SetRegion("cn-local")
		_, err := other.ListLogStore(project)
		must(err)
	}
}

func checkSignV4() {
	other := newClient(keyID, secret)
	other.SetAuthVersion(sls.AuthV4)
	other.SetRegion("cn-local")
	newLogstore("v4-store", 1)
	must(other.PutLogs(project, "v4-store", oneLog("signed with v4")))
	page, _, err := other.PullLogs(project, "v4-store", 0, cursorAt("v4-store", 0, "begin"), "", 10)
	must(err)
	same(texts(page), []string{"signed with v4"}, "the logs")
	_, err = other.GetLogStore(project, "odd +&=~*")
	refused("LogStoreNotExist", 404, err)
}

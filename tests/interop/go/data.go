package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/aliyun/aliyun-log-go-sdk/producer"
	"github.com/gogo/protobuf/proto"
)

// The keys of the quarters of the hash space, each a little above its quarter's begin.
var routeKeys = []string{
	"01000000000000000000000000000000", "41000000000000000000000000000000",
	"81000000000000000000000000000000", "c1000000000000000000000000000000",
}

func logOf(contents ...string) *sls.Log {
	log := &sls.Log{Time: proto.Uint32(uint32(time.Now().Unix()))}
	for i := 0; i < len(contents); i += 2 {
		log.Contents = append(log.Contents,
			&sls.LogContent{Key: proto.String(contents[i]), Value: proto.String(contents[i+1])})
	}
	return log
}

func groupOf(logs ...*sls.Log) *sls.LogGroup {
	return &sls.LogGroup{Topic: proto.String("topic"), Source: proto.String("10.0.0.1"), Logs: logs}
}

func oneLog(text string) *sls.LogGroup { return groupOf(logOf("m", text)) }

func put(logstore, text string) { must(client.PutLogs(project, logstore, oneLog(text))) }

func putRouted(logstore, key, text string) {
	must(client.PostLogStoreLogs(project, logstore, oneLog(text), &key))
}

func texts(page *sls.LogGroupList) []string {
	all := []string{}
	for _, group := range page.LogGroups {
		for _, log := range group.Logs {
			for _, content := range log.Contents {
				all = append(all, content.GetValue())
			}
		}
	}
	return all
}

func cursorAt(logstore string, shard int, from string) string {
	cursor, err := client.GetCursor(project, logstore, shard, from)
	must(err)
	return cursor
}

func stored(logstore string, shard int) []string {
	page, _, err := client.PullLogs(project, logstore, shard, cursorAt(logstore, shard, "begin"), "",
		1000)
	must(err)
	return texts(page)
}

func putAndRead(name string, compression int) {
	newLogstore(name, 1)
	must(client.PutLogsWithCompressType(project, name, oneLog(name), compression))
	same(stored(name, 0), []string{name}, "what was read")
}

func checkRouteKey() {
	newLogstore("routed", 4)
	for shard, key := range routeKeys {
		putRouted("routed", key, key)
		same(stored("routed", shard), []string{key}, "what the shard holds")
	}
}

func checkFaithful() {
	newLogstore("faithful", 1)
	log := logOf("k", "", "k", "twice", "k", "\xff\xfe\x00bytes", "k", "日志")
	log.TimeNs = proto.Uint32(999_999_999)
	group := groupOf(log, logOf())
	for _, key := range []string{"a", "a", "b"} {
		group.LogTags = append(group.LogTags,
			&sls.LogTag{Key: proto.String(key), Value: proto.String("v-" + key)})
	}
	raw, err := group.Marshal()
	must(err)
	must(client.PostRawLogWithCompressType(project, "faithful", raw, sls.Compress_LZ4, nil))
	list, _, err := client.GetLogsBytes(project, "faithful", 0, cursorAt("faithful", 0, "begin"), "", 1)
	must(err)
	wanted := append(binary.AppendUvarint([]byte{0x0a}, uint64(len(raw))), raw...)
	if !bytes.Equal(list, wanted) {
		panic(failure(fmt.Sprintf("read %x, wrote %x", list, wanted)))
	}
}

func checkCursors() {
	newLogstore("cursors", 1)
	put("cursors", "one")
	put("cursors", "two")
	first, last := cursorAt("cursors", 0, "begin"), cursorAt("cursors", 0, "end")
	received, err := client.GetCursorTime(project, "cursors", 0, first)
	must(err)
	if age := time.Since(received); age > time.Minute || age < -time.Minute {
		panic(failure("the cursor's time is " + received.String()))
	}
	unix := received.Unix()
	same(cursorAt("cursors", 0, strconv.FormatInt(unix, 10)), first, "the cursor of that time")
	same(cursorAt("cursors", 0, strconv.FormatInt(unix+3600, 10)), last, "the cursor of a later time")
	_, _, err = client.PullLogs(project, "cursors", 0, "no cursor", "", 1)
	refused("InvalidCursor", 400, err)
}

func checkPull() {
	newLogstore("pull", 1)
	wanted := []string{}
	for n := 0; n < 10; n++ {
		wanted = append(wanted, fmt.Sprint("log ", n))
		put("pull", wanted[n])
	}
	for _, compression := range []int{sls.Compress_LZ4, sls.Compress_ZSTD} {
		got := []string{}
		request := &sls.PullLogRequest{Project: project, Logstore: "pull", LogGroupMaxCount: 3,
			Cursor: cursorAt("pull", 0, "begin"), CompressType: compression}
		for i := 0; i < 4; i++ {
			page, meta, err := client.PullLogsWithQuery(request)
			must(err)
			got = append(got, texts(page)...)
			request.Cursor = meta.NextCursor
		}
		same(got, wanted, "what was read")
		page, meta, err := client.PullLogsWithQuery(request)
		must(err)
		same([]any{len(page.LogGroups), meta.NextCursor}, []any{0, request.Cursor}, "the end's page")
	}
}

func checkPullEndCursor() {
	newLogstore("stops", 1)
	for _, text := range []string{"a", "b", "c"} {
		put("stops", text)
	}
	begin := cursorAt("stops", 0, "begin")
	_, two, err := client.PullLogs(project, "stops", 0, begin, "", 2)
	must(err)
	page, next, err := client.PullLogs(project, "stops", 0, begin, two, 100)
	must(err)
	same([]any{texts(page), next}, []any{[]string{"a", "b"}, two}, "the page")
}

type outcome chan *producer.Result

func (o outcome) Success(result *producer.Result) { o <- result }
func (o outcome) Fail(result *producer.Result)    { o <- result }

func checkProducer() {
	newLogstore("produced", 2)
	config := producer.GetDefaultProducerConfig()
	config.Endpoint, config.HTTPClient, config.LingerMs = endpoint, loopbackHTTP(), 100
	config.CredentialsProvider = sls.NewStaticCredentialsProvider(keyID, secret, "")
	config.AllowLogLevel, config.DisableRuntimeMetrics = "error", true
	sender, err := producer.NewProducer(config)
	must(err)
	sender.Start()
	const logs = 500
	results := make(outcome, logs)
	for n := 0; n < logs; n++ {
		key := routeKeys[n%len(routeKeys)]
		must(sender.HashSendLogWithCallBack(project, "produced", key, "t", "s",
			logOf("m", fmt.Sprint(n)), results))
	}
	must(sender.Close(20_000))
	for n := 0; n < logs; n++ {
		if result := <-results; !result.IsSuccessful() {
			panic(failure(result.GetErrorCode() + ": " + result.GetErrorMessage()))
		}
	}
	seen := map[string]int{}
	for shard := 0; shard < 2; shard++ {
		for _, text := range stored("produced", shard) {
			seen[text]++
		}
	}
	same(len(seen), logs, "the number of different logs")
	_, err = client.ListShards(project, "produced")
	must(err)
}

// A Logstore with three logs of two levels.
func queried() string {
	const name = "queried"
	if exists, _ := client.CheckLogstoreExist(project, name); !exists {
		newLogstore(name, 1)
		must(client.CreateIndex(project, name, lineIndex("level")))
		must(client.PutLogs(project, name, groupOf(logOf("level", "INFO", "m", "0"),
			logOf("level", "ERROR", "m", "1"), logOf("level", "INFO", "m", "2"))))
	}
	return name
}

func checkPullQuery() {
	page, meta, err := client.PullLogsWithQuery(&sls.PullLogRequest{
		Project: project, Logstore: queried(), LogGroupMaxCount: 10,
		Cursor: cursorAt("queried", 0, "begin"), Query: "* | where level = 'ERROR'"})
	must(err)
	same(texts(page), []string{"ERROR", "1"}, "the logs that fit")
	same(meta.DataCountBeforeQuery, 1, "the LogGroups looked at")
}

func checkGetLogs() {
	name, now := queried(), time.Now().Unix()
	every, err := client.GetLogs(project, name, "", now-300, now+300, "*", 100, 0, false)
	must(err)
	same([]any{len(every.Logs), every.IsComplete()}, []any{3, true}, "the answer to *")
	some, err := client.GetLogs(project, name, "", now-300, now+300, "level: INFO", 100, 0, false)
	must(err)
	same([]string{some.Logs[0]["m"], some.Logs[1]["m"]}, []string{"0", "2"}, "level: INFO")
}

func checkHistograms() {
	name, now := queried(), time.Now().Unix()
	answer, err := client.GetHistograms(project, name, "", now-300, now+300, "level: INFO")
	must(err)
	same([]any{answer.Count, answer.IsComplete()}, []any{int64(2), true}, "the answer")
}

package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	consumer "github.com/aliyun/aliyun-log-go-sdk/consumer"
)

// What the consumers were given, in the order they were given it.
type collected struct {
	mutex sync.Mutex
	texts []string
	who   map[string]int
}

func (c *collected) add(consumer string, got []string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.texts = append(c.texts, got...)
	c.who[consumer] += len(got)
}

func (c *collected) counts(consumer string) (all, one int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.texts), c.who[consumer]
}

func waitFor(what string, holds func() bool) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if holds() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	panic(failure("not within a minute: " + what))
}

func startWorker(name string, all *collected) *consumer.ConsumerWorker {
	worker := consumer.InitConsumerWorkerWithCheckpointTracker(consumer.LogHubConfig{
		Endpoint: endpoint, AccessKeyID: keyID, AccessKeySecret: secret, Project: project,
		Logstore: "worked", ConsumerGroupName: "workers", ConsumerName: name,
		CursorPosition: consumer.BEGIN_CURSOR, InOrder: true, HTTPClient: loopbackHTTP(),
		HeartbeatIntervalInSecond: 1, HeartbeatTimeoutInSecond: 4, DataFetchIntervalInMs: 100,
		AllowLogLevel: "error", DisableRuntimeMetrics: true,
	}, func(_ int, page *sls.LogGroupList, tracker consumer.CheckPointTracker) (string, error) {
		all.add(name, texts(page))
		return "", tracker.SaveCheckPoint(true)
	})
	worker.Start()
	return worker
}

func byKey(lines []string) map[string][]string {
	all := map[string][]string{}
	for _, line := range lines {
		key, number, _ := strings.Cut(line, " ")
		all[key] = append(all[key], number)
	}
	return all
}

func checkWorkers() {
	newLogstore("worked", 2)
	all, written := &collected{who: map[string]int{}}, []string{}
	write := func(steps int) {
		for step := 0; step < steps; step++ {
			number := len(written) / len(routeKeys)
			for _, key := range routeKeys {
				written = append(written, fmt.Sprint(key, " ", number))
				putRouted("worked", key, written[len(written)-1])
			}
		}
	}
	everything := func() bool { count, _ := all.counts(""); return count >= len(written) }
	secondReads := func() bool { _, count := all.counts("w2"); return count > 0 }

	write(5)
	first := startWorker("w1", all)
	waitFor("w1 reads everything", everything)
	second := startWorker("w2", all)
	defer second.StopAndWait()
	for i := 0; i < 150 && !secondReads(); i++ { // w2 takes over one of the shards
		write(1)
		time.Sleep(100 * time.Millisecond)
	}
	waitFor("w2 reads something", secondReads)
	_, err := client.SplitShard(project, "worked", 0, middleOfFirstHalf)
	must(err)
	write(20)
	waitFor("both read everything after the split", everything)
	first.StopAndWait()
	write(20)
	waitFor("w2 reads everything after w1 left", everything)
	time.Sleep(time.Second) // a duplicate would come now
	same(byKey(all.texts), byKey(written), "what was consumed")
}

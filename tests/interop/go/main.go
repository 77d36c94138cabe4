// The checks of ../run.py through aliyun-log-go-sdk: client, producer, consumer library.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"
)

var (
	port     = os.Getenv("SPILLWAY_PORT")
	keyID    = os.Getenv("SPILLWAY_KEY_ID")
	secret   = os.Getenv("SPILLWAY_KEY_SECRET")
	project  = os.Getenv("SPILLWAY_PROJECT")
	endpoint = "http://localhost:" + port
	client   = newClient(keyID, secret)
)

// The system does not know PROJECT.localhost, so the SDK is given an HTTP client that does.
func loopbackHTTP() *http.Client {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 20 * time.Second}
}

func newClient(id, secret string) sls.ClientInterface {
	made := sls.CreateNormalInterface(endpoint, id, secret, "")
	made.SetHTTPClient(loopbackHTTP())
	return made
}

// A check that fails panics with one of these; check() reports it.
type failure string

func must(err error) {
	if err != nil {
		panic(failure(err.Error()))
	}
}

func same(got, wanted any, what string) {
	if !reflect.DeepEqual(got, wanted) {
		panic(failure(fmt.Sprintf("%s is %v, wanted %v", what, got, wanted)))
	}
}

func refused(code string, status int32, err error) {
	var answer *sls.Error
	if !errors.As(err, &answer) {
		panic(failure(fmt.Sprintf("%v, wanted %s", err, code)))
	}
	same(fmt.Sprint(answer.HTTPCode, " ", answer.Code), fmt.Sprint(status, " ", code), "the refusal")
	if answer.RequestID == "" {
		panic(failure("the refusal has no request id"))
	}
}

func check(name string, body func()) {
	defer func() {
		switch why := recover().(type) {
		case nil:
			fmt.Printf("pass\t%s\n", name)
		default:
			fmt.Fprintf(os.Stderr, "%s: %v\n%s\n", name, why, debug.Stack())
			fmt.Printf("fail\t%s\t%s\n", name, strings.Join(strings.Fields(fmt.Sprint(why)), " "))
		}
	}()
	body()
}

func skip(name, why string) { fmt.Printf("skip\t%s\t%s\n", name, why) }

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/aliyun/aliyun-log-go-sdk" {
			return module.Version
		}
	}
	return "unknown"
}

func main() {
	fmt.Printf("client\taliyun-log-go-sdk (client, producer, consumer)\t%s\n", version())
	check("project", checkProject)
	check("logstore", checkLogstore)
	check("shards", checkShards)
	check("index", checkIndex)
	check("configs", checkConfigs)
	skip("pipeline-configs", "the client does not offer it")
	check("machine-groups", checkMachineGroups)
	check("consumer-groups", checkConsumerGroups)
	check("put-lz4", func() { putAndRead("lz4", sls.Compress_LZ4) })
	check("put-zstd", func() { putAndRead("zstd", sls.Compress_ZSTD) })
	skip("put-deflate", "the client does not offer it")
	check("put-plain", func() { putAndRead("plain", sls.Compress_None) })
	check("put-route-key", checkRouteKey)
	skip("put-once", "the client does not offer it")
	skip("put-batch", "the client does not offer it")
	check("faithful", checkFaithful)
	check("cursors", checkCursors)
	check("pull", checkPull)
	check("pull-end-cursor", checkPullEndCursor)
	check("pull-query", checkPullQuery)
	check("producer", checkProducer)
	check("workers", checkWorkers)
	check("get-logs", checkGetLogs)
	check("histograms", checkHistograms)
	check("wrong-key", checkWrongKey)
	check("unknown-names", checkUnknownNames)
	check("already-exists", checkAlreadyExists)
	check("bad-body", checkBadBody)
	check("sign-v1-sha1", func() {
		_, err := client.ListLogStore(project)
		must(err)
	})
	skip("sign-v1-sha256", "the client does not offer it")
	check("sign-v4", checkSignV4)
	check("sts-token", checkStsToken)
}

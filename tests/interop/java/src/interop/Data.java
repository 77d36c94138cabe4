package interop;

import static interop.Region.CLIENT;
import static interop.Region.PROJECT;
import static interop.Region.ROUTE_KEYS;
import static interop.Region.begin;
import static interop.Region.cursorAt;
import static interop.Region.log;
import static interop.Region.newLogstore;
import static interop.Region.put;
import static interop.Region.putRequest;
import static interop.Region.putRouted;
import static interop.Region.refused;
import static interop.Region.same;
import static interop.Region.stored;
import static interop.Region.texts;

import com.aliyun.openservices.aliyun.log.producer.LogProducer;
import com.aliyun.openservices.aliyun.log.producer.ProducerConfig;
import com.aliyun.openservices.aliyun.log.producer.ProjectConfig;
import com.aliyun.openservices.aliyun.log.producer.Result;
import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.Consts.CompressType;
import com.aliyun.openservices.log.common.Consts.CursorMode;
import com.aliyun.openservices.log.common.FastLogGroup;
import com.aliyun.openservices.log.common.LogGroup;
import com.aliyun.openservices.log.common.Logs;
import com.aliyun.openservices.log.common.QueriedLog;
import com.aliyun.openservices.log.exception.LogException;
import com.aliyun.openservices.log.http.signer.SignVersion;
import com.aliyun.openservices.log.request.BatchPutLogsRequest;
import com.aliyun.openservices.log.request.PullLogsRequest;
import com.aliyun.openservices.log.request.PutLogsRequest;
import com.aliyun.openservices.log.response.GetHistogramsResponse;
import com.aliyun.openservices.log.response.GetLogsResponse;
import com.aliyun.openservices.log.response.PullLogsResponse;
import com.google.common.util.concurrent.ListenableFuture;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

final class Data {
    private static boolean queriedExists = false;

    private Data() {}

    static void putAndRead(String name, CompressType compression) throws LogException {
        newLogstore(name, 1);
        PutLogsRequest request = putRequest(name, log("m", name));
        request.setCompressType(compression);
        CLIENT.PutLogs(request);
        same(stored(name, 0), List.of(name), "what was read");
    }

    static void routeKey() throws LogException {
        newLogstore("routed", 4);
        for (int shard = 0; shard < 4; ++shard) {
            putRouted("routed", ROUTE_KEYS.get(shard), "log " + shard);
            same(stored("routed", shard), List.of("log " + shard), "what the shard holds");
        }
    }

    static void putOnce() throws Exception {
        newLogstore("fenced", 1);
        PutLogsRequest request = putRequest("fenced", log("m", "once"));
        request.setHashKey(ROUTE_KEYS.get(0));
        request.setHashRouteKeySeqId(7);
        CLIENT.PutLogs(request);
        refused("InvalidSequenceId", 400, () -> CLIENT.PutLogs(request));
        request.setHashRouteKeySeqId(8);
        CLIENT.PutLogs(request);
        same(stored("fenced", 0), List.of("once", "once"), "what was read");
    }

    static void putBatch() throws LogException {
        newLogstore("batch", 1);
        for (CompressType compression : List.of(CompressType.LZ4, CompressType.ZSTD)) {
            BatchPutLogsRequest request = new BatchPutLogsRequest(PROJECT, "batch",
                List.of(new LogGroup(List.of(log("m", "a"))), new LogGroup(List.of(log("m", "b")))),
                ROUTE_KEYS.get(0));
            request.setCompressType(compression);
            CLIENT.batchPutLogs(request);
        }
        same(stored("batch", 0), List.of("a", "b", "a", "b"), "what was read");
        same(Region.pull("batch", 0, begin("batch", 0), 1000).getCount(), 4, "the LogGroups");
    }

    private static PutLogsRequest rawRequest(String logstore, byte[] group) {
        return new PutLogsRequest(PROJECT, logstore, "", "", group, null);
    }

    static void faithful() throws LogException {
        newLogstore("faithful", 1);
        Logs.LogGroup.Builder builder = Logs.LogGroup.newBuilder().setTopic("t").setSource("s");
        Logs.Log.Builder logs = Logs.Log.newBuilder().setTime(1_700_000_000).setTimeNs(999_999_999);
        for (String value : List.of("", "twice", "\u65e5\u5fd7", "a\u0000b")) {
            logs.addContents(Logs.Log.Content.newBuilder().setKey("k").setValue(value));
        }
        builder.addLogs(logs);
        for (String key : List.of("a", "a", "b")) {
            builder.addLogTags(Logs.LogTag.newBuilder().setKey(key).setValue("v-" + key));
        }
        byte[] written = builder.build().toByteArray();
        CLIENT.PutLogs(rawRequest("faithful", written));
        FastLogGroup group = Region.pull("faithful", 0, begin("faithful", 0), 1).getLogGroup(0)
            .GetFastLogGroup();
        byte[] read = Arrays.copyOfRange(group.getRawBytes(), group.getBeginOffset(),
            group.getEndOffset());
        same(Arrays.toString(read), Arrays.toString(written), "the LogGroup");
    }

    static void cursors() throws Exception {
        newLogstore("cursors", 1);
        put("cursors", "one");
        put("cursors", "two");
        String first = begin("cursors", 0);
        String last = cursorAt("cursors", 0, CursorMode.END);
        long time = CLIENT.GetCursorTime(PROJECT, "cursors", 0, first).GetCursorTime();
        if (Math.abs(time - System.currentTimeMillis() / 1000) > 60) {
            throw new AssertionError("the cursor's time is " + time);
        }
        same(CLIENT.GetCursor(PROJECT, "cursors", 0, time).GetCursor(), first,
            "the cursor of that time");
        same(CLIENT.GetCursor(PROJECT, "cursors", 0, time + 3600).GetCursor(), last,
            "the cursor of a later time");
        long before = CLIENT.GetPrevCursorTime(PROJECT, "cursors", 0, last).GetCursorTime();
        same(before - time <= 60, true, "that the last log is about as old as the first");
        refused("InvalidCursor", 400, () -> Region.pull("cursors", 0, "no cursor", 1));
    }

    static void pull() throws LogException {
        newLogstore("pull", 1);
        List<String> wanted = new ArrayList<>();
        for (int n = 0; n < 10; ++n) {
            wanted.add("log " + n);
            put("pull", wanted.get(n));
        }
        // Not GZIP: the client asks for deflate then, which it does not read.
        for (CompressType compression :
            List.of(CompressType.NONE, CompressType.LZ4, CompressType.ZSTD)) {
            List<String> got = new ArrayList<>();
            PullLogsRequest request =
                new PullLogsRequest(PROJECT, "pull", 0, 3, begin("pull", 0));
            request.setCompressType(compression);
            for (int i = 0; i < 4; ++i) {
                PullLogsResponse page = CLIENT.pullLogs(request);
                got.addAll(texts(page.getLogGroups()));
                request.setCursor(page.getNextCursor());
            }
            same(got, wanted, "what was read as " + compression);
            PullLogsResponse end = CLIENT.pullLogs(request);
            same(List.of(end.getCount(), end.getNextCursor(), end.isEndOfCursor()),
                List.of(0, request.getCursor(), true), "the end's page");
        }
    }

    static void pullEndCursor() throws LogException {
        newLogstore("stops", 1);
        for (String text : List.of("a", "b", "c")) {
            put("stops", text);
        }
        String two = Region.pull("stops", 0, begin("stops", 0), 2).getNextCursor();
        PullLogsResponse page = CLIENT.pullLogs(
            new PullLogsRequest(PROJECT, "stops", 0, 1000, begin("stops", 0), two));
        same(texts(page.getLogGroups()), List.of("a", "b"), "what was read");
        same(page.getNextCursor(), two, "the next cursor");
    }

    static void producer() throws Exception {
        newLogstore("produced", 2);
        ProducerConfig config = new ProducerConfig();
        config.setLingerMs(100);
        LogProducer producer = new LogProducer(config);
        producer.putProjectConfig(
            new ProjectConfig(PROJECT, Region.ENDPOINT, Region.KEY_ID, Region.SECRET));
        List<ListenableFuture<Result>> results = new ArrayList<>();
        for (int n = 0; n < 500; ++n) {
            results.add(producer.send(PROJECT, "produced", "t", "s", ROUTE_KEYS.get(n % 4),
                log("m", String.valueOf(n))));
        }
        for (ListenableFuture<Result> result : results) {
            same(result.get(20, TimeUnit.SECONDS).isSuccessful(), true, "that it was sent");
        }
        producer.close();
        Set<String> seen = new TreeSet<>(stored("produced", 0));
        seen.addAll(stored("produced", 1));
        same(seen.size(), 500, "the number of different logs");
    }

    /** A Logstore with three logs of two levels. */
    private static int queried() throws LogException {
        if (!queriedExists) {
            newLogstore("queried", 1);
            CLIENT.CreateIndex(PROJECT, "queried", Metadata.lineIndex("level"));
            CLIENT.PutLogs(putRequest("queried", log("level", "INFO", "m", "0"),
                log("level", "ERROR", "m", "1"), log("level", "INFO", "m", "2")));
            queriedExists = true;
        }
        return (int) (System.currentTimeMillis() / 1000);
    }

    static void pullQuery() throws LogException {
        queried();
        PullLogsResponse page = CLIENT.pullLogs(new PullLogsRequest(PROJECT, "queried", 0, 10,
            begin("queried", 0), null, "* | where level = 'ERROR'"));
        same(texts(page.getLogGroups()), List.of("ERROR", "1"), "the logs that fit");
        same(page.getRawDataCount(), 1, "the LogGroups looked at");
    }

    static void getLogs() throws LogException {
        int now = queried();
        GetLogsResponse every =
            CLIENT.GetLogs(PROJECT, "queried", now - 300, now + 300, "", "*", 100, 0, false);
        same(List.of(every.GetCount(), every.IsCompleted()), List.of(3, true), "the answer to *");
        GetLogsResponse some = CLIENT.GetLogs(PROJECT, "queried", now - 300, now + 300, "",
            "level: INFO", 100, 0, false);
        List<String> numbers = new ArrayList<>();
        for (QueriedLog found : some.GetLogs()) {
            found.GetLogItem().GetLogContents().stream()
                .filter(content -> content.GetKey().equals("m"))
                .forEach(content -> numbers.add(content.GetValue()));
        }
        same(numbers, List.of("0", "2"), "level: INFO");
    }

    static void histograms() throws LogException {
        int now = queried();
        GetHistogramsResponse answer = CLIENT.GetHistograms(PROJECT, "queried", now - 300, now + 300,
            "", "level: INFO");
        same(List.of(answer.GetTotalCount(), answer.IsCompleted()), List.of(2L, true), "the answer");
    }

    static void badBody() throws Exception {
        byte[] body = "\n\u007f\u007f no LogGroup".getBytes(StandardCharsets.ISO_8859_1);
        refused("PostBodyInvalid", 400, () -> CLIENT.PutLogs(rawRequest("meta", body)));
    }

    static void signV4() throws LogException {
        Client other = Region.connect(Region.KEY_ID, Region.SECRET, SignVersion.V4);
        newLogstore("v4-store", 1);
        other.PutLogs(putRequest("v4-store", log("m", "signed with v4")));
        PullLogsResponse page = other.pullLogs(
            new PullLogsRequest(PROJECT, "v4-store", 0, 10, begin("v4-store", 0)));
        same(texts(page.getLogGroups()), List.of("signed with v4"), "the logs");
        same(other.ListLogStores(PROJECT, 0, 10, "odd +&=~*/").GetTotal(), 0, "an odd filter's total");
    }
}

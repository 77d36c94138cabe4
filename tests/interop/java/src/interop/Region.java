package interop;

import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.Consts;
import com.aliyun.openservices.log.common.LogGroupData;
import com.aliyun.openservices.log.common.LogContent;
import com.aliyun.openservices.log.common.LogItem;
import com.aliyun.openservices.log.common.LogStore;
import com.aliyun.openservices.log.exception.LogException;
import com.aliyun.openservices.log.http.client.ClientConfiguration;
import com.aliyun.openservices.log.http.signer.SignVersion;
import com.aliyun.openservices.log.request.PullLogsRequest;
import com.aliyun.openservices.log.request.PutLogsRequest;
import com.aliyun.openservices.log.response.PullLogsResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/** The region under test, a client for it, and what the checks say of it. */
final class Region {
    static final String ADDRESS = System.getenv("SPILLWAY_ADDRESS");
    static final String PORT = System.getenv("SPILLWAY_PORT");
    static final String KEY_ID = System.getenv("SPILLWAY_KEY_ID");
    static final String SECRET = System.getenv("SPILLWAY_KEY_SECRET");
    static final String PROJECT = System.getenv("SPILLWAY_PROJECT");
    static final String ENDPOINT = "http://localhost";
    /** Keys of the quarters of the hash space, each a little above its quarter's begin. */
    static final List<String> ROUTE_KEYS = List.of(
        "01000000000000000000000000000000", "41000000000000000000000000000000",
        "81000000000000000000000000000000", "c1000000000000000000000000000000");

    static final Client CLIENT = connect(KEY_ID, SECRET, SignVersion.V1);

    private Region() {}

    /** The client takes no endpoint with a port: the region is given to it as its HTTP proxy. */
    static Client connect(String keyId, String secret, SignVersion version) {
        ClientConfiguration configuration = new ClientConfiguration();
        configuration.setProxyHost(ADDRESS);
        configuration.setProxyPort(Integer.parseInt(PORT));
        configuration.setSignatureVersion(version);
        configuration.setRegion("cn-local");
        return new Client(ENDPOINT, keyId, secret, configuration);
    }

    interface Call {
        void run() throws Exception;
    }

    static void same(Object got, Object wanted, String what) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError(what + " is " + got + ", wanted " + wanted);
        }
    }

    static void refused(String code, int status, Call call) throws Exception {
        try {
            call.run();
        } catch (LogException refusal) {
            same(refusal.GetHttpCode() + " " + refusal.GetErrorCode(), status + " " + code,
                "the refusal");
            same(refusal.GetRequestId().isEmpty(), false, "that the refusal has no request id");
            return;
        }
        throw new AssertionError("accepted, wanted " + code);
    }

    static void newLogstore(String name, int shards) throws LogException {
        CLIENT.CreateLogStore(PROJECT, new LogStore(name, 7, shards));
    }

    static LogItem log(String... contents) {
        LogItem item = new LogItem((int) (System.currentTimeMillis() / 1000));
        for (int i = 0; i < contents.length; i += 2) {
            item.PushBack(contents[i], contents[i + 1]);
        }
        return item;
    }

    static PutLogsRequest putRequest(String logstore, LogItem... logs) {
        return new PutLogsRequest(PROJECT, logstore, "topic", "10.0.0.1", List.of(logs));
    }

    static void put(String logstore, String text) throws LogException {
        CLIENT.PutLogs(putRequest(logstore, log("m", text)));
    }

    static void putRouted(String logstore, String key, String text) throws LogException {
        PutLogsRequest request = putRequest(logstore, log("m", text));
        request.setHashKey(key);
        CLIENT.PutLogs(request);
    }

    static String cursorAt(String logstore, int shard, Consts.CursorMode mode) throws LogException {
        return CLIENT.GetCursor(PROJECT, logstore, shard, mode).GetCursor();
    }

    static String begin(String logstore, int shard) throws LogException {
        return cursorAt(logstore, shard, Consts.CursorMode.BEGIN);
    }

    static PullLogsResponse pull(String logstore, int shard, String cursor, int count)
            throws LogException {
        return CLIENT.pullLogs(new PullLogsRequest(PROJECT, logstore, shard, count, cursor));
    }

    static List<String> texts(List<LogGroupData> groups) throws LogException {
        List<String> all = new ArrayList<>();
        for (LogGroupData group : groups) {
            for (LogItem item : group.GetAllLogs()) {
                for (LogContent content : item.GetLogContents()) {
                    all.add(content.GetValue());
                }
            }
        }
        return all;
    }

    static List<String> stored(String logstore, int shard) throws LogException {
        return texts(pull(logstore, shard, begin(logstore, shard), 1000).getLogGroups());
    }

    static ArrayList<String> names(String... names) {
        ArrayList<String> list = new ArrayList<>();
        Collections.addAll(list, names);
        return list;
    }
}

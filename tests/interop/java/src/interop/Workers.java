package interop;

import static interop.Region.CLIENT;
import static interop.Region.PROJECT;
import static interop.Region.ROUTE_KEYS;
import static interop.Region.newLogstore;
import static interop.Region.putRouted;
import static interop.Region.same;

import com.aliyun.openservices.log.common.LogGroupData;
import com.aliyun.openservices.log.exception.LogException;
import com.aliyun.openservices.loghub.client.ClientWorker;
import com.aliyun.openservices.loghub.client.ILogHubCheckPointTracker;
import com.aliyun.openservices.loghub.client.config.LogHubConfig;
import com.aliyun.openservices.loghub.client.interfaces.ILogHubProcessor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/** Two consumers of one group: the second joins, a shard is split, the first leaves. */
final class Workers {
    private final List<String> consumed = new ArrayList<>();
    private final Map<String, Integer> counts = new TreeMap<>();
    private final List<String> written = new ArrayList<>();

    static void run() throws Exception {
        new Workers().play();
    }

    private synchronized void add(String consumer, List<String> texts) {
        consumed.addAll(texts);
        counts.merge(consumer, texts.size(), Integer::sum);
    }

    private synchronized boolean hasEverything() {
        return consumed.size() >= written.size();
    }

    private synchronized boolean hasRead(String consumer) {
        return counts.getOrDefault(consumer, 0) > 0;
    }

    private final class Collector implements ILogHubProcessor {
        private final String consumer;

        Collector(String consumer) {
            this.consumer = consumer;
        }

        @Override
        public void initialize(int shard) {}

        @Override
        public String process(List<LogGroupData> groups, ILogHubCheckPointTracker tracker) {
            try {
                add(consumer, Region.texts(groups));
                tracker.saveCheckPoint(true);
            } catch (Exception failure) {
                failure.printStackTrace();
            }
            return null;
        }

        @Override
        public void shutdown(ILogHubCheckPointTracker tracker) {}
    }

    private ClientWorker start(String consumer) throws Exception {
        LogHubConfig config = new LogHubConfig("workers", consumer, Region.ENDPOINT, PROJECT, "worked",
            Region.KEY_ID, Region.SECRET, LogHubConfig.ConsumePosition.BEGIN_CURSOR);
        config.setConsumeInOrder(true);
        config.setHeartBeatIntervalMillis(1000);
        config.setTimeoutInSeconds(4);
        config.setFetchIntervalMillis(100);
        ClientWorker worker = new ClientWorker(() -> new Collector(consumer), config);
        Thread thread = new Thread(worker, consumer);
        thread.setDaemon(true);
        thread.start();
        return worker;
    }

    private void write(int steps) throws LogException {
        for (int step = 0; step < steps; ++step) {
            int number = written.size() / ROUTE_KEYS.size();
            for (String key : ROUTE_KEYS) {
                synchronized (this) {
                    written.add(key + " " + number);
                }
                putRouted("worked", key, key + " " + number);
            }
        }
    }

    private static void waitFor(String what, BooleanSupplier holds) throws InterruptedException {
        for (int i = 0; i < 3000; ++i) {
            if (holds.getAsBoolean()) {
                return;
            }
            Thread.sleep(20);
        }
        throw new AssertionError("not within a minute: " + what);
    }

    private static Map<String, List<String>> byKey(List<String> lines) {
        Map<String, List<String>> all = new TreeMap<>();
        for (String line : lines) {
            String[] parts = line.split(" ");
            all.computeIfAbsent(parts[0], key -> new ArrayList<>()).add(parts[1]);
        }
        return all;
    }

    private void play() throws Exception {
        newLogstore("worked", 2);
        write(5);
        ClientWorker first = start("w1");
        waitFor("w1 reads everything", this::hasEverything);
        ClientWorker second = start("w2");
        for (int i = 0; i < 150 && !hasRead("w2"); ++i) {  // w2 takes over one of the shards
            write(1);
            Thread.sleep(100);
        }
        waitFor("w2 reads something", () -> hasRead("w2"));
        CLIENT.SplitShard(PROJECT, "worked", 0, Metadata.MIDDLE_OF_FIRST_HALF);
        write(20);
        waitFor("both read everything after the split", this::hasEverything);
        first.shutdown();
        write(20);
        waitFor("w2 reads everything after w1 left", this::hasEverything);
        Thread.sleep(1000);  // a duplicate would come now
        second.shutdown();
        synchronized (this) {
            same(byKey(consumed), byKey(written), "what was consumed");
        }
    }
}

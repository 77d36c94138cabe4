package interop;

import com.aliyun.openservices.aliyun.log.producer.LogProducer;
import com.aliyun.openservices.log.Client;
import com.aliyun.openservices.log.common.Consts.CompressType;
import com.aliyun.openservices.loghub.client.ClientWorker;
import java.io.File;
import java.util.List;

/** The checks of ../run.py through aliyun-log, aliyun-log-producer and loghub-client-lib. */
public final class Suite {
    private Suite() {}

    private static void check(String name, Region.Call body) {
        try {
            body.run();
            System.out.println("pass\t" + name);
        } catch (Throwable failure) {
            failure.printStackTrace();
            System.out.println("fail\t" + name + "\t"
                + String.valueOf(failure.getMessage()).replaceAll("\\s+", " "));
        }
    }

    private static void skip(String name, String why) {
        System.out.println("skip\t" + name + "\t" + why);
    }

    /** The version is in the jar's name: NAME-VERSION.jar. */
    private static void client(String name, Class<?> member) {
        String jar =
            new File(member.getProtectionDomain().getCodeSource().getLocation().getPath()).getName();
        System.out.println("client\t" + name + "\t"
            + jar.substring(name.length() + 1, jar.length() - ".jar".length()));
    }

    public static void main(String[] arguments) {
        client("aliyun-log", Client.class);
        client("aliyun-log-producer", LogProducer.class);
        client("loghub-client-lib", ClientWorker.class);
        check("project", Metadata::project);
        check("logstore", Metadata::logstore);
        check("shards", Metadata::shards);
        check("index", Metadata::index);
        check("configs", Metadata::configs);
        skip("pipeline-configs", "the client does not offer it");
        check("machine-groups", Metadata::machineGroups);
        check("consumer-groups", Metadata::consumerGroups);
        check("put-lz4", () -> Data.putAndRead("lz4", CompressType.LZ4));
        check("put-zstd", () -> Data.putAndRead("zstd", CompressType.ZSTD));
        check("put-deflate", () -> Data.putAndRead("deflate", CompressType.GZIP));
        check("put-plain", () -> Data.putAndRead("plain", CompressType.NONE));
        check("put-route-key", Data::routeKey);
        check("put-once", Data::putOnce);
        check("put-batch", Data::putBatch);
        check("faithful", Data::faithful);
        check("cursors", Data::cursors);
        check("pull", Data::pull);
        check("pull-end-cursor", Data::pullEndCursor);
        check("pull-query", Data::pullQuery);
        if (Region.PORT.equals("80")) {
            check("producer", Data::producer);
            check("workers", Workers::run);
        } else {
            for (String name : List.of("producer", "workers")) {
                skip(name, "it reaches port 80 only, on which only root may listen here");
            }
        }
        check("get-logs", Data::getLogs);
        check("histograms", Data::histograms);
        check("wrong-key", Metadata::wrongKey);
        check("unknown-names", Metadata::unknownNames);
        check("already-exists", Metadata::alreadyExists);
        check("bad-body", Data::badBody);
        check("sign-v1-sha1", () -> Region.CLIENT.GetProject(Region.PROJECT));
        skip("sign-v1-sha256", "the client does not offer it");
        check("sign-v4", Data::signV4);
        check("sts-token", Metadata::stsToken);
        System.out.flush();
        Runtime.getRuntime().halt(0);  // threads of the clients would hold the process
    }
}

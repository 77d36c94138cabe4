/* The checks of ../run.py through aliyun-log-c-sdk, from the prefix in SPILLWAY_C_SDK. It only
 * writes; what it wrote is read with `spillway logstore pull`. */
#include <log_c_sdk/log_api.h>
#include <log_c_sdk/log_producer_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char endpoint[64];
static const char *key_id, *secret, *project, *program;

/* Runs `spillway logstore WORDS` for the project; its output goes to `answer`. */
static int logstore_command(const char* words, char* answer, size_t size) {
    char command[1024];
    snprintf(command, sizeof command,
             "'%s' logstore %s --project %s --endpoint http://%s 2>/dev/null", program, words,
             project, endpoint);
    FILE* pipe = popen(command, "r");
    size_t used = fread(answer, 1, size - 1, pipe);
    answer[used] = '\0';
    return pclose(pipe);
}

static int count(const char* text, const char* part) {
    int found = 0;
    while ((text = strstr(text, part)) != NULL) {
        ++found;
        text += strlen(part);
    }
    return found;
}

/* How many stored logs of the Logstore hold this text. */
static int stored(const char* logstore, const char* text) {
    char words[128];
    static char answer[1024 * 1024];
    snprintf(words, sizeof words, "pull %s", logstore);
    if (logstore_command(words, answer, sizeof answer) != 0) return -1;
    return count(answer, text);
}

static void new_logstore(const char* name) {
    char words[128], answer[1024];
    snprintf(words, sizeof words, "create %s --shards 1", name);
    logstore_command(words, answer, sizeof answer);
}

static void report(const char* check, int passed, const char* why) {
    if (passed) {
        printf("pass\t%s\n", check);
    } else {
        printf("fail\t%s\t%s\n", check, why);
    }
    fflush(stdout);
}

typedef struct {
    int status;
    char message[512];
    int has_request_id;
} answer_t;

static const char* token = NULL; /* of the next posts */

/* Posts one log, m = text, in the compression given. */
static answer_t post(const char* logstore, const char* text, int compression, auth_version version,
                     const char* id, const char* key, const char* to_project) {
    char* keys[] = {"m"};
    char* values[] = {(char*)text};
    size_t key_sizes[] = {1};
    size_t value_sizes[] = {strlen(text)};
    log_group_builder* group = log_group_create();
    add_source(group, "10.0.0.1", 8);
    add_topic(group, "topic", 5);
    add_tag(group, "a", 1, "v-a", 3);
    add_log_full(group, (uint32_t)time(NULL), 1, keys, key_sizes, values, value_sizes);
    lz4_log_buf* body = serialize_with_malloc_compressed(group, (log_compress_type)compression);
    if (body == NULL) { /* a codec that this build of the client lacks */
        answer_t none = {-1, "no such codec", 0};
        log_group_destroy(group);
        return none;
    }
    log_post_option option = {0};
    option.connect_timeout = 10;
    option.operation_timeout = 10;
    option.compress_type = compression;
    post_log_result* result = post_logs_from_lz4buf(endpoint, id, key, token, to_project, logstore,
                                                    body, &option, version, "cn-local");
    answer_t answer = {result->statusCode, "", result->requestID != NULL};
    if (result->errorMessage != NULL) {
        snprintf(answer.message, sizeof answer.message, "%s", result->errorMessage);
    }
    post_log_result_destroy(result);
    free_lz4_log_buf(body);
    log_group_destroy(group);
    return answer;
}

static void check_put(const char* check, const char* logstore, int compression,
                      auth_version version) {
    new_logstore(logstore);
    answer_t answer =
        post(logstore, "from the C client", compression, version, key_id, secret, project);
    if (answer.status != 200 || !answer.has_request_id) {
        report(check, 0, answer.message[0] ? answer.message : "no answer or no request id");
    } else {
        report(check, stored(logstore, "from the C client") == 1, "what was read is not that");
    }
}

static int is_refused(answer_t answer, int status, const char* code) {
    if (answer.status == status && strstr(answer.message, code) != NULL) return 1;
    fprintf(stderr, "wanted %d %s, got %d %s\n", status, code, answer.status, answer.message);
    return 0;
}

static void check_wrong_key(void) {
    int passed = 1;
    for (int version = AUTH_VERSION_1; version <= AUTH_VERSION_4; ++version) {
        passed &= is_refused(post("lz4", "x", 1, (auth_version)version, key_id, "wrong", project),
                             401, "SignatureNotMatch");
        passed &= is_refused(post("lz4", "x", 1, (auth_version)version, "nobody", secret, project),
                             401, "Unauthorized");
    }
    report("wrong-key", passed, "see the log");
}

static void check_unknown_names(void) {
    int passed = is_refused(post("none", "x", 1, AUTH_VERSION_1, key_id, secret, project), 404,
                            "LogStoreNotExist");
    passed &= is_refused(post("lz4", "x", 1, AUTH_VERSION_1, key_id, secret, "interop-none"), 404,
                         "ProjectNotExist");
    report("unknown-names", passed, "see the log");
}

static volatile int results_ok, results_refused;
static void on_sent(const char* config, log_producer_result result, size_t bytes, size_t sent,
                    const char* request, const char* message, const unsigned char* raw) {
    (void)config, (void)bytes, (void)sent, (void)request, (void)raw;
    if (is_log_producer_result_ok(result)) {
        ++results_ok;
    } else {
        if (result == LOG_PRODUCER_SEND_UNAUTHORIZED) ++results_refused;
        fprintf(stderr, "producer: %d %s\n", result, message ? message : "");
    }
}

static void produce(const char* key, int logs) {
    log_producer_config* config = create_log_producer_config();
    log_producer_config_set_endpoint(config, endpoint);
    log_producer_config_set_project(config, project);
    log_producer_config_set_logstore(config, "produced");
    log_producer_config_set_access_id(config, key_id);
    log_producer_config_set_access_key(config, key);
    log_producer_config_set_packet_timeout(config, 1000);
    log_producer_config_set_packet_log_count(config, 50);
    log_producer_config_set_send_thread_count(config, 1);
    log_producer_config_set_destroy_flusher_wait_sec(config, 10);
    log_producer_config_set_destroy_sender_wait_sec(config, 10);
    log_producer* producer = create_log_producer(config, on_sent);
    log_producer_client* client = get_log_producer_client(producer, NULL);
    for (int i = 0; i < logs; ++i) {
        log_producer_client_add_log(client, 2, "m", "produced by the C client");
    }
    destroy_log_producer(producer);
}

/* 500 logs arrive; a wrong key is told at once instead of being tried for ever. */
static void check_producer(void) {
    new_logstore("produced");
    log_producer_env_init(LOG_GLOBAL_ALL);
    produce(secret, 500);
    int arrived = stored("produced", "produced by the C client");
    produce("wrong", 1);
    log_producer_env_destroy();
    char why[128];
    snprintf(why, sizeof why, "%d of 500 logs arrived; %d of 1 refusals", arrived, results_refused);
    report("producer", arrived == 500 && results_refused == 1, why);
}

static void skip(const char* check) {
    printf("skip\t%s\tthe client does not offer it\n", check);
}

int main(void) {
    snprintf(endpoint, sizeof endpoint, "localhost:%s", getenv("SPILLWAY_PORT"));
    key_id = getenv("SPILLWAY_KEY_ID");
    secret = getenv("SPILLWAY_KEY_SECRET");
    project = getenv("SPILLWAY_PROJECT");
    program = getenv("SPILLWAY_PROGRAM");
    sls_log_init(LOG_GLOBAL_ALL);
    const char* version = getenv("SPILLWAY_C_SDK_VERSION");
    printf("client\taliyun-log-c-sdk\t%s\n", version ? version : "(version not given)");
    check_put("put-lz4", "lz4", LOG_COMPRESS_LZ4, AUTH_VERSION_1);
    check_put("put-plain", "plain", LOG_COMPRESS_NONE, AUTH_VERSION_1);
    check_put("sign-v1-sha1", "v1", LOG_COMPRESS_LZ4, AUTH_VERSION_1);
    check_put("sign-v4", "v4", LOG_COMPRESS_LZ4, AUTH_VERSION_4);
    token = "token/+==";
    check_put("sts-token", "sts", LOG_COMPRESS_LZ4, AUTH_VERSION_4);
    token = NULL;
    check_wrong_key();
    check_unknown_names();
    check_producer();
    if (post("lz4", "x", LOG_COMPRESS_ZSTD, AUTH_VERSION_1, key_id, secret, project).status == -1) {
        printf("skip\tput-zstd\tthe client was built without FEATURE_ZSTD_COMPRESS\n");
    } else {
        check_put("put-zstd", "zstd", LOG_COMPRESS_ZSTD, AUTH_VERSION_1);
    }
    const char* absent[] = {
        "project",          "logstore",       "shards",          "index",       "configs",
        "pipeline-configs", "machine-groups", "consumer-groups", "put-deflate", "put-route-key",
        "put-once",         "put-batch",      "faithful",        "cursors",     "pull",
        "pull-end-cursor",  "pull-query",     "workers",         "get-logs",    "histograms",
        "already-exists",   "bad-body",       "sign-v1-sha256"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; ++i) skip(absent[i]);
    return 0;
}

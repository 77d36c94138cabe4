#include "daemon/status_text.h"

#include "daemon/text_table.h"

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

TEST(StatusText, NeverShowsAnUnknownLagAsZero) {
    const json::value unknown = nullptr;
    const json::value some = 12.5;
    EXPECT_EQ(seconds_text(nullptr), "unknown");
    EXPECT_EQ(seconds_text(&unknown), "unknown");
    EXPECT_NE(seconds_text(&some).find("12.5"), std::string::npos);
}

TEST(StatusText, ShowsPairsLinksRegionsAndWhatIsOwed) {
    const auto status = parse_json_object(R"({
        "name": "payments", "config_digest": "8f2c", "started_at": "2025-10-10T08:00:00.000Z",
        "pairs": [{"pair": "app", "active": "sh", "standby": "hz", "state": "dirty", "epoch": 2,
                   "ready": false, "not_ready": ["region hz is failed"], "lag_ms": null,
                   "rpo_ms": 4000, "sentence": "",
                   "obligations": [{"kind": "fence_source", "region": "hz", "closed_at": null,
                                    "sentence": "hz does not answer"}]}],
        "links": [{"name": "app-hz-to-sh", "state": "replicating", "delivery": "exactly_once",
                   "lag": {"logs": null, "bytes": null, "seconds": null, "stalled": true},
                   "totals": {"logs_written": 1200, "bytes_written_raw": 3400000, "logs_filtered": 7,
                              "logs_dead": 0},
                   "last_error": {"code": "unavailable", "message": "connection refused"}}],
        "regions": [{"region": "hz", "state": "failed", "last_ok": "", "why": ["no write for 70 s"]}],
        "backups": []})");
    ASSERT_TRUE(status);
    const auto text = status_text(*status, false);
    for (const char* part :
         {"app", "unknown", "(stalled)", "1,200 logs", "still owes fence_source in hz",
          "connection refused", "no write for 70 s", "not ready: region hz is failed"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
    }
    EXPECT_EQ(text.find('\033'), std::string::npos);
}

TEST(TextTable, CountsCodePointsAndDropsTrailingBlanks) {
    TextTable table({"A", "B"});
    table.row({"é", "x"});
    table.row({"long", ""});
    EXPECT_EQ(table.render(), "A     B\né     x\nlong\n");
}

}  // namespace
}  // namespace spillway::daemon

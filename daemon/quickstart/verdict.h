// What became of every line: the inputs, the files made of them, and what both regions hold, put
// side by side. Pure; one owner at a time.
#pragma once

#include "base/json.h"
#include "daemon/quickstart/feeder.h"
#include "daemon/quickstart/file_ledger.h"
#include "daemon/quickstart/store_reader.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spillway::daemon::quickstart {

/// A stretch of production time and how many lines of it are meant.
struct Window {
    std::uint64_t lines = 0;
    std::chrono::milliseconds from{0};  ///< since feeding began
    std::chrono::milliseconds to{0};
    std::chrono::milliseconds length() const { return to - from; }
    void include(const Window& other);
};

/// One watched file (one inode).
struct FileVerdict {
    std::string path;
    FileId id;
    FileAccount account;
    std::uint64_t lines_in_source = 0;  ///< of them, whole in the region that failed
    std::uint64_t copies_by_the_link =
        0;                           ///< replicated more often than the source region holds them
    std::vector<ByteRange> missing;  ///< the first few
    Window late;
    std::uint64_t tail_in_source =
        0;  ///< lines of its tail that the failed region held when it died
    std::uint64_t late_in_source =
        0;  ///< of the late lines, held by the failed region when it died
    Window duplicated;
};

struct InputVerdict {
    std::string source;
    int agent = 0;
    int generations = 1;
    SourceComparison comparison;
    std::vector<FileVerdict> files;
    FileAccount total() const;
};

struct Verdict {
    std::vector<InputVerdict> inputs;
    FileAccount total;
    std::uint64_t lines_in_source = 0;
    std::uint64_t copies_by_the_link = 0;
    std::uint64_t strangers = 0;  ///< records of files nobody fed
    Window late;                  ///< arrived only after the failed region came back
    std::uint64_t tail_in_source =
        0;  ///< lines of its tail that the failed region held when it died
    std::uint64_t late_in_source =
        0;  ///< of these, held by it when it died; agents held the others
    Window duplicated;

    bool fed_exactly() const;
    /// Nothing missing, nothing changed, nothing invented: what exit status 0 promises.
    bool holds() const;
};

/// Collects records and judges.
class VerdictBuilder {
  public:
    /// Reads the produced files. Errors: those of read_file.
    static Result<VerdictBuilder> open(std::vector<FedInput> inputs);

    void add_target(const StoredRecord& record);
    void add_source(const StoredRecord& record);
    Verdict judge() const;

  private:
    struct Book {
        std::string produced;
        std::unique_ptr<FileLedger> target;
        std::unique_ptr<FileLedger> source;
    };

    explicit VerdictBuilder(std::vector<FedInput> inputs) : inputs_(std::move(inputs)) {}
    FileVerdict judge_file(const FedInput& input, const ProducedFile& file) const;

    std::vector<FedInput> inputs_;
    std::map<FileId, std::unique_ptr<Book>> books_;
    std::uint64_t strangers_ = 0;
};

/// What else the report tells.
struct RunFacts {
    std::string settled;  ///< "" when it is; else what it still waited for
    int restarts = 0;     ///< children that were started again without being asked for
    std::chrono::milliseconds took{0};
    std::chrono::milliseconds source_down{0};
    std::chrono::milliseconds detected_after{0};
    std::chrono::milliseconds failed_over_after{0};  ///< from the kill to the target being active
    json::value operation_report;                    ///< of the daemon; null when there is none
    std::vector<std::pair<std::chrono::milliseconds, std::string>> events;
};

/// "spillway/v1/quickstart-report".
json::object verdict_json(const Verdict& verdict, const RunFacts& facts);
/// The same for people.
std::string verdict_text(const Verdict& verdict, const RunFacts& facts);

}  // namespace spillway::daemon::quickstart

#include "daemon/logstore_tool/put_logs.h"

#include "daemon/logstore_tool/log_json.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"

#include <optional>
#include <utility>

namespace spillway::daemon {

namespace {

/// What logs must share to travel in one LogGroup.
struct GroupKey {
    std::string topic;
    std::string source;
    std::vector<LogTag> tags;
    bool operator==(const GroupKey&) const = default;
};

class Putter {
  public:
    Putter(LogSink& sink, LineInput& input, const PutOptions& options, const Clock& clock)
        : sink_(sink), input_(input), options_(options), clock_(clock) {}

    PutSummary run() {
        while (!summary_.failure) {
            if (writer_.log_count() > 0 && !input_.ready_within(options_.linger)) {
                send();
                continue;
            }
            auto line = input_.next();
            if (!line) {
                give_up(std::move(line).error(), input_.line_number() + 1);
            } else if (!line->has_value()) {
                send();
                break;
            } else {
                take(std::move(**line));
            }
        }
        return std::move(summary_);
    }

  private:
    GroupKey default_key() const { return {options_.topic, options_.source, options_.tags}; }

    /// A line that cannot be used: those before it are good and still go out.
    void give_up(Error error, std::uint64_t line) {
        send();
        if (summary_.failure) return;
        summary_.failure = std::move(error);
        summary_.failed_line = line;
    }

    void take(std::string line) {
        const auto now = static_cast<std::uint32_t>(unix_seconds(clock_.wall()));
        if (!options_.json) {
            Log log{now, std::nullopt, {}};
            log.contents.push_back({"content", std::move(line)});
            return add(log, default_key());
        }
        auto parsed = parse_log_line(line, now);
        if (!parsed) {
            const std::uint64_t number = input_.line_number();
            return give_up(std::move(parsed).error().while_doing("line " + std::to_string(number)),
                           number);
        }
        GroupKey key = default_key();
        if (parsed->topic) key.topic = *std::move(parsed->topic);
        if (parsed->source) key.source = *std::move(parsed->source);
        if (parsed->tags) key.tags = *std::move(parsed->tags);
        add(parsed->log, std::move(key));
    }

    void add(const Log& log, GroupKey key) {
        if (writer_.log_count() > 0 && (is_full_for(log) || key != key_)) send();
        if (summary_.failure) return;
        if (writer_.log_count() == 0) {
            key_ = std::move(key);
            first_line_ = input_.line_number();
        }
        writer_.begin_log(log.time, log.time_ns);
        for (const auto& content : log.contents) writer_.content(content.key, content.value);
        writer_.end_log();
    }

    bool is_full_for(const Log& log) const {
        constexpr std::size_t kFrameBytes = 16;  // of one content, at most
        std::size_t bytes = 0;
        for (const auto& content : log.contents) {
            bytes += content.key.size() + content.value.size() + kFrameBytes;
        }
        return writer_.log_count() >= options_.batch_logs_max ||
               writer_.size() + bytes > options_.batch_bytes_max;
    }

    void send() {
        const std::uint32_t logs = writer_.log_count();
        if (logs == 0) return;
        writer_.topic(key_.topic);
        writer_.source(key_.source);
        for (const auto& tag : key_.tags) writer_.tag(tag.key, tag.value);
        const std::string raw = writer_.take();
        if (auto stored = put(raw); !stored) {
            summary_.failure = std::move(stored).error();
            summary_.failed_line = first_line_;
            return;
        }
        summary_.logs += logs;
        ++summary_.groups;
        summary_.bytes += raw.size();
    }

    Status put(const std::string& raw) {
        auto body = wire::compress(options_.codec, raw);
        if (!body) return std::move(body).error();
        Batch batch;
        batch.body = *std::move(body);
        batch.codec = options_.codec;
        batch.raw_bytes = raw.size();
        auto receipt = sink_.put(options_.ref, batch);
        if (!receipt) return std::move(receipt).error();
        return {};
    }

    LogSink& sink_;
    LineInput& input_;
    const PutOptions& options_;
    const Clock& clock_;
    wire::LogGroupWriter writer_;
    GroupKey key_;                  // of the logs in writer_
    std::uint64_t first_line_ = 1;  // of the logs in writer_
    PutSummary summary_;
};

}  // namespace

PutSummary put_lines(LogSink& sink, LineInput& input, const PutOptions& options,
                     const Clock& clock) {
    return Putter(sink, input, options, clock).run();
}

}  // namespace spillway::daemon

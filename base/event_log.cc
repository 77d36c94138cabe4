#include "base/event_log.h"

#include "base/text.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway {

Result<LogLevel> parse_log_level(std::string_view text) {
    if (text == "debug") return LogLevel::Debug;
    if (text == "info") return LogLevel::Info;
    if (text == "warn") return LogLevel::Warn;
    if (text == "error") return LogLevel::Error;
    return make_error(ErrorCode::InvalidArgument,
                      fmt::format("\"{}\" is not a log level: use debug, info, warn or error",
                                  to_valid_utf8(text)));
}

Result<LogFormat> parse_log_format(std::string_view text) {
    if (text == "logfmt") return LogFormat::Logfmt;
    if (text == "json") return LogFormat::Json;
    return make_error(
        ErrorCode::InvalidArgument,
        fmt::format("\"{}\" is not a log format: use logfmt or json", to_valid_utf8(text)));
}

namespace {

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return "debug";
        case LogLevel::Info:
            return "info";
        case LogLevel::Warn:
            return "warn";
        case LogLevel::Error:
            return "error";
    }
    return "error";
}

/// A quoted text that is valid in JSON and in logfmt alike, always on one line.
void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : to_valid_utf8(text)) {
        if (c == '"' || c == '\\') {
            (out += '\\') += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '=' || c == '\\') return true;
    }
    return false;
}

void append_text(std::string& out, std::string_view text, LogFormat format) {
    if (format == LogFormat::Json || needs_quotes(text)) {
        append_quoted(out, text);
    } else {
        out += text;
    }
}

void append_number(std::string& out, double number, LogFormat format) {
    if (std::isfinite(number)) {
        fmt::format_to(std::back_inserter(out), "{}", number);
    } else {
        append_text(out, fmt::format("{}", number), format);  // JSON has no word for it
    }
}

void append_value(std::string& out, const LogField& field, LogFormat format) {
    std::visit(
        [&](const auto& value) {
            using Value = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Value, std::string>) {
                append_text(out, value, format);
            } else if constexpr (std::is_same_v<Value, double>) {
                append_number(out, value, format);
            } else {
                fmt::format_to(std::back_inserter(out), "{}", value);
            }
        },
        field.value);
}

void append_key(std::string& out, std::string_view key, LogFormat format) {
    if (format == LogFormat::Json) {
        out += out.size() == 1 ? "" : ",";
        append_quoted(out, key);
        out += ':';
    } else {
        if (!out.empty()) out += ' ';
        (out += key) += '=';
    }
}

/// `now`: nothing where the reader stamps the line itself.
std::string format_line(LogFormat format, std::optional<WallTime> now, LogLevel level,
                        std::string_view event, std::string_view sentence, LogFields fields) {
    std::string line = format == LogFormat::Json ? "{" : "";
    const auto add = [&](std::string_view key, std::string_view text) {
        append_key(line, key, format);
        append_text(line, text, format);
    };
    if (now) add("ts", rfc3339(*now));
    add("level", name_of(level));
    add("event", event);
    add("msg", sentence);
    for (const auto& field : fields) {
        append_key(line, field.key, format);
        append_value(line, field, format);
    }
    line += format == LogFormat::Json ? "}\n" : "\n";
    return line;
}

/// systemd says in JOURNAL_STREAM which device and inode its journal reads from.
bool is_journal(int descriptor) {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat found {};
    if (stream == nullptr || ::fstat(descriptor, &found) != 0) return false;
    return fmt::format("{}:{}", found.st_dev, found.st_ino) == stream;
}

/// The journal's priority, in front of the line. Source: sd-daemon(3)
std::string_view journal_priority(LogLevel level) {
    switch (level) {
        case LogLevel::Debug:
            return "<7>";
        case LogLevel::Info:
            return "<6>";
        case LogLevel::Warn:
            return "<4>";
        case LogLevel::Error:
            return "<3>";
    }
    return "<3>";
}

class DescriptorEventLog final : public EventLog {
  public:
    DescriptorEventLog(int descriptor, EventLogOptions options, const Clock& clock)
        : descriptor_(descriptor),
          options_(options),
          clock_(clock),
          journal_(is_journal(descriptor)) {}

    void write(LogLevel level, std::string_view event, std::string_view sentence,
               LogFields fields) override {
        if (level < options_.level) return;
        if (journal_) {
            put(std::string(journal_priority(level)) +
                format_line(options_.format, std::nullopt, level, event, sentence, fields));
        } else {
            put(format_line(options_.format, clock_.wall(), level, event, sentence, fields));
        }
    }

  private:
    /// A log that cannot be written must not stop the work: what the descriptor refuses is let go.
    void put(std::string_view line) {
        const std::lock_guard lock(mutex_);
        while (!line.empty()) {
            const ssize_t written = ::write(descriptor_, line.data(), line.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return;
            line.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    const int descriptor_;
    const EventLogOptions options_;
    const Clock& clock_;
    const bool journal_;
    std::mutex mutex_;  // keeps a line whole
};

class NullEventLog final : public EventLog {
  public:
    void write(LogLevel /*level*/, std::string_view /*event*/, std::string_view /*sentence*/,
               LogFields /*fields*/) override {}
};

}  // namespace

std::unique_ptr<EventLog> make_event_log(int descriptor, EventLogOptions options,
                                         const Clock& clock) {
    return std::make_unique<DescriptorEventLog>(descriptor, options, clock);
}

EventLog& null_event_log() {
    static NullEventLog log;
    return log;
}

}  // namespace spillway

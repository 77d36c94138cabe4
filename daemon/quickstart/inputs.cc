#include "daemon/quickstart/inputs.h"

#include "base/storage/durable_file.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {

constexpr std::uint64_t kOneLogBytesMax = 4 * 1024 * 1024;
constexpr std::uint64_t kAllLogsBytesMin = 100 * 1024;
constexpr std::size_t kLogsMax = 6;
constexpr int kSampleLines = 1'500;

bool looks_like_a_log(const std::filesystem::path& path) {
    const std::string name = path.filename().string();
    return name.ends_with(".log") || name == "syslog" || name == "messages";
}

}  // namespace

std::vector<LogCandidate> find_logs(const std::vector<std::string>& folders) {
    std::vector<LogCandidate> found;
    for (const std::string& folder : folders) {
        std::error_code error;
        for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
             it.increment(error)) {
            std::error_code about;
            if (!it->is_regular_file(about) || !looks_like_a_log(it->path())) continue;
            const std::string path = it->path().string();
            const std::uint64_t bytes = it->file_size(about);
            if (!about && access(path.c_str(), R_OK) == 0) found.push_back({path, bytes});
        }
    }
    return found;
}

std::vector<std::string> choose_logs(std::vector<LogCandidate> candidates) {
    std::erase_if(candidates, [](const LogCandidate& log) {
        return log.bytes == 0 || log.bytes > kOneLogBytesMax;
    });
    std::sort(candidates.begin(), candidates.end(), [](const auto& left, const auto& right) {
        return left.bytes != right.bytes ? left.bytes > right.bytes : left.path < right.path;
    });
    if (candidates.size() > kLogsMax) candidates.resize(kLogsMax);
    std::uint64_t bytes = 0;
    std::vector<std::string> paths;
    for (const LogCandidate& log : candidates) {
        bytes += log.bytes;
        paths.push_back(log.path);
    }
    return bytes < kAllLogsBytesMin ? std::vector<std::string>{} : paths;
}

std::string sample_log(int which) {
    static constexpr std::array kPaths{"/", "/cart", "/api/orders", "/api/支付", "/health"};
    static constexpr std::array kLevels{"INFO", "INFO", "DEBUG", "WARN", "INFO", "ERROR"};
    const char* line_end = which == 1 ? "\r\n" : "\n";
    std::string text;
    for (int i = 0; i < kSampleLines; ++i) {
        const auto n = static_cast<std::size_t>(i * 7 + which);
        text += fmt::format("2026-03-01T08:{:02}:{:02}Z {} web-{} GET {}\t{} {} ms", i / 60 % 60,
                            i % 60, kLevels[n % kLevels.size()], which + 1,
                            kPaths[n % kPaths.size()], n % 17 == 0 ? 500 : 200, n % 900);
        if (i % 211 == 0) text += " body=" + std::string(3'000, 'x');
        if (i % 307 == 0) text += " raw=\xff\xfe";
        if (i + 1 < kSampleLines) text += line_end;
        if (i % 401 == 0) text += line_end;  // an empty line
    }
    return text;
}

Result<std::vector<std::string>> write_samples(const std::string& folder) {
    if (auto made = make_directories(folder); !made) return std::move(made).error();
    std::vector<std::string> paths;
    for (const char* name : {"shop.log", "orders.log", "payment.log"}) {
        const std::string path = folder + "/" + name;
        auto written = write_file_durably(path, sample_log(static_cast<int>(paths.size())));
        if (!written) return std::move(written).error();
        paths.push_back(path);
    }
    return paths;
}

}  // namespace spillway::daemon::quickstart

#include "daemon/quickstart/feeder.h"

#include "base/storage/durable_file.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace spillway::daemon::quickstart {
namespace {

constexpr std::chrono::milliseconds kStep{25};
/// Read ahead of the pace: what an input overwrites in place later is already ours.
constexpr std::size_t kPendingBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kPieceBytesMax = 64 * 1024;

}  // namespace

struct Feeder::Channel {
    FeedPlan::Input input;
    SourceFollower source;
    WatchedFile watched;
    FeedPace pace;
};

Feeder::Feeder(const FeedPlan& plan, const Clock& clock)
    : plan_(plan), clock_(clock), feed_clock_(plan.period, plan.hold_at) {}

Feeder::~Feeder() {
    stop();
}

Result<std::unique_ptr<Feeder>> Feeder::open(const FeedPlan& plan, const Clock& clock) {
    std::unique_ptr<Feeder> feeder(new Feeder(plan, clock));
    for (const FeedPlan::Input& input : plan.inputs) {
        auto source = SourceFollower::open(input.source);
        if (!source) return std::move(source).error();
        auto watched = WatchedFile::create(input.watched);
        if (!watched) return std::move(watched).error();
        feeder->channels_.push_back(
            std::make_unique<Channel>(Channel{input, std::move(*source), std::move(*watched), {}}));
    }
    return feeder;
}

void Feeder::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Feeder::release() {
    const std::lock_guard lock(mutex_);
    feed_clock_.release();
}

void Feeder::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void Feeder::run(const std::stop_token& stop) {
    MonoTime last = clock_.mono();
    while (!stop.stop_requested()) {
        const MonoTime now = clock_.mono();
        const auto step = std::chrono::duration_cast<std::chrono::milliseconds>(now - last);
        last += step;
        auto pumped = pump(step);
        std::unique_lock lock(mutex_);
        if (!pumped) failure_ = pumped.error();
        if (done_ || failure_) return;
        stopped_.wait_for(lock, stop, kStep, [] { return false; });
    }
}

Status Feeder::pump(std::chrono::milliseconds step) {
    const std::lock_guard lock(mutex_);
    const auto before = feed_clock_.left();
    elapsed_ += step;
    feed_clock_.advance(step);
    const auto fed_step = before - feed_clock_.left();
    for (auto& channel : channels_) {
        if (auto pumped = pump_channel(*channel, fed_step); !pumped) return pumped;
    }
    if (auto rotated = rotate_if_due(); !rotated) return rotated;
    if (!feed_clock_.over() || done_) return {};
    for (auto& channel : channels_) {
        if (auto drained = drain(*channel); !drained) return drained;
    }
    done_ = true;
    return {};
}

Status Feeder::pump_channel(Channel& channel, std::chrono::milliseconds step) {
    if (auto polled = channel.source.poll(kPendingBytesMax); !polled) return polled;
    channel.pace.earn(channel.source.backlog(), step, feed_clock_.left());
    const std::string_view pending = channel.source.pending();
    const std::size_t bytes = channel.pace.take(pending, kPieceBytesMax, false);
    if (bytes == 0) return {};
    auto written = channel.watched.append(pending.substr(0, bytes), elapsed_);
    channel.source.take(bytes);
    return written;
}

// In the middle of a line an application does not rotate either: wait for its end.
Status Feeder::rotate_if_due() {
    if (rotated_ || channels_.empty() || feed_clock_.fraction() < plan_.rotate_at) return {};
    const auto largest = std::max_element(
        channels_.begin(), channels_.end(), [](const auto& left, const auto& right) {
            return left->watched.files().back().bytes < right->watched.files().back().bytes;
        });
    WatchedFile& watched = (*largest)->watched;
    if (watched.files().back().bytes == 0 || !watched.at_line_start()) return {};
    rotated_ = true;
    return watched.rotate();
}

Status Feeder::drain(Channel& channel) {
    do {
        if (auto polled = channel.source.poll(kPendingBytesMax); !polled) return polled;
        const std::string_view pending = channel.source.pending();
        if (pending.empty()) continue;
        auto written = channel.watched.append(pending, elapsed_);
        channel.source.take(pending.size());
        if (!written) return written;
    } while (!channel.source.at_end());
    return {};
}

FeedProgress Feeder::progress() const {
    const std::lock_guard lock(mutex_);
    FeedProgress progress;
    progress.fraction = feed_clock_.fraction();
    progress.done = done_;
    for (const auto& channel : channels_) {
        progress.backlog_bytes += channel->source.backlog();
        for (const ProducedFile& file : channel->watched.files()) {
            progress.lines += file.lines;
            progress.bytes += file.bytes;
        }
    }
    return progress;
}

std::optional<Error> Feeder::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

std::vector<std::pair<int, ProducedFile>> Feeder::produced() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<int, ProducedFile>> result;
    for (const auto& channel : channels_) {
        for (const ProducedFile& file : channel->watched.files()) {
            result.emplace_back(channel->input.agent, file);
        }
    }
    return result;
}

Result<std::vector<FedInput>> Feeder::account() const {
    const std::lock_guard lock(mutex_);
    std::vector<FedInput> result;
    for (const auto& channel : channels_) {
        std::string fed;
        for (const ProducedFile& file : channel->watched.files()) {
            auto bytes = read_file(file.path);
            if (!bytes) return std::move(bytes).error();
            fed += *bytes;
        }
        auto comparison = channel->source.compare(fed);
        if (!comparison) return std::move(comparison).error();
        result.push_back({channel->input.source, channel->input.agent, channel->watched.files(),
                          *comparison, channel->source.generations()});
    }
    return result;
}

}  // namespace spillway::daemon::quickstart

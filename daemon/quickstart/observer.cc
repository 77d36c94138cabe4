#include "daemon/quickstart/observer.h"

namespace spillway::daemon::quickstart {

// A record covers its newline too, so that neighbouring lines join into one range.
void LiveCount::add(const StoredRecord& record) {
    const std::uint64_t begin = record.arrival.offset;
    const std::uint64_t end = begin + record.arrival.content.size() + 1;
    if (all_[record.file].add(begin, end) > 0) ++lines_;
    if (record.arrival.delivery == Delivery::Direct && direct_[record.file].add(begin, end) > 0) {
        ++direct_lines_;
    }
}

bool LiveCount::covers(const FileId& file, std::uint64_t bytes) const {
    if (bytes == 0) return true;
    const auto found = all_.find(file);
    return found != all_.end() && found->second.contains(0, bytes);
}

Observer::Observer(const Layout& layout, RegionApi& source, RegionApi& target, AskDaemon ask_daemon,
                   std::chrono::milliseconds interval)
    : layout_(layout),
      ask_daemon_(std::move(ask_daemon)),
      interval_(interval),
      source_reader_(source, layout.source.logstore),
      target_reader_(target, layout.target.logstore),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Observer::~Observer() {
    thread_.request_stop();
    thread_.join();
}

Observation Observer::last() const {
    const std::lock_guard lock(mutex_);
    return last_;
}

bool Observer::target_covers(const std::vector<std::pair<FileId, std::uint64_t>>& files) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [file, bytes] : files) {
        if (!target_count_.covers(file, bytes)) return false;
    }
    return true;
}

void Observer::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        look();
        std::unique_lock lock(mutex_);
        stopped_.wait_for(lock, stop, interval_, [] { return false; });
    }
}

void Observer::look() {
    const auto count_into = [this](LiveCount& count) {
        return [this, &count](const StoredRecord& record) {
            const std::lock_guard lock(mutex_);
            count.add(record);
        };
    };
    auto status = ask_daemon_();
    const auto source = source_reader_.poll(count_into(source_count_));
    // A region that is down or just restarted is part of the story: the next look goes on from
    // there.
    const auto target = target_reader_.poll(count_into(target_count_));
    const std::lock_guard lock(mutex_);
    last_.daemon_answers = status.has_value();
    if (status) last_.daemon = read_status(*status, layout_.source.name, layout_.target.name);
    last_.source_answers = source.has_value();
    last_.lines_in_source = source_count_.lines();
    last_.lines_in_target = target_count_.lines();
    last_.direct_lines_in_target = target_count_.direct_lines();
}

}  // namespace spillway::daemon::quickstart

#include "logstore/agent/alarm_book.h"

namespace spillway::agent {
namespace {

// Often enough to be seen, rare enough not to fill the log while a region is down for hours.
constexpr auto kLogAgainAfter = std::chrono::minutes(10);
// A machine with very many odd files must not make the book grow without bound.
constexpr std::size_t kAlarmsMax = 1000;

}  // namespace

void AlarmBook::raise(std::string_view kind, std::string_view subject, std::string_view sentence,
                      std::uint64_t amount) {
    const std::lock_guard lock(mutex_);
    const std::pair<std::string, std::string> key(kind, subject);
    if (alarms_.size() >= kAlarmsMax && !alarms_.contains(key)) alarms_.erase(alarms_.begin());
    Alarm& alarm = alarms_[key];
    if (alarm.count == 0) alarm.first = clock_.wall();
    alarm.kind = kind;
    alarm.subject = subject;
    alarm.sentence = sentence;
    alarm.last = clock_.wall();
    alarm.amount += amount;
    ++alarm.count;
    const MonoTime now = clock_.mono();
    const auto logged = logged_.find(key);
    if (logged != logged_.end() && now - logged->second < kLogAgainAfter) return;
    if (logged_.size() > kAlarmsMax) logged_.clear();
    logged_[key] = now;
    log_.warn(
        "agent.alarm", sentence,
        {{"alarm", kind}, {"subject", subject}, {"count", alarm.count}, {"amount", alarm.amount}});
}

std::vector<Alarm> AlarmBook::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Alarm> alarms;
    for (const auto& [key, alarm] : alarms_) alarms.push_back(alarm);
    return alarms;
}

std::uint64_t AlarmBook::count(std::string_view kind) const {
    std::uint64_t total = 0;
    for (const Alarm& alarm : all()) total += alarm.kind == kind ? alarm.count : 0;
    return total;
}

std::uint64_t AlarmBook::amount(std::string_view kind) const {
    std::uint64_t total = 0;
    for (const Alarm& alarm : all()) total += alarm.kind == kind ? alarm.amount : 0;
    return total;
}

}  // namespace spillway::agent

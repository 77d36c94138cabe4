#include "logstore/server/faults.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/server/routes.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace spillway::server {

namespace {

constexpr std::array kNames = {
    std::pair{FaultKind::Refuse, "refuse"},        std::pair{FaultKind::Delay, "delay"},
    std::pair{FaultKind::Freeze, "freeze"},        std::pair{FaultKind::Throttle, "throttle"},
    std::pair{FaultKind::Error, "error"},          std::pair{FaultKind::DropReply, "drop-reply"},
    std::pair{FaultKind::ReadOnly, "read-only"},   std::pair{FaultKind::DiskFull, "disk-full"},
    std::pair{FaultKind::ClockSkew, "clock-skew"},
};

Error wrong(std::string message) {
    return make_error(ErrorCode::InvalidArgument, "fault: " + std::move(message));
}

constexpr std::int64_t kDelayMsMax = 10LL * 60 * 1000;
constexpr std::int64_t kSkewSecondsMax = 10LL * 366 * 86'400;  // ten years

/// As the operation is spelt, or what it may have meant.
Result<std::string> operation_named(const std::string& name) {
    if (name == "*") return name;
    const auto all = operation_names();
    for (const auto& known : all) {
        if (equals_ignoring_case(known, name)) return known;
    }
    const auto meant = nearest(name, all);
    return wrong(fmt::format("op \"{}\" is no operation; {}", to_valid_utf8(name),
                             meant ? fmt::format("did you mean {}?", *meant)
                                   : fmt::format("they are: {}", fmt::join(all, ", "))));
}

/// A whole number of one member, 0 where it is absent.
Result<std::int64_t> whole_number(const json::object& object, std::string_view name,
                                  std::int64_t least, std::int64_t most) {
    if (object.if_contains(name) == nullptr) return 0;
    const auto number = find_int(object, name);
    if (number && *number >= least && *number <= most) return *number;
    return wrong(fmt::format("{} must be a whole number, {} to {}", name, least, most));
}

Result<std::string> service_code_of(const json::object& object) {
    auto code = find_string(object, "code").value_or("");
    const bool is_name = std::all_of(code.begin(), code.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
    });
    if (is_name) return code;
    return wrong("code must be letters and dots, such as ServerBusy");
}

/// What each kind cannot do without.
Status check_parts(const Fault& fault) {
    if (fault.kind == FaultKind::Delay && fault.delay.count() <= 0) {
        return wrong("delay needs delay_ms above 0");
    }
    if (fault.kind == FaultKind::Error && fault.service_code.empty()) {
        return wrong("error needs a code, such as ServerBusy");
    }
    if (fault.kind == FaultKind::ClockSkew && fault.skew.count() == 0) {
        return wrong("clock-skew needs skew_s other than 0");
    }
    if (fault.kind == FaultKind::ClockSkew && (fault.operation != "*" || fault.rate < 1)) {
        return wrong("clock-skew is the whole server's: it takes no op and no rate");
    }
    if (fault.kind == FaultKind::DiskFull && fault.operation != "*" &&
        fault.operation != "PutLogs") {
        return wrong("disk-full strikes PutLogs alone, not " + fault.operation);
    }
    return {};
}

Result<Fault> parse_fault(const json::object& object) {
    const auto kind = find_string(object, "kind").value_or("");
    const auto known = std::find_if(kNames.begin(), kNames.end(),
                                    [&](const auto& name) { return name.second == kind; });
    if (known == kNames.end()) {
        return wrong("kind \"" + kind +
                     "\" is none of refuse, delay, freeze, throttle, error, drop-reply, "
                     "read-only, disk-full, clock-skew");
    }
    Fault fault;
    fault.kind = known->first;
    auto operation = operation_named(find_string(object, "op").value_or("*"));
    if (!operation) return std::move(operation).error();
    fault.operation = *std::move(operation);
    if (const auto* rate = object.if_contains("rate")) {
        if (!rate->is_number()) return wrong("rate is not a number");
        fault.rate = rate->to_number<double>();
    }
    if (!(fault.rate >= 0 && fault.rate <= 1)) return wrong("rate must be 0 to 1");
    auto delay = whole_number(object, "delay_ms", 0, kDelayMsMax);
    if (!delay) return std::move(delay).error();
    fault.delay = std::chrono::milliseconds(*delay);
    auto skew = whole_number(object, "skew_s", -kSkewSecondsMax, kSkewSecondsMax);
    if (!skew) return std::move(skew).error();
    fault.skew = std::chrono::seconds(*skew);
    auto code = service_code_of(object);
    if (!code) return std::move(code).error();
    fault.service_code = *std::move(code);
    if (auto fits = check_parts(fault); !fits) return std::move(fits).error();
    return fault;
}

bool concerns(const Fault& fault, std::string_view operation, bool is_write) {
    if (fault.kind == FaultKind::ClockSkew) return false;  // strikes the clock, not requests
    if (fault.kind == FaultKind::ReadOnly && !is_write) return false;
    if (fault.kind == FaultKind::DiskFull && operation != "PutLogs") return false;
    return fault.operation == "*" || equals_ignoring_case(fault.operation, operation);
}

}  // namespace

std::string_view name_of(FaultKind kind) {
    for (const auto& [known, name] : kNames) {
        if (known == kind) return name;
    }
    return "unknown";
}

json::object faults_json(const std::vector<Fault>& faults) {
    json::array list;
    for (const auto& fault : faults) {
        json::object one{
            {"kind", name_of(fault.kind)}, {"op", fault.operation}, {"rate", fault.rate}};
        if (fault.delay.count() != 0) one["delay_ms"] = fault.delay.count();
        if (!fault.service_code.empty()) one["code"] = fault.service_code;
        if (fault.skew.count() != 0) one["skew_s"] = fault.skew.count();
        list.push_back(std::move(one));
    }
    return {{"faults", std::move(list)}};
}

Result<std::vector<Fault>> parse_faults(const json::object& object) {
    const auto* list = find_array(object, "faults");
    if (list == nullptr) return wrong("the member faults is to be a list");
    std::vector<Fault> faults;
    for (const auto& item : *list) {
        if (!item.is_object()) return wrong("the list holds something that is no object");
        auto fault = parse_fault(item.as_object());
        if (!fault) return std::move(fault).error();
        faults.push_back(*std::move(fault));
    }
    return faults;
}

std::optional<Fault> strike(const std::vector<Fault>& faults, std::string_view operation,
                            bool is_write, const std::function<double()>& draw) {
    for (const auto& fault : faults) {
        if (!concerns(fault, operation, is_write)) continue;
        if (fault.rate >= 1.0 || draw() < fault.rate) return fault;
    }
    return std::nullopt;
}

std::vector<Fault> FaultSwitches::all() const {
    const std::lock_guard lock(mutex_);
    return faults_;
}

void FaultSwitches::set(std::vector<Fault> faults) {
    const std::lock_guard lock(mutex_);
    faults_ = std::move(faults);
}

std::optional<Fault> FaultSwitches::strike(std::string_view operation, bool is_write) {
    const std::lock_guard lock(mutex_);
    if (faults_.empty()) return std::nullopt;
    return server::strike(faults_, operation, is_write, [&] {
        const auto bits = hash64("fault", ++draws_) >> 11;
        return static_cast<double>(bits) / static_cast<double>(std::uint64_t{1} << 53);
    });
}

std::chrono::seconds FaultSwitches::skew() const {
    const std::lock_guard lock(mutex_);
    for (const auto& fault : faults_) {
        if (fault.kind == FaultKind::ClockSkew) return fault.skew;
    }
    return std::chrono::seconds(0);
}

LateWork::LateWork() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

LateWork::~LateWork() {
    thread_.request_stop();
    changed_.notify_all();
    thread_.join();
}

void LateWork::after(std::chrono::milliseconds delay, std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    due_.emplace(std::chrono::steady_clock::now() + delay, std::move(work));
    changed_.notify_all();
}

void LateWork::freeze(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    frozen_.push_back(std::move(work));
}

void LateWork::thaw() {
    const std::lock_guard lock(mutex_);
    for (auto& work : frozen_) due_.emplace(MonoTime::min(), std::move(work));
    frozen_.clear();
    changed_.notify_all();
}

void LateWork::close() {
    // Dropped work answers its requests as it goes, so it goes outside the lock.
    std::multimap<MonoTime, std::function<void()>> due;
    std::vector<std::function<void()>> frozen;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        due.swap(due_);
        frozen.swap(frozen_);
    }
}

void LateWork::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (due_.empty()) {
            changed_.wait(lock, stop, [&] { return !due_.empty(); });
            continue;
        }
        const auto first = due_.begin()->first;
        if (first > std::chrono::steady_clock::now()) {
            changed_.wait_until(lock, stop, first,
                                [&] { return due_.empty() || due_.begin()->first < first; });
            continue;
        }
        auto work = std::move(due_.begin()->second);
        due_.erase(due_.begin());
        lock.unlock();
        work();
        lock.lock();
    }
}

}  // namespace spillway::server

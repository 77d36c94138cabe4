#include "daemon/verify_jobs.h"

#include <utility>

namespace spillway::daemon {

VerifyJobs::~VerifyJobs() {
    std::map<std::string, Slot> slots;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [name, slot] : slots_) slot.thread.request_stop();
        for (auto& [name, slot] : slots_) slots[name].thread = std::move(slot.thread);
    }
}

Status VerifyJobs::start(const std::string& name, const replicator::Link& link,
                         const VerifyRange& range) {
    const std::lock_guard lock(mutex_);
    Slot& slot = slots_[name];
    const bool runs = slot.thread.joinable() && !slot.job.outcome;
    if (runs) {
        return make_error(ErrorCode::Conflict, "link " + name + " is being verified since " +
                                                   rfc3339(slot.job.started_at) +
                                                   "; wait for it, or cancel it");
    }
    slot.job = {range, clock_.wall(), std::nullopt, std::nullopt};
    slot.thread = std::jthread([this, name, &link, range](std::stop_token stop) {
        finish(name, link.verify(range.from_unix_s, range.to_unix_s, std::move(stop)));
    });
    return {};
}

void VerifyJobs::finish(const std::string& name, Result<replicator::VerifyReport> outcome) {
    const std::lock_guard lock(mutex_);
    VerifyJob& job = slots_[name].job;
    job.ended_at = clock_.wall();
    job.outcome = std::move(outcome);
}

Result<VerifyJob> VerifyJobs::find(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto slot = slots_.find(name);
    if (slot == slots_.end()) {
        return make_error(ErrorCode::NotFound, "link " + name + " was not verified yet");
    }
    return slot->second.job;
}

Status VerifyJobs::cancel(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto slot = slots_.find(name);
    if (slot == slots_.end() || slot->second.job.outcome) {
        return make_error(ErrorCode::NotFound, "link " + name + " is not being verified");
    }
    slot->second.thread.request_stop();
    return {};
}

}  // namespace spillway::daemon

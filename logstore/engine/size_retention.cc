#include "logstore/engine/size_retention.h"

#include <cstddef>

namespace spillway::engine {

namespace {

class Plan {
  public:
    explicit Plan(std::vector<LogSize> logs)
        : logs_(std::move(logs)), given_up_(logs_.size(), 0), up_to_(logs_.size()) {
        for (const auto& log : logs_) region_bytes_ += log.bytes;
    }

    void bring_each_down_to(std::uint64_t bytes) {
        for (std::size_t i = 0; i < logs_.size(); ++i) {
            while (logs_[i].bytes > bytes && oldest(i)) give_up(i);
        }
    }

    void bring_all_down_to(std::uint64_t bytes) {
        while (region_bytes_ > bytes) {
            std::optional<std::size_t> chosen;
            for (std::size_t i = 0; i < logs_.size(); ++i) {
                const auto* here = oldest(i);
                if (here && (!chosen || here->last_receive_ns < oldest(*chosen)->last_receive_ns)) {
                    chosen = i;
                }
            }
            if (!chosen) return;
            give_up(*chosen);
        }
    }

    std::vector<std::optional<std::uint64_t>> take() { return std::move(up_to_); }

  private:
    const SealedSegment* oldest(std::size_t i) const {
        return given_up_[i] < logs_[i].sealed.size() ? &logs_[i].sealed[given_up_[i]] : nullptr;
    }

    void give_up(std::size_t i) {
        const auto& segment = logs_[i].sealed[given_up_[i]++];
        logs_[i].bytes -= segment.bytes;
        region_bytes_ -= segment.bytes;
        up_to_[i] = segment.number;
    }

    std::vector<LogSize> logs_;
    std::vector<std::size_t> given_up_;  ///< by log: how many segments, from the oldest
    std::vector<std::optional<std::uint64_t>> up_to_;
    std::uint64_t region_bytes_ = 0;
};

}  // namespace

std::vector<std::optional<std::uint64_t>> plan_size_retention(std::vector<LogSize> logs,
                                                              const SizeLimits& limits) {
    Plan plan(std::move(logs));
    if (limits.logstore_bytes > 0) plan.bring_each_down_to(limits.logstore_bytes);
    if (limits.region_bytes > 0) plan.bring_all_down_to(limits.region_bytes);
    return plan.take();
}

}  // namespace spillway::engine

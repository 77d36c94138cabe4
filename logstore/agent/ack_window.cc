#include "logstore/agent/ack_window.h"

namespace spillway::agent {

std::uint64_t AckWindow::begin(std::uint64_t end) {
    ranges_.push_back({next_ticket_, end, false});
    return next_ticket_++;
}

void AckWindow::finish(std::uint64_t ticket) {
    for (Range& range : ranges_) {
        if (range.ticket == ticket) range.done = true;
    }
    while (!ranges_.empty() && ranges_.front().done) {
        acknowledged_ = ranges_.front().end;
        ranges_.pop_front();
    }
}

void AckWindow::restart(std::uint64_t offset) {
    ranges_.clear();
    acknowledged_ = offset;
}

}  // namespace spillway::agent

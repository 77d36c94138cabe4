#include "transform/runtime.h"

#include "transform/regex.h"

#include <algorithm>

namespace spillway::transform {

RunState::RunState() : regex_runner(std::make_unique<RegexRunner>()) {}
RunState::~RunState() = default;

Code::Code() = default;
Code::~Code() = default;

std::unique_ptr<Event> Frame::borrow_event() {
    if (state.spare_events.empty()) return std::make_unique<Event>();
    auto event_taken = std::move(state.spare_events.back());
    state.spare_events.pop_back();
    return event_taken;
}

void Frame::give_back(std::unique_ptr<Event> event_taken) {
    state.spare_events.push_back(std::move(event_taken));
}

Flow Sequence::resume(Frame& frame, Event& event, std::size_t place, const Rest* rest) const {
    for (std::size_t i = place; i < parts_.size(); ++i) {
        const Rest after{this, i + 1, rest};
        if (parts_[i]->run(frame, event, &after) == Flow::Ended) return Flow::Ended;
        if (frame.has_failed) return Flow::Ended;
    }
    return Flow::Go;
}

void run_rest(Frame& frame, Event& part, const Rest* rest) {
    if (++frame.parts > kPartsMax) {
        frame.fail("the event fans out into too many parts");
        return;
    }
    Event* const outer = frame.event;
    frame.event = &part;
    const std::size_t mark = frame.sink.mark();
    Flow flow = Flow::Go;
    for (const Rest* next = rest; next != nullptr && flow == Flow::Go; next = next->parent) {
        flow = next->op->resume(frame, part, next->place, next->parent);
    }
    if (frame.arena().used() > kEventMemoryMax) frame.fail("the event needs too much memory");
    if (frame.has_failed) {
        frame.sink.roll_back(std::max(mark, frame.sent));
        frame.sink.part_failed(frame.failure);
        frame.has_failed = frame.parts > kPartsMax;  // beyond the limit the whole log fails
    } else if (flow == Flow::Go) {
        frame.sink.emit(part, {});
    }
    frame.event = outer;
}

}  // namespace spillway::transform

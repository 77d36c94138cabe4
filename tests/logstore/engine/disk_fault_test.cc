// Everything that can go wrong with the disk, at every single call the log makes: a call that
// fails, and a machine that stops. After each: what was acknowledged is there once and in order,
// what was refused is there whole or not at all, and the fence says the same as the records.
#include "log_fixture.h"

#include <algorithm>
#include <cerrno>
#include <random>

namespace spillway::engine {
namespace {

using Texts = std::vector<std::string>;

/// A script of puts of three writers, with segments that fill up and retention, and what must hold
/// whatever happened to it.
class DiskFaults : public LogFixture {
  protected:
    static constexpr std::uint64_t kPuts = 24;

    void start_anew() {
        log_.reset();
        cache_.reset();
        files_ = std::make_unique<MemoryFileSystem>();
        start_ = {};
        start_with_shards(1);
        settings_.segment_bytes = 700;  // three or four records
        acknowledged_.clear();
        refused_.clear();
        outcomes_.clear();
        ASSERT_TRUE(open());
    }

    static HashKey key_of(std::uint64_t number) { return HashKey{number % 3}; }
    static std::uint64_t sequence_of(std::uint64_t number) { return number / 3 + 1; }
    static std::string text(std::uint64_t number) {
        return "text " + std::to_string(number) + std::string(number * 37 % 90, 'x');
    }

    /// What a put holds: every fourth has several groups.
    static Texts groups(std::uint64_t number) {
        Texts all{text(number)};
        if (number % 4 == 2) all.insert(all.end(), {all[0] + ", more", all[0] + ", the last"});
        return all;
    }
    Status put_number(std::uint64_t number) {
        return put_groups(groups(number), key_of(number), sequence_of(number));
    }

    void run_script() {
        for (std::uint64_t number = 0; number < kPuts; ++number) {
            put_one(number);
            clock_.advance(std::chrono::seconds(10));
            if (number == kPuts / 2) expire();
        }
    }

    void put_one(std::uint64_t number) {
        auto& kept = put_number(number) ? acknowledged_ : refused_;
        kept.push_back(number);
    }

    /// As the engine does it: the catalog first (it is another file), then the segments.
    void expire() {
        const auto before = clock_.wall() - std::chrono::seconds(70);
        (void)log_->drop_before(before.time_since_epoch().count(), [&](const Trim& trim) -> Status {
            for (const auto& [shard, to] : trim.trimmed_to) start_.trimmed_to[shard] = to;
            for (const auto& [key, sequence] : trim.fences) {
                start_.fences[key] = std::max(start_.fences[key], sequence);
            }
            return {};
        });
    }

    /// What of the acknowledged is not given up by retention must be there, and nothing else but
    /// what was refused; each once.
    void expect_kept() {
        auto found = texts();
        for (const auto& each : found) {
            ASSERT_EQ(std::count(found.begin(), found.end(), each), 1) << each;
        }
        for (const auto number : refused_) {
            const auto parts = groups(number);
            const auto erased = std::erase_if(found, [&](const auto& each) {
                return std::count(parts.begin(), parts.end(), each) > 0;
            });
            ASSERT_TRUE(erased == 0 || erased == parts.size()) << "half of put " << number;
        }
        Texts wanted;
        for (const auto number : acknowledged_) {
            const auto parts = groups(number);
            wanted.insert(wanted.end(), parts.begin(), parts.end());
        }
        // Only retention takes records, and it takes them from the front.
        const auto gone = std::ssize(wanted) - std::ssize(found);
        ASSERT_GE(gone, 0);
        ASSERT_LE(gone, given_up_max());
        wanted.erase(wanted.begin(), wanted.begin() + gone);
        ASSERT_EQ(found, wanted);
    }

    std::ptrdiff_t given_up_max() const {
        const auto to = start_.trimmed_to.find(kShard);
        return to == start_.trimmed_to.end() ? 0
                                             : static_cast<std::ptrdiff_t>(to->second - 1'000'000);
    }

    /// A writer who sends again learns the truth: "sent before" where it is stored, else it is
    /// taken.
    void expect_fence_agrees() {
        for (const auto number : acknowledged_) {
            const auto again = put_number(number);
            ASSERT_FALSE(again) << number;
            ASSERT_EQ(again.error().service_code, "InvalidSequenceId") << number;
        }
        const auto found = texts();
        for (const auto number : refused_) {
            const auto passed = [&](std::uint64_t other) {
                return key_of(other) == key_of(number) && other > number;
            };
            const bool later_stored =
                std::any_of(acknowledged_.begin(), acknowledged_.end(), passed) ||
                std::any_of(refused_.begin(), refused_.end(), [&](std::uint64_t other) {
                    return passed(other) && std::count(found.begin(), found.end(), text(other)) > 0;
                });
            if (later_stored) continue;
            const bool is_there = std::count(found.begin(), found.end(), text(number)) > 0;
            const auto again = put_number(number);
            ASSERT_EQ(!again, is_there) << number << ", " << (again ? "" : again.error().message);
        }
        store("fresh", HashKey{99}, 1);
    }

    /// Starts, looks, and does so again after the machine stopped without a further sync.
    void expect_all_good() {
        reopen();
        expect_kept();
        const auto before = texts();
        crash_and_reopen();
        expect_kept();
        // What a start has served is on the disk: a fence that knows it must not outlive it.
        ASSERT_EQ(texts(), before);
        expect_fence_agrees();
        crash_and_reopen();
        ASSERT_EQ(events_.count("store.damaged_range"), 0);
        ASSERT_EQ(events_.count("store.damaged_record"), 0);
    }

    std::vector<std::uint64_t> acknowledged_;
    std::vector<std::uint64_t> refused_;
};

TEST_F(DiskFaults, EveryCallMayFailOnce) {
    start_anew();
    const int calls_before = files_->calls();
    run_script();
    ASSERT_TRUE(refused_.empty());
    const int calls = files_->calls() - calls_before;
    ASSERT_GT(calls, 60);
    for (const int errno_value : {EIO, ENOSPC}) {
        for (int call = 0; call < calls; ++call) {
            SCOPED_TRACE(::testing::Message() << "call " << call << ", errno " << errno_value);
            start_anew();
            files_->fail_call(call, errno_value, false);
            run_script();
            files_->fail_no_call();
            expect_kept();
            expect_all_good();
            if (HasFatalFailure()) return;
        }
    }
}

TEST_F(DiskFaults, TheMachineMayStopAtEveryCall) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto coin = [&] { return random() % 2 == 0; };
    start_anew();
    const int calls_before = files_->calls();
    run_script();
    const int calls = files_->calls() - calls_before;
    for (int call = 0; call <= calls; ++call) {
        for (int time = 0; time < 3; ++time) {
            SCOPED_TRACE(::testing::Message() << "call " << call << ", time " << time);
            start_anew();
            files_->fail_call(call, EIO, true);
            run_script();
            files_->crash(time == 0 ? MemoryFileSystem::Survives{} : sectors_survive(random),
                          time == 0 ? std::function<bool()>{} : coin);
            expect_all_good();
            if (HasFatalFailure()) return;
        }
    }
}

TEST_F(DiskFaults, AStartMayBeCutShortAtEveryCall) {
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto coin = [&] { return random() % 2 == 0; };
    for (int call = 0; call < 12; ++call) {
        SCOPED_TRACE(call);
        start_anew();
        run_script();
        files_->fail_next_sync();
        put_one(kPuts);
        files_->crash([](const auto& writes) { return writes; });
        for (const auto& index : files_->all(".idx")) (void)files_->remove(index);
        log_.reset();
        files_->fail_call(call, EIO, true);
        (void)open();
        files_->crash(sectors_survive(random), coin);
        expect_all_good();
        if (HasFatalFailure()) return;
    }
}

TEST_F(DiskFaults, ASyncThatFailedIsNotBelievedByTheNextStart) {
    start_anew();
    put_one(0);
    files_->fail_call(1, EIO, true);  // the write goes through; neither the sync nor the cut does
    put_one(1);
    ASSERT_EQ(refused_, std::vector<std::uint64_t>{1});
    files_->fail_no_call();
    reopen();  // the process starts again; the system still shows what the disk does not hold
    const auto seen = texts();
    crash_and_reopen();
    EXPECT_EQ(texts(), seen);
    expect_fence_agrees();
}

TEST_F(DiskFaults, AReadThatFailsIsAnErrorAndNoGap) {
    start_anew();
    run_script();
    const auto before = texts();
    files_->fail_reads(true);
    const auto bounds = log_->positions(kShard);
    auto range = log_->read(kShard, bounds->first, {});
    ASSERT_FALSE(range);
    EXPECT_EQ(range.error().code, ErrorCode::Unavailable);
    log_.reset();
    const auto opened = open();
    ASSERT_FALSE(opened) << "what cannot be read cannot be vouched for";
    EXPECT_EQ(opened.error().code, ErrorCode::Unavailable);
    files_->fail_reads(false);
    reopen();
    EXPECT_EQ(texts(), before);
    EXPECT_EQ(events_.count("store.damaged_record"), 0);
}

TEST_F(DiskFaults, ALogAtRestWakesForTheNextPut) {
    start_anew();
    run_script();
    const auto before = texts();
    ASSERT_TRUE(log_->rest());
    EXPECT_EQ(texts(), before);
    store("awake again", HashKey{50}, 1);
    ASSERT_TRUE(log_->rest());
    const auto tail = log_->close();
    EXPECT_TRUE(tail);
    crash_and_reopen();
    EXPECT_EQ(texts().back(), "awake again");
}

}  // namespace
}  // namespace spillway::engine

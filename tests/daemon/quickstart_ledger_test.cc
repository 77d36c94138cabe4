#include "daemon/quickstart/file_ledger.h"
#include "daemon/quickstart/interval_set.h"

#include <string>

#include <gtest/gtest.h>

namespace spillway::daemon::quickstart {
namespace {

// Speaks of a produced text and of records by their offsets in it.
class LedgerFixture : public testing::Test {
  protected:
    void produce(std::string text) {
        text_ = std::move(text);
        ledger_ = std::make_unique<FileLedger>(text_);
    }
    void arrives(std::uint64_t offset, std::string_view content,
                 Delivery delivery = Delivery::Direct, bool late = false, std::uint64_t lane = 0) {
        ledger_->add({offset, content, delivery, lane, late});
    }
    FileAccount account() const { return ledger_->account(); }

    std::string text_;
    std::unique_ptr<FileLedger> ledger_;
};

TEST_F(LedgerFixture, FindsNothingMissingWhenEveryLineArrivedOnce) {
    produce("one\ntwo\nthree\n");
    arrives(0, "one");
    arrives(4, "two");
    arrives(8, "three");
    const FileAccount numbers = account();
    EXPECT_EQ(numbers.lines_produced, 3U);
    EXPECT_EQ(numbers.lines_arrived, 3U);
    EXPECT_EQ(numbers.bytes_arrived, 14U);
    EXPECT_EQ(numbers.bytes_missing, 0U);
    EXPECT_EQ(numbers.copies_extra(), 0U);
    EXPECT_TRUE(numbers.order_kept());
    EXPECT_TRUE(ledger_->missing(5).empty());
}

TEST_F(LedgerFixture, KnowsAnEmptyFile) {
    produce("");
    EXPECT_EQ(account(), FileAccount{});
}

TEST_F(LedgerFixture, CountsALastLineWithoutNewline) {
    produce("one\ntwo");
    arrives(0, "one");
    EXPECT_EQ(account().lines_missing, 1U);
    EXPECT_EQ(account().bytes_missing, 3U);
    arrives(4, "two");
    EXPECT_EQ(account().lines_missing, 0U);
    EXPECT_EQ(account().bytes_arrived, 7U);
}

TEST_F(LedgerFixture, JudgesEmptyLinesByTheirOffset) {
    produce("a\n\n\nb\n");
    arrives(0, "a");
    arrives(2, "");
    arrives(4, "b");
    EXPECT_EQ(account().lines_missing, 1U);
    EXPECT_EQ(ledger_->missing(5), (std::vector<ByteRange>{{3, 3}}));
    arrives(3, "");
    EXPECT_EQ(account().lines_missing, 0U);
    arrives(3, "");
    EXPECT_EQ(account().lines_duplicated, 1U);
}

TEST_F(LedgerFixture, KeepsCarriageReturnsZeroBytesAndBytesThatAreNoText) {
    const std::string text("a\r\n\0\xff\rb\r\n", 9);
    produce(text);
    arrives(0, "a\r");
    arrives(3, std::string_view("\0\xff\rb\r", 5));
    EXPECT_EQ(account().lines_missing, 0U);
    EXPECT_EQ(account().records_corrupted, 0U);
}

TEST_F(LedgerFixture, CallsARecordCorruptWhenTheFileSaysOtherwise) {
    produce("one\ntwo\n");
    arrives(0, "onE");
    arrives(4, "two\nand more");
    arrives(400, "x");
    EXPECT_EQ(account().records_corrupted, 3U);
    EXPECT_EQ(account().lines_missing, 2U);
}

TEST_F(LedgerFixture, JoinsTheRecordsOfALineThatWasCut) {
    produce("abcdef\nx\n");
    arrives(0, "abc");
    EXPECT_EQ(account().lines_missing, 2U);
    arrives(3, "def");
    arrives(7, "x");
    EXPECT_EQ(account().lines_missing, 0U);
    EXPECT_EQ(account().lines_duplicated, 0U);
    EXPECT_TRUE(account().order_kept());
}

TEST_F(LedgerFixture, ToleratesTheEmptyRestOfALineThatWasSentEarly) {
    produce("abc\nx\n");
    arrives(0, "abc");
    arrives(3, "");
    arrives(4, "x");
    EXPECT_EQ(account().lines_duplicated, 0U);
    EXPECT_TRUE(account().order_kept());
    EXPECT_EQ(account().lines_missing, 0U);
}

TEST_F(LedgerFixture, TellsTheCausesOfCopiesApart) {
    produce("a\nb\nc\nd\n");
    arrives(0, "a", Delivery::Replicated);
    arrives(0, "a", Delivery::Direct);  // re-read by the new config
    arrives(2, "b", Delivery::Direct);
    arrives(2, "b", Delivery::Direct);  // the agent crashed and repeated
    arrives(4, "c", Delivery::Replicated);
    arrives(4, "c", Delivery::Replicated);
    arrives(4, "c", Delivery::Replicated);
    arrives(6, "d", Delivery::Direct);
    const FileAccount numbers = account();
    EXPECT_EQ(numbers.lines_duplicated, 3U);
    EXPECT_EQ(numbers.copies_both_paths, 1U);
    EXPECT_EQ(numbers.copies_direct_again, 1U);
    EXPECT_EQ(numbers.copies_replicated_again, 2U);
    EXPECT_EQ(numbers.copies_extra(), 4U);
    EXPECT_TRUE(numbers.order_kept());
    EXPECT_EQ(numbers.records_read_again, 3U);
}

TEST_F(LedgerFixture, NoticesALineThatCameBeforeAnEarlierOne) {
    produce("a\nb\nc\n");
    arrives(0, "a");
    arrives(4, "c");
    arrives(2, "b");
    EXPECT_EQ(account().records_out_of_order, 1U);
}

TEST_F(LedgerFixture, JudgesOrderPerLaneAndPath) {
    produce("a\nb\nc\n");
    arrives(4, "c", Delivery::Direct, false, 0);
    arrives(0, "a", Delivery::Replicated, false, 0);
    arrives(2, "b", Delivery::Direct, false, 1);
    EXPECT_TRUE(account().order_kept());
}

TEST_F(LedgerFixture, CountsWhatOnlyTheLateTailBrought) {
    produce("a\nb\nc\n");
    arrives(0, "a", Delivery::Replicated);
    arrives(4, "c", Delivery::Direct);
    arrives(2, "b", Delivery::Replicated, true);
    arrives(4, "c", Delivery::Replicated, true);
    EXPECT_EQ(account().lines_late, 1U);
    EXPECT_EQ(account().bytes_late, 2U);
    EXPECT_EQ(account().lines_tail, 2U);
    EXPECT_TRUE(ledger_->lines()[1].late);
}

TEST_F(LedgerFixture, JoinsNeighbouringMissingLinesAndStopsAtTheLimit) {
    produce("a\nb\nc\nd\ne\n");
    arrives(4, "c");
    arrives(8, "e");
    EXPECT_EQ(ledger_->missing(5), (std::vector<ByteRange>{{0, 3}, {6, 7}}));
    EXPECT_EQ(ledger_->missing(1), (std::vector<ByteRange>{{0, 3}}));
}

TEST(IntervalSet, MergesRangesThatTouchOrOverlap) {
    IntervalSet set;
    EXPECT_EQ(set.add(0, 10), 10U);
    EXPECT_EQ(set.add(20, 30), 10U);
    EXPECT_EQ(set.add(5, 25), 10U);
    EXPECT_EQ(set.add(30, 31), 1U);
    EXPECT_EQ(set.add(3, 3), 0U);
    EXPECT_EQ(set.covered(), 31U);
    EXPECT_EQ(set.ranges().size(), 1U);
    EXPECT_TRUE(set.contains(0, 31));
    EXPECT_FALSE(set.contains(30, 32));
}

}  // namespace
}  // namespace spillway::daemon::quickstart

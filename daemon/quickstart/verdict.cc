#include "daemon/quickstart/verdict.h"

#include "base/storage/durable_file.h"
#include "daemon/quickstart/layout.h"

#include <algorithm>
#include <utility>

namespace spillway::daemon::quickstart {
namespace {

constexpr std::size_t kMissingShown = 5;

template <class Wanted>
Window window_of(const ProducedFile& file, const FileLedger& ledger, Wanted wanted) {
    Window window;
    const std::vector<LineCopies> copies = ledger.lines();
    const std::vector<ByteRange> ranges = ledger.line_ranges();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (!wanted(copies[i])) continue;
        const auto at = file.written_at(ranges[i].begin);
        window.include({1, at, at});
    }
    return window;
}

}  // namespace

void Window::include(const Window& other) {
    if (other.lines == 0) return;
    from = lines == 0 ? other.from : std::min(from, other.from);
    to = lines == 0 ? other.to : std::max(to, other.to);
    lines += other.lines;
}

FileAccount InputVerdict::total() const {
    FileAccount sum;
    for (const FileVerdict& file : files) sum += file.account;
    return sum;
}

bool Verdict::fed_exactly() const {
    return std::all_of(inputs.begin(), inputs.end(),
                       [](const InputVerdict& input) { return input.comparison.exact(); });
}

bool Verdict::holds() const {
    return fed_exactly() && total.lines_missing == 0 && total.records_corrupted == 0 &&
           strangers == 0;
}

Result<VerdictBuilder> VerdictBuilder::open(std::vector<FedInput> inputs) {
    VerdictBuilder builder(std::move(inputs));
    for (const FedInput& input : builder.inputs_) {
        for (const ProducedFile& file : input.files) {
            auto bytes = read_file(file.path);
            if (!bytes) return std::move(bytes).error();
            auto book = std::make_unique<Book>();
            book->produced = *std::move(bytes);
            book->target = std::make_unique<FileLedger>(book->produced);
            book->source = std::make_unique<FileLedger>(book->produced);
            builder.books_[{Layout::agent_ip(input.agent), file.inode}] = std::move(book);
        }
    }
    return builder;
}

void VerdictBuilder::add_target(const StoredRecord& record) {
    const auto book = books_.find(record.file);
    if (book == books_.end()) {
        ++strangers_;
    } else {
        book->second->target->add(record.arrival);
    }
}

void VerdictBuilder::add_source(const StoredRecord& record) {
    const auto book = books_.find(record.file);
    if (book == books_.end()) return;
    Arrival arrival = record.arrival;
    arrival.late = record.after_mark;
    book->second->source->add(arrival);
}

FileVerdict VerdictBuilder::judge_file(const FedInput& input, const ProducedFile& file) const {
    FileVerdict verdict;
    verdict.path = file.path;
    verdict.id = {Layout::agent_ip(input.agent), file.inode};
    const Book& book = *books_.at(verdict.id);
    verdict.account = book.target->account();
    verdict.missing = book.target->missing(kMissingShown);
    const std::vector<LineCopies> in_target = book.target->lines();
    const std::vector<LineCopies> in_source = book.source->lines();
    for (std::size_t i = 0; i < in_source.size(); ++i) {
        const std::uint32_t held = in_source[i].direct + in_source[i].replicated;
        if (in_source[i].complete) ++verdict.lines_in_source;
        const bool held_when_it_died = in_source[i].complete && !in_source[i].late;
        if (held_when_it_died && in_target[i].late) ++verdict.late_in_source;
        if (held_when_it_died && in_target[i].tail) ++verdict.tail_in_source;
        if (in_target[i].replicated > held) {
            verdict.copies_by_the_link += in_target[i].replicated - held;
        }
    }
    verdict.late = window_of(file, *book.target, [](const LineCopies& line) { return line.late; });
    verdict.duplicated = window_of(file, *book.target, [](const LineCopies& line) {
        return line.direct + line.replicated > 1;
    });
    return verdict;
}

Verdict VerdictBuilder::judge() const {
    Verdict verdict;
    verdict.strangers = strangers_;
    for (const FedInput& input : inputs_) {
        InputVerdict one{input.source, input.agent, input.source_generations, input.comparison, {}};
        for (const ProducedFile& file : input.files) {
            one.files.push_back(judge_file(input, file));
            const FileVerdict& judged = one.files.back();
            verdict.lines_in_source += judged.lines_in_source;
            verdict.copies_by_the_link += judged.copies_by_the_link;
            verdict.late.include(judged.late);
            verdict.late_in_source += judged.late_in_source;
            verdict.tail_in_source += judged.tail_in_source;
            verdict.duplicated.include(judged.duplicated);
        }
        verdict.total += one.total();
        verdict.inputs.push_back(std::move(one));
    }
    return verdict;
}

}  // namespace spillway::daemon::quickstart

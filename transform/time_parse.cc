// The lenient reader: cuts the text into numbers, words and signs, takes what is clearly a time of
// day, a month name, a zone; what numbers are left are year, month and day by their size and order.
#include "base/text.h"
#include "transform/time_format.h"
#include "transform/time_zone.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace spillway::transform {

namespace {

struct Piece {
    enum class Kind { Number, Word, Sign };
    Kind kind = Kind::Sign;
    std::string_view text;
};

std::vector<Piece> cut(std::string_view text) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < text.size() && pieces.size() < 40;) {
        const std::size_t begin = at;
        const auto is = [&](auto test) {
            return at < text.size() && test(static_cast<unsigned char>(text[at]));
        };
        if (is(isdigit)) {
            while (is(isdigit)) ++at;
            pieces.push_back({Piece::Kind::Number, text.substr(begin, at - begin)});
        } else if (is(isalpha)) {
            while (is(isalpha)) ++at;
            pieces.push_back({Piece::Kind::Word, text.substr(begin, at - begin)});
        } else {
            ++at;
            pieces.push_back({Piece::Kind::Sign, text.substr(begin, 1)});
        }
    }
    return pieces;
}

class LenientReader {
  public:
    LenientReader(std::string_view text, const DateTime& today) : pieces_(cut(text)), time_(today) {
        time_.hour = time_.minute = time_.second = time_.microsecond = 0;
        time_.has_offset = false;
        time_.offset_seconds = 0;
        time_.zone = nullptr;
    }

    std::optional<DateTime> run() {
        while (at_ < pieces_.size()) {
            if (!step()) return std::nullopt;
        }
        if (!settle_date() || (!has_time_ && numbers_.empty() && !month_ && !weekday_)) {
            return std::nullopt;
        }
        if (time_.month < 1 || time_.month > 12 || time_.day < 1 ||
            time_.day > days_in_month(time_.year, time_.month)) {
            return std::nullopt;
        }
        return time_;
    }

  private:
    const Piece* peek(std::size_t ahead) const {
        return at_ + ahead < pieces_.size() ? &pieces_[at_ + ahead] : nullptr;
    }
    bool is_sign(std::size_t ahead, char c) const {
        const Piece* piece = peek(ahead);
        return piece != nullptr && piece->kind == Piece::Kind::Sign && piece->text[0] == c;
    }
    bool is_number(std::size_t ahead) const {
        const Piece* piece = peek(ahead);
        return piece != nullptr && piece->kind == Piece::Kind::Number;
    }
    bool is_word(std::size_t ahead, std::string_view word) const {
        const Piece* piece = peek(ahead);
        return piece != nullptr && piece->kind == Piece::Kind::Word &&
               equals_ignoring_case(piece->text, word);
    }
    static std::int32_t number(std::string_view digits) {
        std::int32_t value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return value;
    }

    bool step() {
        const Piece& piece = pieces_[at_];
        if (piece.kind == Piece::Kind::Number) return number_piece(piece.text);
        if (piece.kind == Piece::Kind::Word) return word_piece(piece.text);
        if ((piece.text == "+" || piece.text == "-") && has_time_ && is_number(1)) return offset();
        constexpr std::string_view kIgnored = " ,-/.:\t()[]";
        ++at_;
        return kIgnored.find(piece.text[0]) != std::string_view::npos;
    }

    bool number_piece(std::string_view digits) {
        if (digits.size() <= 2 && is_sign(1, ':') && is_number(2) && !has_time_) return clock();
        if ((is_word(1, "am") || is_word(1, "pm")) ||
            (is_sign(1, ' ') && (is_word(2, "am") || is_word(2, "pm")) && !has_time_)) {
            time_.hour = number(digits);
            has_time_ = true;
            ++at_;
            return take_half();
        }
        if (digits.size() >= 8 && digits.size() % 2 == 0 && digits.size() <= 14)
            return compact(digits);
        if (is_clock_part(1)) return clock_part(digits);
        const bool joined = digits.size() == 6 || (digits.size() == 4 && numbers_.size() == 3);
        if (joined && !numbers_.empty() && !has_time_) {
            has_time_ = true;  // 20231114T221320, 20231114T2213
            set_clock(digits);
            ++at_;
            return valid_clock();
        }
        if (digits.size() <= 2 && has_date() && !has_time_) {  // 2019-06-02 18
            has_time_ = true;
            time_.hour = number(digits);
            ++at_;
            return valid_clock();
        }
        if (digits.size() > 4 || numbers_.size() >= 3) return false;
        // Behind a Chinese or Japanese mark or an ordinal ending nothing changes: those are words.
        numbers_.push_back(digits);
        ++at_;
        return true;
    }

    bool has_date() const { return numbers_.size() + (month_ ? 1 : 0) >= 3; }

    bool is_hour_word(std::size_t ahead) const {
        return is_word(ahead, "h") || is_word(ahead, "hour") || is_word(ahead, "hours");
    }
    bool is_minute_word(std::size_t ahead) const {
        return is_word(ahead, "m") || is_word(ahead, "minute") || is_word(ahead, "minutes");
    }
    bool is_second_word(std::size_t ahead) const {
        return is_word(ahead, "s") || is_word(ahead, "second") || is_word(ahead, "seconds");
    }
    bool is_clock_part(std::size_t ahead) const {
        return is_hour_word(ahead) || is_minute_word(ahead) || is_second_word(ahead);
    }

    /// 22h13m20s
    bool clock_part(std::string_view digits) {
        if (digits.size() > 2) return false;
        (is_hour_word(1)     ? time_.hour
         : is_minute_word(1) ? time_.minute
                             : time_.second) = number(digits);
        has_time_ = true;
        at_ += 2;
        return valid_clock();
    }

    void set_clock(std::string_view digits) {
        time_.hour = number(digits.substr(0, 2));
        time_.minute = number(digits.substr(2, 2));
        if (digits.size() >= 6) time_.second = number(digits.substr(4, 2));
    }

    /// YYYYMMDD, YYYYMMDDhhmm, YYYYMMDDhhmmss.
    bool compact(std::string_view digits) {
        if (!numbers_.empty() || digits.size() == 10) return false;
        numbers_ = {digits.substr(0, 4), digits.substr(4, 2), digits.substr(6, 2)};
        if (digits.size() > 8) {
            has_time_ = true;
            set_clock(digits.substr(8));
        }
        ++at_;
        return fraction() && valid_clock();
    }

    /// hh:mm[:ss[.ffffff]] [AM|PM]
    bool clock() {
        has_time_ = true;
        time_.hour = number(pieces_[at_].text);
        time_.minute = number(pieces_[at_ + 2].text);
        at_ += 3;
        if (is_sign(0, ':') && is_number(1)) {
            time_.second = number(pieces_[at_ + 1].text);
            at_ += 2;
            if (!fraction()) return false;
        }
        const bool half = is_word(0, "am") || is_word(0, "pm") ||
                          (is_sign(0, ' ') && (is_word(1, "am") || is_word(1, "pm")));
        return half ? take_half() : valid_clock();
    }

    bool fraction() {
        if (!(is_sign(0, '.') || is_sign(0, ',')) || !is_number(1)) return true;
        auto digits = pieces_[at_ + 1].text.substr(0, 6);
        std::int32_t value = number(digits);
        for (std::size_t i = digits.size(); i < 6; ++i) value *= 10;
        time_.microsecond = value;
        at_ += 2;
        return true;
    }

    bool take_half() {
        if (is_sign(0, ' ')) ++at_;
        const bool pm = is_word(0, "pm");
        ++at_;
        if (time_.hour < 1 || time_.hour > 12) return false;
        time_.hour = time_.hour % 12 + (pm ? 12 : 0);
        return valid_clock();
    }

    bool valid_clock() {
        if (time_.second == 60) time_.second = 59;
        return time_.hour < 24 && time_.minute < 60 && time_.second < 60;
    }

    bool word_piece(std::string_view word) {
        ++at_;
        for (std::int32_t month = 1; month <= 12; ++month) {
            const auto name = month_name(month);
            if (word.size() >= 3 && equals_ignoring_case(word, name.substr(0, word.size()))) {
                month_ = month;
                return true;
            }
        }
        for (std::int32_t day = 0; day < 7; ++day) {
            if (word.size() >= 3 &&
                equals_ignoring_case(word, weekday_name(day).substr(0, word.size()))) {
                weekday_ = day;
                return true;
            }
        }
        if (equals_ignoring_case(word, "sept")) {
            month_ = 9;
            return true;
        }
        for (const std::string_view filler :
             {"t", "at", "on", "and", "of", "st", "nd", "rd", "th"}) {
            if (equals_ignoring_case(word, filler)) return true;
        }
        return zone(word);
    }

    bool zone(std::string_view word) {
        const bool utc = equals_ignoring_case(word, "z") || equals_ignoring_case(word, "utc") ||
                         equals_ignoring_case(word, "gmt");
        // An abbreviation stands for several zones, or none: the time stays without one.
        constexpr std::size_t kAbbreviationMax = 5;
        const bool unknown =
            word.size() >= 3 && word.size() <= kAbbreviationMax &&
            std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
        if (!utc) return has_time_ && unknown && !time_.has_offset;
        if (!has_time_) return false;
        time_.has_offset = true;
        time_.offset_seconds = 0;
        return true;
    }

    bool offset() {
        const bool negative = pieces_[at_].text == "-";
        const auto digits = pieces_[at_ + 1].text;
        at_ += 2;
        std::int32_t hours = 0;
        std::int32_t minutes = 0;
        if (digits.size() == 4) {
            hours = number(digits.substr(0, 2));
            minutes = number(digits.substr(2));
        } else if (digits.size() <= 2) {
            hours = number(digits);
            if (is_sign(0, ':') && is_number(1)) {
                minutes = number(pieces_[at_ + 1].text);
                at_ += 2;
            }
        } else {
            return false;
        }
        if (hours > 23 || minutes > 59) return false;
        time_.has_offset = true;
        time_.offset_seconds = (negative ? -1 : 1) * (hours * 3600 + minutes * 60);
        return true;
    }

    void set_year(std::string_view digits) {
        time_.year = number(digits);
        if (digits.size() <= 2) time_.year += time_.year < 69 ? 2000 : 1900;
    }

    /// Year, month and day out of the numbers that are left.
    bool settle_date() {
        if (month_) return settle_with_month_name();
        switch (numbers_.size()) {
            case 0:
                return true;
            case 1:
                if (numbers_[0].size() > 2) {
                    set_year(numbers_[0]);
                } else {
                    time_.day = number(numbers_[0]);
                }
                return true;
            case 2:
                if (numbers_[0].size() > 2) {  // 2023-11
                    set_year(numbers_[0]);
                    time_.month = number(numbers_[1]);
                    return true;
                }
                if (numbers_[1].size() > 2) {  // 11/2023
                    time_.month = number(numbers_[0]);
                    set_year(numbers_[1]);
                    return true;
                }
                return month_and_day(number(numbers_[0]), number(numbers_[1]));
            default:
                break;
        }
        const bool year_first = numbers_[0].size() > 2 || number(numbers_[0]) > 31;
        if (year_first) {
            set_year(numbers_[0]);
            const std::int32_t first = number(numbers_[1]);
            const std::int32_t second = number(numbers_[2]);
            const bool day_first = first > 12 && second <= 12;
            time_.month = day_first ? second : first;
            time_.day = day_first ? first : second;
            return true;
        }
        set_year(numbers_[2]);
        return month_and_day(number(numbers_[0]), number(numbers_[1]));
    }

    /// Month first, as Americans write, unless that cannot be.
    bool month_and_day(std::int32_t first, std::int32_t second) {
        const bool day_first = first > 12;
        time_.month = day_first ? second : first;
        time_.day = day_first ? first : second;
        return true;
    }

    bool settle_with_month_name() {
        time_.month = *month_;
        if (numbers_.empty()) {
            time_.day = std::min(time_.day, days_in_month(time_.year, time_.month));
            return true;
        }
        if (numbers_.size() > 2) return false;
        std::size_t year = numbers_.size();
        for (std::size_t i = 0; i < numbers_.size(); ++i) {
            if (numbers_[i].size() > 2 || number(numbers_[i]) > 31) year = i;
        }
        if (year == numbers_.size() && numbers_.size() == 2) year = 1;
        if (year < numbers_.size()) set_year(numbers_[year]);
        const bool only_year = numbers_.size() == 1 && year == 0;
        if (only_year) {
            time_.day = 1;
        } else {
            time_.day = number(numbers_[numbers_.size() == 2 ? 1 - year : 0]);
        }
        return true;
    }

    std::vector<Piece> pieces_;
    std::size_t at_ = 0;
    DateTime time_;
    bool has_time_ = false;
    std::vector<std::string_view> numbers_;
    std::optional<std::int32_t> month_;
    std::optional<std::int32_t> weekday_;
};

}  // namespace

std::optional<DateTime> parse_time_leniently(std::string_view text, const DateTime& today) {
    constexpr std::size_t kTextMax = 100;
    if (text.size() > kTextMax) return std::nullopt;
    return LenientReader(trim(text), today).run();
}

}  // namespace spillway::transform

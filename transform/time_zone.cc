// TZif files (RFC 8536): the 64-bit block's changes, then a footer with the rule for all later
// times.
#include "transform/time_zone.h"

#include "transform/time_value.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo";

/// Big-endian numbers in order.
class Bytes {
  public:
    explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
    bool has(std::size_t count) const { return bytes_.size() - at_ >= count; }
    void skip(std::size_t count) { at_ += std::min(count, bytes_.size() - at_); }
    std::uint64_t number(std::size_t size) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size && at_ < bytes_.size(); ++i) {
            value = value << 8U | static_cast<unsigned char>(bytes_[at_++]);
        }
        return value;
    }
    std::string_view rest() const { return bytes_.substr(at_); }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

struct Header {
    std::uint32_t utc_flags = 0;
    std::uint32_t std_flags = 0;
    std::uint32_t leaps = 0;
    std::uint32_t changes = 0;
    std::uint32_t kinds = 0;
    std::uint32_t characters = 0;

    std::size_t body_bytes(std::size_t time_size) const {
        return std::size_t{changes} * (time_size + 1) + std::size_t{kinds} * 6 + characters +
               std::size_t{leaps} * (time_size + 4) + std_flags + utc_flags;
    }
};

std::optional<Header> read_header(Bytes& bytes) {
    if (!bytes.has(44) || !bytes.rest().starts_with("TZif")) return std::nullopt;
    bytes.skip(20);
    Header header;
    for (auto* count : {&header.utc_flags, &header.std_flags, &header.leaps, &header.changes,
                        &header.kinds, &header.characters}) {
        *count = static_cast<std::uint32_t>(bytes.number(4));
    }
    return header;
}

}  // namespace

/// Builds a TimeZone out of a file or out of an offset.
class ZoneReader {
  public:
    static std::unique_ptr<TimeZone> fixed(std::string_view name, std::int32_t offset) {
        auto zone = std::make_unique<TimeZone>();
        zone->name_ = name;
        zone->kinds_.push_back({offset, false, std::string(name)});
        return zone;
    }

    static std::unique_ptr<TimeZone> from_file(std::string_view name, std::string_view file) {
        Bytes bytes(file);
        auto header = read_header(bytes);
        if (!header) return nullptr;
        bytes.skip(header->body_bytes(4));
        header = read_header(bytes);
        if (!header || !bytes.has(header->body_bytes(8)) || header->kinds == 0) return nullptr;
        auto zone = std::make_unique<TimeZone>();
        zone->name_ = name;
        read_body(*zone, bytes, *header);
        auto footer = bytes.rest();
        if (footer.starts_with('\n')) footer.remove_prefix(1);
        footer = footer.substr(0, footer.find('\n'));
        if (!footer.empty()) zone->has_footer_ = FooterReader(footer).read(*zone);
        return zone;
    }

  private:
    static void read_body(TimeZone& zone, Bytes& bytes, const Header& header) {
        for (std::uint32_t i = 0; i < header.changes; ++i) {
            zone.changes_.push_back(static_cast<std::int64_t>(bytes.number(8)));
        }
        for (std::uint32_t i = 0; i < header.changes; ++i) {
            const auto kind = bytes.number(1);
            zone.kinds_after_.push_back(static_cast<std::uint8_t>(kind < header.kinds ? kind : 0));
        }
        std::vector<std::size_t> names;
        for (std::uint32_t i = 0; i < header.kinds; ++i) {
            TimeZone::Kind kind;
            kind.offset_seconds = static_cast<std::int32_t>(bytes.number(4));
            kind.is_dst = bytes.number(1) != 0;
            names.push_back(bytes.number(1));
            zone.kinds_.push_back(kind);
        }
        const auto characters = bytes.rest().substr(0, header.characters);
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i] >= characters.size()) continue;
            const auto from = characters.substr(names[i]);
            zone.kinds_[i].abbreviation = from.substr(0, from.find('\0'));
        }
        bytes.skip(header.characters + std::size_t{header.leaps} * 12 + header.std_flags +
                   header.utc_flags);
    }

    /// POSIX TZ text.
    class FooterReader {
      public:
        explicit FooterReader(std::string_view text) : text_(text) {}

        bool read(TimeZone& zone) {
            zone.standard_.abbreviation = name();
            if (zone.standard_.abbreviation.empty()) return false;
            zone.standard_.offset_seconds = -time();
            if (text_.empty()) return true;
            zone.summer_.abbreviation = name();
            zone.summer_.is_dst = true;
            zone.summer_.offset_seconds = zone.standard_.offset_seconds + 3600;
            if (!text_.empty() && text_[0] != ',') zone.summer_.offset_seconds = -time();
            return rule(zone.begins_) && rule(zone.ends_);
        }

      private:
        bool take(char c) {
            if (text_.empty() || text_[0] != c) return false;
            text_.remove_prefix(1);
            return true;
        }
        std::string name() {
            if (take('<')) {
                const auto end = text_.find('>');
                const std::string found(text_.substr(0, end));
                text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
                return found;
            }
            std::size_t size = 0;
            while (size < text_.size() && std::isalpha(static_cast<unsigned char>(text_[size]))) {
                ++size;
            }
            const std::string found(text_.substr(0, size));
            text_.remove_prefix(size);
            return found;
        }
        std::int32_t number() {
            std::int32_t value = 0;
            const auto end = std::from_chars(text_.data(), text_.data() + text_.size(), value).ptr;
            text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
            return value;
        }
        std::int32_t time() {
            const bool negative = take('-');
            if (!negative) take('+');
            std::int32_t seconds = number() * 3600;
            if (take(':')) seconds += number() * 60;
            if (take(':')) seconds += number();
            return negative ? -seconds : seconds;
        }
        bool rule(TimeZone::Rule& rule) {
            if (!take(',')) return false;
            if (take('M')) {
                rule.form = 'M';
                rule.month = std::clamp(number(), 1, 12);
                if (!take('.')) return false;
                rule.week = number();
                if (!take('.')) return false;
                rule.day = number();
            } else {
                rule.form = take('J') ? 'J' : 'N';
                rule.day = number();
            }
            if (take('/')) rule.seconds = time();
            return true;
        }

        std::string_view text_;
    };
};

namespace {

bool is_zone_name(std::string_view name) {
    if (name.empty() || name.size() > 64 || name.starts_with('/')) return false;
    if (name.find("..") != std::string_view::npos) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' ||
               c == '-' || c == '+';
    });
}

/// "+08:00", "-0530", "+8".
std::optional<std::int32_t> parse_offset(std::string_view text) {
    if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const bool negative = text[0] == '-';
    std::string digits;
    for (const char c : text.substr(1)) {
        if (c == ':') continue;
        if (c < '0' || c > '9') return std::nullopt;
        digits += c;
    }
    if (digits.size() > 4) return std::nullopt;
    if (digits.size() <= 2) digits += "00";
    if (digits.size() == 3) digits.insert(0, "0");
    const int number = std::atoi(digits.c_str());
    const std::int32_t seconds = number / 100 * 3600 + number % 100 * 60;
    return negative ? -seconds : seconds;
}

std::unique_ptr<TimeZone> read_zone(std::string_view name) {
    if (name == "UTC" || name == "GMT" || name == "Z" || name == "utc") {
        return ZoneReader::fixed(name == "utc" || name == "Z" ? "UTC" : name, 0);
    }
    if (const auto offset = parse_offset(name)) return ZoneReader::fixed(name, *offset);
    if (!is_zone_name(name)) return nullptr;
    std::ifstream file(fmt::format("{}/{}", kZoneFolder, name), std::ios::binary);
    if (!file) return nullptr;
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    return ZoneReader::from_file(name, bytes);
}

struct ZoneCache {
    std::mutex mutex;  // guards zones
    std::map<std::string, std::unique_ptr<TimeZone>, std::less<>> zones;
};

}  // namespace

Result<const TimeZone*> TimeZone::find(std::string_view name) {
    // Zones are facts about the machine, not state: read once for the whole process.
    static ZoneCache cache;
    const std::lock_guard lock(cache.mutex);
    if (const auto known = cache.zones.find(name); known != cache.zones.end()) {
        return known->second.get();
    }
    auto zone = read_zone(name);
    if (!zone) {
        return make_error(ErrorCode::NotFound,
                          fmt::format("unknown time zone \"{}\" (not in {})", name, kZoneFolder));
    }
    return cache.zones.emplace(std::string(name), std::move(zone)).first->second.get();
}

std::int64_t TimeZone::rule_epoch(std::int64_t year, const Rule& rule, std::int32_t offset) const {
    std::int64_t days = 0;
    if (rule.form == 'M') {
        const std::int64_t first = days_from_civil(year, rule.month, 1);
        const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;  // Sunday 0
        std::int64_t day = (rule.day - weekday + 7) % 7 + std::int64_t{rule.week - 1} * 7;
        if (day >= days_in_month(year, rule.month)) day -= 7;
        days = first + day;
    } else {
        const bool leap = days_in_month(year, 2) == 29;
        const std::int64_t start = days_from_civil(year, 1, 1);
        // J counts without the leap day, from 1; N with it, from 0.
        days = rule.form == 'J' ? start + rule.day - 1 + (leap && rule.day >= 60 ? 1 : 0)
                                : start + rule.day;
    }
    return days * 86400 + rule.seconds - offset;
}

TimeZone::Local TimeZone::by_footer(std::int64_t epoch) const {
    if (begins_.form == 0) return {standard_.offset_seconds, standard_.abbreviation};
    DateTime local;
    set_civil(local, epoch + standard_.offset_seconds);
    const std::int64_t begin = rule_epoch(local.year, begins_, standard_.offset_seconds);
    const std::int64_t end = rule_epoch(local.year, ends_, summer_.offset_seconds);
    const bool summer = begin < end ? epoch >= begin && epoch < end : epoch >= begin || epoch < end;
    const Kind& kind = summer ? summer_ : standard_;
    return {kind.offset_seconds, kind.abbreviation};
}

TimeZone::Local TimeZone::at(std::int64_t epoch) const {
    if (changes_.empty()) {
        if (has_footer_) return by_footer(epoch);
        return {kinds_[0].offset_seconds, kinds_[0].abbreviation};
    }
    if (epoch >= changes_.back() && has_footer_) return by_footer(epoch);
    const auto after = std::upper_bound(changes_.begin(), changes_.end(), epoch);
    if (after == changes_.begin()) return {kinds_[0].offset_seconds, kinds_[0].abbreviation};
    const auto place = static_cast<std::size_t>(after - changes_.begin()) - 1;
    const Kind& kind = kinds_[kinds_after_[place]];
    return {kind.offset_seconds, kind.abbreviation};
}

TimeZone::Local TimeZone::at_civil(std::int64_t civil) const {
    // No offset changes by more than a day within a day: look at it from both sides.
    const Local before = at(civil - 86400);
    const Local by_before = at(civil - before.offset_seconds);
    if (by_before.offset_seconds == before.offset_seconds) return before;
    const Local after = at(civil + 86400);
    if (at(civil - after.offset_seconds).offset_seconds == after.offset_seconds) return after;
    return before;  // in a gap
}

}  // namespace spillway::transform

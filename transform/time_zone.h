// Named time zones, read from the machine's zone files (C++20's own database is missing in g++ 12).
// Zones are read once and kept; any thread.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

class TimeZone {
  public:
    /// "Asia/Shanghai", "UTC", "+08:00". The zone lives as long as the process.
    /// Errors: NotFound for a name the machine does not know, naming the folder that was looked at.
    static Result<const TimeZone*> find(std::string_view name);

    struct Local {
        std::int32_t offset_seconds = 0;
        std::string_view abbreviation;
    };
    /// At an instant.
    Local at(std::int64_t epoch_seconds) const;
    /// At a wall-clock reading (seconds as if UTC). Of two offsets the earlier instant's; in a gap
    /// the offset before it, as Python's fold=0.
    Local at_civil(std::int64_t civil_seconds) const;

    const std::string& name() const { return name_; }

  private:
    friend class ZoneReader;
    struct Kind {
        std::int32_t offset_seconds = 0;
        bool is_dst = false;
        std::string abbreviation;
    };
    /// "EST5EDT,M3.2.0,M11.1.0": what holds behind the last listed change.
    struct Rule {
        char form = 0;  ///< 'M', 'J', 'N'; 0: none
        std::int32_t month = 0;
        std::int32_t week = 0;
        std::int32_t day = 0;
        std::int32_t seconds = 7200;
    };
    Local by_footer(std::int64_t epoch_seconds) const;
    std::int64_t rule_epoch(std::int64_t year, const Rule& rule, std::int32_t offset) const;

    std::string name_;
    std::vector<std::int64_t> changes_;
    std::vector<std::uint8_t> kinds_after_;
    std::vector<Kind> kinds_;
    bool has_footer_ = false;
    Kind standard_;
    Kind summer_;
    Rule begins_;
    Rule ends_;
};

}  // namespace spillway::transform

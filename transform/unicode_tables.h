// Character properties and case mappings, as Python's str methods know them. Generated data.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spillway::transform {

struct CodePointRange {
    std::uint32_t first;
    std::uint32_t last;
};

/// Characters first, first + step, ..., last each map to themselves + delta.
struct CaseRun {
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t step;
    std::int32_t delta;
};

/// One character to several; unused places are 0.
struct SpecialCase {
    std::uint32_t from;
    std::uint32_t to[3];
};

extern const CodePointRange kAlpha[];
extern const std::size_t kAlphaCount;
extern const CodePointRange kDecimal[];
extern const std::size_t kDecimalCount;
extern const CodePointRange kDigit[];
extern const std::size_t kDigitCount;
extern const CodePointRange kNumeric[];
extern const std::size_t kNumericCount;
extern const CodePointRange kSpace[];
extern const std::size_t kSpaceCount;
extern const CodePointRange kPrintable[];
extern const std::size_t kPrintableCount;
extern const CodePointRange kLower[];
extern const std::size_t kLowerCount;
extern const CodePointRange kUpper[];
extern const std::size_t kUpperCount;
extern const CodePointRange kTitleOnly[];
extern const std::size_t kTitleOnlyCount;
extern const CodePointRange kNameStart[];
extern const std::size_t kNameStartCount;
extern const CodePointRange kNamePart[];
extern const std::size_t kNamePartCount;
extern const CodePointRange kCased[];
extern const std::size_t kCasedCount;
extern const CaseRun kToLower[];
extern const std::size_t kToLowerCount;
extern const CaseRun kToUpper[];
extern const std::size_t kToUpperCount;
extern const CaseRun kToTitle[];
extern const std::size_t kToTitleCount;
extern const CaseRun kToFold[];
extern const std::size_t kToFoldCount;
extern const SpecialCase kSpecialUpper[];
extern const std::size_t kSpecialUpperCount;
extern const SpecialCase kSpecialTitle[];
extern const std::size_t kSpecialTitleCount;
extern const SpecialCase kSpecialLower[];
extern const std::size_t kSpecialLowerCount;
extern const SpecialCase kSpecialFold[];
extern const std::size_t kSpecialFoldCount;

}  // namespace spillway::transform

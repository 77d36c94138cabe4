// The query language of e_search: text to a tree that is evaluated on an event. Most leaves are
// substring or equality tests on one field. Immutable; any thread.
#pragma once

#include "base/result.h"
#include "transform/runtime.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform {

struct QueryNode {
    enum class Kind : std::uint8_t {
        And,
        Or,
        Not,
        Exists,
        Contains,  ///< literal substring
        Equals,    ///< the whole value
        Matches,   ///< regex search (wildcards are restated as one)
        Number,    ///< lower <= value <= upper, either end open or closed
    };
    Kind kind = Kind::Exists;
    std::string field;  ///< empty: any field
    bool any_field = false;
    std::string text;
    std::shared_ptr<const Regex> regex;
    double lower = 0;
    double upper = 0;
    bool lower_open = false;
    bool upper_open = false;
    std::vector<QueryNode> children;

    // How it was written, for translation: contains (":"), whole ("=="), regex ("~=").
    bool is_wildcard = false;
    bool is_whole = false;
};

class SearchQuery {
  public:
    /// Errors: InvalidArgument, with the place in the query.
    static Result<SearchQuery> parse(std::string_view text);

    bool matches(Frame& frame) const;
    const QueryNode& root() const { return root_; }

  private:
    QueryNode root_;
};

}  // namespace spillway::transform

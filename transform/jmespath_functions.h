// The built-in functions of JMESPath, with their argument types checked.
#pragma once

#include "transform/jmespath_parser.h"
#include "transform/runtime.h"

#include <string_view>
#include <vector>

namespace spillway::transform {

struct JmesContext {
    Frame& frame;
    int depth = 0;
};

struct JmesArgument {
    Value value;
    const JmesNode* expression = nullptr;  ///< for &expr
};

bool is_jmes_function(std::string_view name);
/// A wrong count or type of arguments fails the event.
Value call_jmes_function(std::string_view name, const std::vector<JmesArgument>& arguments,
                         JmesContext& context);

/// "string", "number", "array", ...
std::string_view jmes_type(const Value& value);
bool jmes_true(const Value& value);
/// Without Python's True == 1.
bool jmes_equal(const Value& left, const Value& right);
Value evaluate_jmes(const JmesNode& node, const Value& on, JmesContext& context);

}  // namespace spillway::transform

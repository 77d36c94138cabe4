// How much of a page a rule has to touch. Pure.
#pragma once

#include "transform/ast.h"
#include "transform/compiler.h"
#include "transform/transform.h"
#include "transform/warnings.h"

#include <string>
#include <vector>

namespace spillway::transform {

struct TierChoice {
    Tier tier = Tier::Rewrite;
    std::string reason;
    std::vector<AppendedTag> tags;
};

TierChoice choose_tier(const Rule& rule, const Effects& effects);

}  // namespace spillway::transform

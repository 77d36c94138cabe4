// Text made as wide as it should be; in the table of strings.cc.
#pragma once

#include "transform/runtime.h"

namespace spillway::transform {

Value str_ljust(Frame& frame, const Expr& self, const Value* a, std::size_t count);
Value str_rjust(Frame& frame, const Expr& self, const Value* a, std::size_t count);
Value str_center(Frame& frame, const Expr& self, const Value* a, std::size_t count);
Value str_zfill(Frame& frame, const Expr& self, const Value* a, std::size_t count);
Value str_expandtabs(Frame& frame, const Expr& self, const Value* a, std::size_t count);

}  // namespace spillway::transform

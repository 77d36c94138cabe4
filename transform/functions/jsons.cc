// JSON as values, XML, gzip.
#include "base/text.h"
#include "transform/arguments.h"
#include "transform/gzip.h"
#include "transform/jmespath.h"
#include "transform/json.h"
#include "transform/registry.h"
#include "transform/xml.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

/// Containers as they are, text as JSON.
std::optional<Value> json_argument(Frame& frame, const Value& value) {
    if (value.kind == Kind::Dict || value.is_list()) return value;
    if (value.is_null()) return std::nullopt;
    return parse_json_value(stored_text(value, frame.arena()), frame.arena());
}

Value not_json(Frame& frame, const Expr& self, const Value& fallback, const Value& restrict) {
    if (is_true(restrict)) return frame.fail(fmt::format("{}: the text is not JSON", self.name));
    frame.warn();
    return fallback;
}

/// A JSON value of its own: literals in a path live as long as the path alone.
Value copy_json(const Value& value, Arena& arena) {
    if (value.is_text() || value.kind == Kind::BigInt) {
        const auto kept = arena.copy(value.text());
        return value.is_text() ? Value::of(kept) : Value::big_int(kept);
    }
    if (value.is_list()) {
        ListBuilder list(arena);
        for (const auto& item : *value.list) list.add(copy_json(item, arena));
        return list.done();
    }
    if (value.kind == Kind::Dict) {
        DictBuilder dict(arena);
        for (const auto& entry : *value.dict) {
            dict.set(copy_json(entry.key, arena), copy_json(entry.value, arena));
        }
        return dict.done();
    }
    return value;
}

Value json_select(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto json = json_argument(frame, a[0]);
    if (!json) return not_json(frame, self, a[2], a[3]);
    const auto* path = static_cast<const JmesPath*>(self.prepared[1]);
    std::optional<JmesPath> made;
    if (path == nullptr) {
        auto parsed = JmesPath::parse(stored_text(a[1], frame.arena()));
        if (!parsed) return frame.fail("json_select: " + parsed.error().message);
        path = &made.emplace(*std::move(parsed));
    }
    const auto found = is_true(a[3]) ? path->select(*json, frame) : path->try_select(*json, frame);
    if (frame.has_failed) return Value::null();
    if (!found || found->is_null()) return a[2];
    return made ? copy_json(*found, frame.arena()) : *found;
}

Value json_parse(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto json = json_argument(frame, a[0]);
    return json ? *json : not_json(frame, self, a[1], a[2]);
}

Value xml_to_json(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const auto value = parse_xml(*text, frame.arena());
    if (!value) return frame.warn();
    return Value::of(stored_text(*value, frame.arena()));
}

Value gzip_compress(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    const auto level = integer_argument(frame, self, a[1]);
    if (!text || !level) return Value::null();
    if (*level < 0 || *level > 9) return frame.fail("gzip_compress: compresslevel must be 0 to 9");
    const auto bytes = gzip(*text, static_cast<int>(*level));
    const auto format = stored_text(a[2], frame.arena());
    const auto encoded = format == "hex" ? to_hex(bytes) : to_base64(bytes);
    return Value::of(frame.arena().copy(encoded));
}

Value gzip_decompress(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const auto format = stored_text(a[1], frame.arena());
    const auto bytes = format == "hex" ? from_hex(*text) : from_base64(*text);
    const auto plain = bytes ? gunzip(*bytes, kTextBytesMax) : std::nullopt;
    if (!plain) return frame.fail("gzip_decompress: the value is no gzip data");
    return Value::of(frame.arena().copy(*plain));
}

constexpr FunctionEntry kFunctions[] = {
    {"json_select(value, jmes:j, default=null, restrict=False)",
     FunctionTier::Core,
     "Selects from JSON by JMESPath; the default when nothing is found or the text is not JSON.",
     {R"(json_select(v("d"), "a.b[0]"))", R"j({"d": "{\"a\": {\"b\": [7]}}"})j", "7"},
     json_select},
    {"json_parse(value, default=null, restrict=False)",
     FunctionTier::Core,
     "JSON text as a value.",
     {R"j(op_len(json_parse("[1, 2]")))j", "{}", "2"},
     json_parse},
    {"xml_to_json(value)",
     FunctionTier::More,
     "XML as JSON: attributes with @, repeated elements as lists.",
     {R"j(xml_to_json("<a x='1'><b>2</b></a>"))j", "{}", R"({"a": {"@x": "1", "b": "2"}})"},
     xml_to_json},
    {"gzip_compress(value, compresslevel:n=6, to_format=\"base64\", encoding=\"utf-8\")",
     FunctionTier::More,
     "Compresses text; the result is base64 or hex.",
     {R"(gzip_decompress(gzip_compress("abc")))", "{}", "abc"},
     gzip_compress},
    {"gzip_decompress(value, from_format=\"base64\", encoding=\"utf-8\")",
     FunctionTier::More,
     "Undoes gzip_compress.",
     {R"(gzip_decompress(gzip_compress("abc", to_format="hex"), from_format="hex"))", "{}", "abc"},
     gzip_decompress},
};

}  // namespace

std::span<const FunctionEntry> json_functions() {
    return kFunctions;
}

}  // namespace spillway::transform

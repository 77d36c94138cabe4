#include "transform/xml.h"

#include "transform/unicode.h"

#include <charconv>
#include <string>
#include <vector>

namespace spillway::transform {

namespace {

constexpr int kDepthMax = 200;

class XmlReader {
  public:
    XmlReader(std::string_view text, Arena& arena) : text_(text), arena_(arena) {}

    std::optional<Value> run() {
        skip_misc();
        std::string_view name;
        Value content;
        if (!element(name, content, 0)) return std::nullopt;
        skip_misc();
        if (at_ != text_.size()) return std::nullopt;
        DictBuilder root(arena_);
        root.set(Value::of(name), content);
        return root.done();
    }

  private:
    bool next_is(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    bool take(std::string_view what) {
        if (!next_is(what)) return false;
        at_ += what.size();
        return true;
    }
    void skip_blanks() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    }
    bool skip_past(std::string_view end) {
        const auto found = text_.find(end, at_);
        if (found == std::string_view::npos) return false;
        at_ = found + end.size();
        return true;
    }
    /// Blanks, comments, the declaration and the document type.
    void skip_misc() {
        while (true) {
            skip_blanks();
            if (next_is("<?")) {
                if (!skip_past("?>")) return;
            } else if (next_is("<!--")) {
                if (!skip_past("-->")) return;
            } else if (next_is("<!DOCTYPE")) {
                if (!skip_past(">")) return;
            } else {
                return;
            }
        }
    }

    std::string_view name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n/>=<\"'&").find(text_[at_]) == std::string_view::npos) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    bool append_text(std::string& out, std::string_view raw) const {
        for (std::size_t i = 0; i < raw.size(); ++i) {
            if (raw[i] != '&') {
                out += raw[i];
                continue;
            }
            const auto end = raw.find(';', i);
            if (end == std::string_view::npos) return false;
            if (!append_entity(out, raw.substr(i + 1, end - i - 1))) return false;
            i = end;
        }
        return true;
    }

    static bool append_entity(std::string& out, std::string_view name) {
        static constexpr std::pair<std::string_view, char> kNamed[] = {
            {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
        for (const auto& [known, c] : kNamed) {
            if (known != name) continue;
            out += c;
            return true;
        }
        if (!name.starts_with('#')) return false;
        name.remove_prefix(1);
        const bool hex = name.starts_with('x');
        if (hex) name.remove_prefix(1);
        std::uint32_t code = 0;
        const auto parsed =
            std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
        if (parsed.ec != std::errc{} || code > 0x10FFFF) return false;
        append_code_point(out, code);
        return true;
    }

    bool attributes(DictBuilder& members, bool& any) {
        while (true) {
            skip_blanks();
            if (at_ >= text_.size()) return false;
            if (next_is(">") || next_is("/>")) return true;
            const auto key = name();
            skip_blanks();
            if (key.empty() || !take("=")) return false;
            skip_blanks();
            if (!next_is("\"") && !next_is("'")) return false;
            const char quote = text_[at_++];
            const auto end = text_.find(quote, at_);
            if (end == std::string_view::npos) return false;
            std::string value;
            if (!append_text(value, text_.substr(at_, end - at_))) return false;
            at_ = end + 1;
            members.set(Value::of(arena_.concat("@", key)), Value::of(arena_.copy(value)));
            any = true;
        }
    }

    /// Children of one name become a list from the second on.
    struct Child {
        std::string_view name;
        std::vector<Value> values;
    };

    bool children(std::string_view parent, std::vector<Child>& found, std::string& text,
                  int depth) {
        while (at_ < text_.size()) {
            if (take("</")) {
                if (name() != parent) return false;
                skip_blanks();
                return take(">");
            }
            if (next_is("<!--")) {
                if (!skip_past("-->")) return false;
            } else if (take("<![CDATA[")) {
                const auto end = text_.find("]]>", at_);
                if (end == std::string_view::npos) return false;
                text += text_.substr(at_, end - at_);
                at_ = end + 3;
            } else if (next_is("<?")) {
                if (!skip_past("?>")) return false;
            } else if (next_is("<")) {
                std::string_view child_name;
                Value content;
                if (!element(child_name, content, depth + 1)) return false;
                add_child(found, child_name, content);
            } else {
                const auto end = std::min(text_.find('<', at_), text_.size());
                if (!append_text(text, text_.substr(at_, end - at_))) return false;
                at_ = end;
            }
        }
        return false;
    }

    static void add_child(std::vector<Child>& found, std::string_view name, const Value& content) {
        for (auto& child : found) {
            if (child.name != name) continue;
            child.values.push_back(content);
            return;
        }
        found.push_back({name, {content}});
    }

    bool element(std::string_view& element_name, Value& content, int depth) {
        if (depth > kDepthMax || !take("<")) return false;
        element_name = name();
        if (element_name.empty()) return false;
        DictBuilder members(arena_);
        bool any = false;
        if (!attributes(members, any)) return false;
        std::vector<Child> found;
        std::string text;
        if (!take("/>")) {
            if (!take(">") || !children(element_name, found, text, depth)) return false;
        }
        for (const auto& child : found) {
            any = true;
            if (child.values.size() == 1) {
                members.set(Value::of(child.name), child.values[0]);
                continue;
            }
            ListBuilder list(arena_);
            for (const auto& value : child.values) list.add(value);
            members.set(Value::of(child.name), list.done());
        }
        content = finish(members, any, text);
        return true;
    }

    /// Only text: the text; nothing at all: null; both: text as "#text".
    Value finish(DictBuilder& members, bool any, std::string_view text) {
        const auto begin = text.find_first_not_of(" \t\r\n");
        const bool blank = begin == std::string_view::npos;
        if (!blank) text = text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
        if (!any) return blank ? Value::null() : Value::of(arena_.copy(text));
        if (!blank) members.set(Value::of(std::string_view("#text")), Value::of(arena_.copy(text)));
        return members.done();
    }

    std::string_view text_;
    Arena& arena_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<Value> parse_xml(std::string_view text, Arena& arena) {
    return XmlReader(text, arena).run();
}

}  // namespace spillway::transform

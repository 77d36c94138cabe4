// Looking values up: in dicts, in tables, by search queries; syslog priorities; metrics.
#include "transform/arguments.h"
#include "transform/compiler.h"
#include "transform/field_names.h"
#include "transform/registry.h"
#include "transform/search_query.h"
#include "transform/set_field.h"
#include "transform/unicode.h"

#include <array>
#include <charconv>
#include <unordered_map>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Flow flow_of(const Frame& frame) {
    return frame.has_failed ? Flow::Ended : Flow::Go;
}

/// A dict by text: as it is, and folded.
struct DictIndex {
    std::unordered_map<std::string, Value> exact;
    std::unordered_map<std::string, Value> folded;

    DictIndex(const Dict& dict, Arena& arena) {
        for (const auto& entry : dict) {
            const std::string key(stored_text(entry.key, arena));
            folded.insert_or_assign(fold_text(key), entry.value);
            exact.insert_or_assign(key, entry.value);
        }
    }

    const Value* find(std::string_view text, bool case_insensitive) const {
        if (const auto found = exact.find(std::string(text)); found != exact.end()) {
            return &found->second;
        }
        if (case_insensitive) {
            const auto found = folded.find(fold_text(text));
            if (found != folded.end()) return &found->second;
        }
        const auto any = exact.find("*");
        return any == exact.end() ? nullptr : &any->second;
    }
};

class DictMap final : public Op {
  public:
    struct Settings {
        const Expr* dict;
        const DictIndex* index;  ///< of a constant dict
        const Expr* fields;
        const Expr* output;
        const Expr* missing;
        bool case_insensitive;
        Mode mode;
    };
    explicit DictMap(const Settings& settings) : set_(settings) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        if (set_.index != nullptr) return map_all(frame, event, *set_.index);
        const Value given = (*set_.dict)(frame);
        if (frame.has_failed) return Flow::Ended;
        const auto dict = dict_argument(frame, given);
        if (!dict) {
            frame.fail(fmt::format("e_dict_map: {} is no dict", name_of(given.kind)));
            return Flow::Ended;
        }
        return map_all(frame, event, DictIndex(*dict->dict, frame.arena()));
    }

  private:
    Flow map_all(Frame& frame, Event& event, const DictIndex& index) const {
        const Value fields = (*set_.fields)(frame);
        if (frame.has_failed) return Flow::Ended;
        Outcome all = Outcome::Absent;
        if (!fields.is_list()) {
            all = map_one(frame, event, index, fields);
        } else {
            for (const auto& field : *fields.list) {
                all = std::max(all, map_one(frame, event, index, field));
            }
        }
        if (all == Outcome::Missed && !frame.has_failed) {
            store(frame, event, (*set_.missing)(frame));
        }
        return flow_of(frame);
    }

    enum class Outcome { Absent, Missed, Hit };

    Outcome map_one(Frame& frame, Event& event, const DictIndex& index, const Value& field) const {
        const auto text = event.find(stored_text(field, frame.arena()), frame.arena());
        if (!text) {
            frame.warn();
            return Outcome::Absent;
        }
        const Value* found = index.find(*text, set_.case_insensitive);
        if (found == nullptr) return Outcome::Missed;
        store(frame, event, *found);
        return Outcome::Hit;
    }

    void store(Frame& frame, Event& event, const Value& value) const {
        const Value output = (*set_.output)(frame);
        if (frame.has_failed || value.is_null()) return;
        set_field(frame, event, stored_text(output, frame.arena()), value, set_.mode);
    }

    Settings set_;
};

const Op* build_dict_map(Compiler& compiler, const Node& call) {
    DictMap::Settings set{};
    set.dict = compiler.argument(call, 0);
    set.fields = compiler.argument(call, 1);
    set.output = compiler.argument(call, 2);
    set.missing = compiler.named(call, "missing");
    set.case_insensitive = compiler.constant_flag(call, "case_insensitive");
    set.mode = compiler.constant_mode(call);
    compiler.reads(set.fields);
    compiler.writes(set.output, "e_dict_map");
    if (set.dict->is_constant && set.dict->constant.kind == Kind::Dict) {
        set.index = compiler.code().keep(DictIndex(*set.dict->constant.dict, compiler.arena()));
    }
    return compiler.code().make<DictMap>(set);
}

/// A name, a pair (first, second), or a list of those.
struct NamePair {
    std::string_view first;
    std::string_view second;
};

std::vector<NamePair> name_pairs(Frame& frame, const Value& names) {
    std::vector<NamePair> pairs;
    const auto add = [&](const Value& name) {
        if (name.is_list() && name.list->size == 2) {
            pairs.push_back({stored_text(name.list->items[0], frame.arena()),
                             stored_text(name.list->items[1], frame.arena())});
        } else if (name.is_list()) {
            frame.fail("a renaming must be a pair of two names");
        } else {
            const auto text = stored_text(name, frame.arena());
            pairs.push_back({text, text});
        }
    };
    const bool one_pair = names.kind == Kind::Tuple && names.list->size == 2 &&
                          names.list->items[0].is_text() && names.list->items[1].is_text();
    if (names.is_list() && !one_pair) {
        for (const auto& name : *names.list) add(name);
    } else if (names.is_text()) {
        const Value list = name_list(frame, names);
        for (const auto& name : *list.list) add(name);
    } else {
        add(names);
    }
    return pairs;
}

const Table* table_argument(Frame& frame, const Expr* expr, std::string_view function) {
    const Value value = (*expr)(frame);
    if (frame.has_failed) return nullptr;
    if (value.kind == Kind::Table) return value.table;
    frame.fail(fmt::format("{}: {} is no table", function, name_of(value.kind)));
    return nullptr;
}

class TableMap final : public Op {
  public:
    TableMap(const Expr* table, const Expr* fields, const Expr* outputs, const Expr* missing,
             Mode mode)
        : table_(table), fields_(fields), outputs_(outputs), missing_(missing), mode_(mode) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        const Table* table = table_argument(frame, table_, "e_table_map");
        if (table == nullptr) return Flow::Ended;
        const auto fields = name_pairs(frame, (*fields_)(frame));
        const auto outputs = name_pairs(frame, (*outputs_)(frame));
        if (frame.has_failed) return Flow::Ended;
        std::vector<std::pair<std::size_t, std::string_view>> wanted;
        for (const auto& field : fields) {
            const auto column = table->column_of(field.second);
            const auto text = event.find(field.first, frame.arena());
            if (!column) {
                frame.fail(
                    fmt::format("e_table_map: the table has no column \"{}\"", field.second));
                return Flow::Ended;
            }
            if (!text) {
                frame.warn();
                return Flow::Go;
            }
            wanted.emplace_back(*column, *text);
        }
        write(frame, event, *table, outputs, find_row(*table, wanted));
        return flow_of(frame);
    }

  private:
    static bool cell_is(const Table& table, std::size_t row, std::size_t column,
                        std::string_view text) {
        const auto cell = table.cell(row, column);
        if (cell == text || cell == "*") return true;
        return table.case_insensitive && fold_text(cell) == fold_text(text);
    }

    static std::optional<std::size_t> find_row(
        const Table& table, const std::vector<std::pair<std::size_t, std::string_view>>& wanted) {
        for (std::size_t row = 0; row < table.row_count; ++row) {
            bool matches = true;
            for (const auto& [column, text] : wanted) {
                matches = matches && cell_is(table, row, column, text);
            }
            if (matches) return row;
        }
        return std::nullopt;
    }

    void write(Frame& frame, Event& event, const Table& table, const std::vector<NamePair>& outputs,
               std::optional<std::size_t> row) const {
        for (const auto& output : outputs) {
            const auto column = table.column_of(output.first);
            if (!column) {
                frame.fail(
                    fmt::format("e_table_map: the table has no column \"{}\"", output.first));
                return;
            }
            if (row) {
                set_field(frame, event, output.second, table.cell(*row, *column), mode_);
                continue;
            }
            const Value missing = (*missing_)(frame);
            if (!missing.is_null()) set_field(frame, event, output.second, missing, mode_);
        }
        if (!row) frame.warn();
    }

    const Expr* table_;
    const Expr* fields_;
    const Expr* outputs_;
    const Expr* missing_;
    Mode mode_;
};

const Op* build_table_map(Compiler& compiler, const Node& call) {
    const Expr* fields = compiler.argument(call, 1);
    const Expr* outputs = compiler.argument(call, 2);
    compiler.effects().reads_unknown = true;
    compiler.effects().writes_unknown = true;
    compiler.edits("e_table_map sets fields of each log");
    return compiler.code().make<TableMap>(compiler.argument(call, 0), fields, outputs,
                                          compiler.named(call, "missing"),
                                          compiler.constant_mode(call));
}

/// Queries beside what they stand for; compiled with the rule where they are constant.
struct QueryEntry {
    SearchQuery query;
    Value value;
    std::size_t row = 0;
};

class SearchMap final : public Op {
  public:
    struct Settings {
        std::vector<QueryEntry> entries;
        const Expr* outputs;  ///< of a dict: the field; of a table: (column, field)...
        const Table* table;   ///< null for a dict
        bool multi;
        std::string_view join;
        const Expr* missing;
        Mode mode;
    };
    explicit SearchMap(Settings settings) : set_(std::move(settings)) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        std::vector<const QueryEntry*> hits;
        for (const auto& entry : set_.entries) {
            if (!entry.query.matches(frame)) continue;
            hits.push_back(&entry);
            if (!set_.multi) break;
        }
        const Value outputs = (*set_.outputs)(frame);
        if (frame.has_failed) return Flow::Ended;
        if (set_.table == nullptr) {
            write(frame, event, stored_text(outputs, frame.arena()), hits, 0);
            return flow_of(frame);
        }
        for (const auto& output : name_pairs(frame, outputs)) {
            const auto column = set_.table->column_of(output.first);
            if (!column) {
                frame.fail(fmt::format("e_search_table_map: the table has no column \"{}\"",
                                       output.first));
                return Flow::Ended;
            }
            write(frame, event, output.second, hits, *column);
        }
        return flow_of(frame);
    }

  private:
    void write(Frame& frame, Event& event, std::string_view field,
               const std::vector<const QueryEntry*>& hits, std::size_t column) const {
        if (hits.empty()) {
            const Value missing = (*set_.missing)(frame);
            if (!missing.is_null()) set_field(frame, event, field, missing, set_.mode);
            return;
        }
        std::string joined;
        for (const auto* hit : hits) {
            if (hit != hits.front()) joined += set_.join;
            joined += set_.table == nullptr ? stored_text(hit->value, frame.arena())
                                            : set_.table->cell(hit->row, column);
        }
        set_field(frame, event, field, frame.arena().copy(joined), set_.mode);
    }

    Settings set_;
};

bool add_query(Compiler& compiler, const Node& call, std::string_view text, const Value& value,
               std::size_t row, std::vector<QueryEntry>& entries) {
    auto query = SearchQuery::parse(text);
    if (!query) {
        compiler.diagnostics().error(
            "T0508", call.bound[0]->span,
            fmt::format("the query \"{}\" is wrong: {}", text, query.error().message));
        return false;
    }
    entries.push_back({*std::move(query), value, row});
    return true;
}

SearchMap::Settings search_settings(Compiler& compiler, const Node& call, const Expr* outputs) {
    SearchMap::Settings set{};
    set.outputs = outputs;
    set.multi = compiler.constant_flag(call, "multi_match");
    set.join = compiler.constant_text(call, "multi_join");
    set.missing = compiler.named(call, "missing");
    set.mode = compiler.constant_mode(call);
    compiler.effects().reads_unknown = true;
    return set;
}

const Op* build_search_dict_map(Compiler& compiler, const Node& call) {
    const Expr* dict = compiler.argument(call, 0);
    const Expr* output = compiler.argument(call, 1);
    auto set = search_settings(compiler, call, output);
    compiler.writes(output, "e_search_dict_map");
    if (!dict->is_constant || dict->constant.kind != Kind::Dict) {
        compiler.diagnostics().error("T0503", call.bound[0]->span,
                                     "the dict of queries must be a constant");
        return nullptr;
    }
    for (const auto& entry : *dict->constant.dict) {
        if (!add_query(compiler, call, stored_text(entry.key, compiler.arena()), entry.value, 0,
                       set.entries)) {
            return nullptr;
        }
    }
    return compiler.code().make<SearchMap>(std::move(set));
}

const Op* build_search_table_map(Compiler& compiler, const Node& call) {
    const Expr* table = compiler.argument(call, 0);
    const auto input = compiler.constant_text(call, "inpt");
    auto set = search_settings(compiler, call, compiler.argument(call, 2));
    compiler.effects().writes_unknown = true;
    compiler.edits("e_search_table_map sets fields of each log");
    const bool constant = table->is_constant && table->constant.kind == Kind::Table;
    const auto column = constant ? table->constant.table->column_of(input) : std::nullopt;
    if (!column) {
        compiler.diagnostics().error(
            "T0503", call.bound[0]->span,
            constant
                ? fmt::format("the table has no column \"{}\"", input)
                : "the table of queries must be a constant, as tab_parse_csv(\"...\") makes it");
        return nullptr;
    }
    set.table = table->constant.table;
    for (std::size_t row = 0; row < set.table->row_count; ++row) {
        if (!add_query(compiler, call, set.table->cell(row, *column), {}, row, set.entries)) {
            return nullptr;
        }
    }
    return compiler.code().make<SearchMap>(std::move(set));
}

// The codes of RFC 3164 and RFC 5424.
constexpr std::array<std::string_view, 24> kFacilities = {
    "kernel messages",
    "user-level messages",
    "mail system",
    "system daemons",
    "security/authorization messages",
    "messages generated internally by syslogd",
    "line printer subsystem",
    "network news subsystem",
    "UUCP subsystem",
    "clock daemon",
    "security/authorization messages",
    "FTP daemon",
    "NTP subsystem",
    "log audit",
    "log alert",
    "clock daemon",
    "local use 0",
    "local use 1",
    "local use 2",
    "local use 3",
    "local use 4",
    "local use 5",
    "local use 6",
    "local use 7"};
constexpr std::array<std::string_view, 8> kSeverities = {
    "Emergency: system is unusable",         "Alert: action must be taken immediately",
    "Critical: critical conditions",         "Error: error conditions",
    "Warning: warning conditions",           "Notice: normal but significant condition",
    "Informational: informational messages", "Debug: debug-level messages"};

class SyslogPriority final : public Op {
  public:
    SyslogPriority(const Expr* field, const Expr* info, Mode mode)
        : field_(field), info_(info), mode_(mode) {}

    Flow run(Frame& frame, Event& event, const Rest*) const override {
        const auto name = stored_text((*field_)(frame), frame.arena());
        const Value info = (*info_)(frame);
        if (frame.has_failed) return Flow::Ended;
        auto text = event.find(name, frame.arena()).value_or("");
        if (text.starts_with('<')) text = text.substr(1, text.find('>') - 1);
        text = trimmed(text);
        std::uint32_t priority = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), priority);
        if (error != std::errc{} || end != text.data() + text.size() || priority > 191) {
            frame.warn();
            return Flow::Go;
        }
        put(frame, event, info, "_facility_", frame.arena().copy(std::to_string(priority / 8)));
        put(frame, event, info, "_severity_", frame.arena().copy(std::to_string(priority % 8)));
        put(frame, event, info, "_facilitylabel_", kFacilities[priority / 8]);
        put(frame, event, info, "_severitylabel_", kSeverities[priority % 8]);
        return flow_of(frame);
    }

  private:
    void put(Frame& frame, Event& event, const Value& info, std::string_view key,
             std::string_view value) const {
        if (info.kind == Kind::Dict) {
            const Value* renamed = info.dict->find(key);
            if (renamed != nullptr && !renamed->is_null()) {
                key = stored_text(*renamed, frame.arena());
            }
        }
        set_field(frame, event, key, value, mode_);
    }

    const Expr* field_;
    const Expr* info_;
    Mode mode_;
};

const Op* build_syslog(Compiler& compiler, const Node& call) {
    const auto rfc = compiler.constant_text(call, "rfc");
    if (rfc != "SYSLOGRFC3164" && rfc != "SYSLOGRFC5424") {
        compiler.diagnostics().error("T0510", compiler.span_of(call, "rfc"),
                                     fmt::format("unknown syslog form \"{}\"", rfc),
                                     "SYSLOGRFC3164 or SYSLOGRFC5424");
    }
    const Expr* field = compiler.argument(call, 0);
    compiler.reads(field);
    compiler.effects().writes_unknown = true;
    compiler.edits("e_syslogrfc sets fields of each log");
    return compiler.code().make<SyslogPriority>(field, compiler.named(call, "fields_info"),
                                                compiler.constant_mode(call));
}

class ToMetric final : public Op {
  public:
    ToMetric(const Expr* names, const Expr* labels, const Expr* time)
        : names_(names), labels_(labels), time_(time) {}

    Flow run(Frame& frame, Event& event, const Rest* rest) const override {
        const auto names = name_pairs(frame, (*names_)(frame));
        const Value labels_value = (*labels_)(frame);
        const auto labels =
            labels_value.is_null() ? std::vector<NamePair>{} : name_pairs(frame, labels_value);
        const Value time_field = (*time_)(frame);
        if (frame.has_failed) return Flow::Ended;
        std::string label_text;
        for (const auto& label : labels) {
            const auto value = event.find(label.first, frame.arena());
            if (!value) continue;
            if (!label_text.empty()) label_text += '|';
            label_text.append(label.second).append("#$#").append(*value);
        }
        const auto time =
            event.find(time_field.is_null() ? kTimeField : stored_text(time_field, frame.arena()),
                       frame.arena());
        for (const auto& name : names) {
            emit(frame, event, rest, name, label_text, time.value_or(""));
            if (frame.has_failed) return Flow::Ended;
        }
        return Flow::Ended;
    }

  private:
    static void emit(Frame& frame, Event& event, const Rest* rest, const NamePair& name,
                     const std::string& labels, std::string_view time) {
        const auto text = event.find(name.first, frame.arena());
        const auto value = text ? parse_double(*text) : std::nullopt;
        if (!value) {
            frame.warn();
            return;
        }
        auto made = frame.borrow_event();
        made->copy_from(event);
        made->remove_if(frame.arena(),
                        [](std::string_view key) { return place_of(key) == Place::Content; });
        std::string nanoseconds(time);
        while (!nanoseconds.empty() && nanoseconds.size() < 19) nanoseconds += '0';
        made->set("__labels__", frame.arena().copy(labels));
        made->set("__name__", name.second);
        made->set("__value__", frame.arena().copy(float_text(*value)));
        if (!nanoseconds.empty()) made->set("__time_nano__", frame.arena().copy(nanoseconds));
        run_rest(frame, *made, rest);
        frame.give_back(std::move(made));
    }

    const Expr* names_;
    const Expr* labels_;
    const Expr* time_;
};

const Op* build_to_metric(Compiler& compiler, const Node& call) {
    compiler.effects().reads_unknown = true;
    compiler.effects().writes_unknown = true;
    compiler.effects().splits = true;
    compiler.edits("e_to_metric makes metrics out of each log");
    return compiler.code().make<ToMetric>(compiler.argument(call, 0), compiler.argument(call, 1),
                                          compiler.argument(call, 2));
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry kFunctions[] = {
    {"e_dict_map(data:d, field:F, output_field:f, case_insensitive=True, missing=null, "
     "mode:m=\"overwrite\")",
     kCore,
     "Sets a field to what the dict has for another field's value; \"*\" is any value.",
     {R"(e_dict_map({"1": "one", "*": "many"}, "n", "word"))", R"({"n": "7"})",
      R"({"n": "7", "word": "many"})"},
     nullptr,
     nullptr,
     build_dict_map},
    {"e_table_map(data:T, field, output_fields, missing=null, mode:m=\"fill-auto\")",
     kMore,
     "Sets fields from the first row of a table whose columns equal the fields.",
     {R"(e_table_map(tab_parse_csv("dc,owner\nd1,kim"), "dc", "owner"))", R"({"dc": "d1"})",
      R"({"dc": "d1", "owner": "kim"})"},
     nullptr,
     nullptr,
     build_table_map},
    {"e_search_dict_map(data:d, output_field:f, multi_match=False, multi_join:t=\" \", "
     "missing=null, "
     "mode:m=\"overwrite\")",
     kMore,
     "Sets a field to the value of the first query that the event matches, or of all.",
     {R"(e_search_dict_map({"rc==1": "one", "rc > 1": "more"}, "word"))", R"({"rc": "5"})",
      R"({"rc": "5", "word": "more"})"},
     nullptr,
     nullptr,
     build_search_dict_map},
    {"e_search_table_map(data:T, inpt:t, output_fields, multi_match=False, multi_join:t=\" \", "
     "missing=null, mode:m=\"fill-auto\")",
     kMore,
     "The same with queries in a column of a table.",
     {R"(e_search_table_map(tab_parse_csv("q,team\nlevel==ERROR,ops"), "q", "team"))",
      R"({"level": "ERROR"})", R"({"level": "ERROR", "team": "ops"})"},
     nullptr,
     nullptr,
     build_search_table_map},
    {"e_syslogrfc(field:f, rfc:t, fields_info:d=null, mode:m=\"overwrite\")",
     kMore,
     "Sets facility and severity, with their labels, from a syslog priority.",
     {R"j(e_compose(e_syslogrfc("p", "SYSLOGRFC5424"), e_drop_fields(".*label_")))j",
      R"({"p": "30"})", R"({"p": "30", "_facility_": "3", "_severity_": "6"})"},
     nullptr,
     nullptr,
     build_syslog},
    {"e_to_metric(names, labels=null, time:f=null)",
     kMore,
     "Makes one metric record per named field.",
     {R"(e_to_metric("rt", labels="host", time="at"))",
      R"({"rt": "5", "host": "h1", "at": "1700000000"})",
      R"({"__labels__": "host#$#h1", "__name__": "rt", "__value__": "5.0", "__time_nano__": "1700000000000000000"})"},
     nullptr,
     nullptr,
     build_to_metric},
};

}  // namespace

std::span<const FunctionEntry> mapping_functions() {
    return kFunctions;
}

}  // namespace spillway::transform

#include "switchover/codec.h"

#include "base/text.h"

namespace spillway::switchover {

namespace {

Error damaged(std::string_view what, std::string_view member) {
    return make_error(ErrorCode::Corrupt,
                      "a stored " + std::string(what) + " has no usable " + std::string(member));
}

template <class Enum>
std::optional<Enum> parse_enum(const json::object& object, std::string_view key, int count) {
    const auto name = find_string(object, key);
    if (!name) return std::nullopt;
    for (int i = 0; i < count; ++i) {
        if (*name == name_of(static_cast<Enum>(i))) return static_cast<Enum>(i);
    }
    return std::nullopt;
}

std::string text_of(const json::object& object, std::string_view key) {
    return find_string(object, key).value_or("");
}

template <class Number>
Number number_of(const json::object& object, std::string_view key, Number fallback = 0) {
    const auto found = find_int(object, key);
    return found ? static_cast<Number>(*found) : fallback;
}

std::optional<double> real_of(const json::object& object, std::string_view key) {
    const auto* found = object.if_contains(key);
    if (found == nullptr || !found->is_number()) return std::nullopt;
    return found->to_number<double>();
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
    std::vector<std::string> texts;
    if (const auto* array = find_array(object, key)) {
        for (const auto& entry : *array) {
            if (entry.is_string()) texts.emplace_back(entry.get_string());
        }
    }
    return texts;
}

json::array texts(const std::vector<std::string>& from) {
    json::array array;
    for (const auto& text : from) array.emplace_back(text);
    return array;
}

json::object encode(const ConfigMove& move);
json::object encode(const Step& step);
json::object encode(const RuleResult& rule);
json::object encode(const ShardWindow& window);
json::object encode(const WindowClass& window);
json::object encode(const CollectorConfig& config);
json::object encode(const MachineGroup& group);
json::object encode(const GroupBinding& binding);
json::object encode(const LogstoreInfo& info);

template <class T>
json::array encode_all(const std::vector<T>& from) {
    json::array array;
    for (const auto& entry : from) array.emplace_back(encode(entry));
    return array;
}

/// Every object in the member `key`, decoded by `decode`; entries of another type are skipped.
template <class Decode>
void decode_all(const json::object& object, std::string_view key, Decode decode) {
    const auto* array = find_array(object, key);
    if (array == nullptr) return;
    for (const auto& entry : *array) {
        if (entry.is_object()) decode(entry.get_object());
    }
}

Measure decode_measure(const json::object& parent, std::string_view key) {
    Measure measure;
    const auto* object = find_object(parent, key);
    if (object == nullptr) return measure;
    measure.value = real_of(*object, "value");
    measure.bound = parse_enum<Bound>(*object, "bound", 3).value_or(Bound::Unknown);
    measure.reason = text_of(*object, "reason");
    return measure;
}

json::object encode(const ConfigMove& move) {
    return {{"config", move.config.str()},
            {"form", name_of(move.form)},
            {"source_group", move.source_group.str()},
            {"target_group", move.target_group.str()},
            {"source_digest", move.source_digest},
            {"twin_digest", move.twin_digest},
            {"tail_size_kb", move.tail_size_kb}};
}

ConfigMove decode_move(const json::object& object) {
    ConfigMove move;
    move.config = ConfigName(text_of(object, "config"));
    move.form = parse_enum<ConfigForm>(object, "form", 2).value_or(ConfigForm::Pipeline);
    move.source_group = MachineGroupName(text_of(object, "source_group"));
    move.target_group = MachineGroupName(text_of(object, "target_group"));
    move.source_digest = text_of(object, "source_digest");
    move.twin_digest = text_of(object, "twin_digest");
    move.tail_size_kb = number_of<std::uint32_t>(object, "tail_size_kb");
    return move;
}

json::object encode(const Step& step) {
    return {{"kind", name_of(step.kind)},
            {"wave", step.wave},
            {"sentence", step.sentence},
            {"undo", step.undo}};
}

json::object encode(const RuleResult& rule) {
    return {{"rule", rule.rule},
            {"verdict", name_of(rule.verdict)},
            {"sentence", rule.sentence},
            {"override", rule.override_flag}};
}

json::object encode(const Forecast& forecast) {
    return {{"loss_seconds", encode(forecast.loss_seconds)},
            {"loss_logs", encode(forecast.loss_logs)},
            {"duplicate_bytes_per_file", encode(forecast.duplicate_bytes_per_file)},
            {"write_gap_seconds", encode(forecast.write_gap_seconds)}};
}

json::object encode(const ShardWindow& window) {
    json::object object{{"link", window.link},
                        {"shard", window.shard.value()},
                        {"replicated_at_cut", window.replicated_at_cut.str()},
                        {"source_end", nullptr},
                        {"loss_logs", encode(window.loss_logs)},
                        {"loss_seconds", encode(window.loss_seconds)}};
    if (window.source_end) object["source_end"] = window.source_end->str();
    if (window.proved_at_end) put_time(object, "proved_at_end", *window.proved_at_end);
    return object;
}

ShardWindow decode_window(const json::object& object) {
    ShardWindow window;
    window.link = text_of(object, "link");
    window.shard = ShardId(number_of<std::uint32_t>(object, "shard"));
    window.replicated_at_cut = Cursor(text_of(object, "replicated_at_cut"));
    if (const auto end = find_string(object, "source_end")) window.source_end = Cursor(*end);
    window.proved_at_end = time_of(object, "proved_at_end");
    window.loss_logs = decode_measure(object, "loss_logs");
    window.loss_seconds = decode_measure(object, "loss_seconds");
    return window;
}

json::object encode(const WindowClass& window) {
    return {{"id", window.id}, {"sentence", window.sentence}, {"logs", encode(window.logs)}};
}

json::object encode(const CollectorConfig& config) {
    return {{"name", config.name.str()}, {"form", name_of(config.form)}, {"body", config.body}};
}

json::object encode(const MachineGroup& group) {
    return {{"name", group.name.str()},
            {"identify_type", group.identify_type},
            {"machines", texts(group.machines)},
            {"attribute", group.attribute},
            {"type", group.type}};
}

json::object encode(const GroupBinding& binding) {
    json::array configs;
    for (const auto& config : binding.configs) configs.emplace_back(config.str());
    return {{"group", binding.group.str()}, {"configs", std::move(configs)}};
}

json::object encode(const LogstoreInfo& info) {
    const auto& settings = info.settings;
    return {{"logstore", info.ref.logstore.str()},
            {"ttl_days", settings.ttl_days},
            {"shard_count", settings.shard_count},
            {"auto_split", settings.auto_split},
            {"max_split_shard", settings.max_split_shard},
            {"enable_tracking", settings.enable_tracking},
            {"append_meta", settings.append_meta},
            {"other", settings.other}};
}

LogstoreInfo decode_logstore(const json::object& object, const ProjectName& project) {
    LogstoreInfo info;
    info.ref = {project, LogstoreName(text_of(object, "logstore"))};
    auto& settings = info.settings;
    settings.ttl_days = number_of<std::uint32_t>(object, "ttl_days", 30);
    settings.shard_count = number_of<std::uint32_t>(object, "shard_count", 2);
    settings.auto_split = find_bool(object, "auto_split").value_or(false);
    settings.max_split_shard = number_of<std::uint32_t>(object, "max_split_shard", 64);
    settings.enable_tracking = find_bool(object, "enable_tracking").value_or(false);
    settings.append_meta = find_bool(object, "append_meta").value_or(false);
    if (const auto* other = find_object(object, "other")) settings.other = *other;
    return info;
}

Operation& read_times(Operation& operation, const json::object& object) {
    operation.started_at = time_of(object, "started_at").value_or(WallTime{});
    operation.ended_at = time_of(object, "ended_at");
    return operation;
}

}  // namespace

std::string_view name_of(RuleVerdict verdict) {
    switch (verdict) {
        case RuleVerdict::Pass:
            return "pass";
        case RuleVerdict::Refused:
            return "refused";
        case RuleVerdict::Overridden:
            return "overridden";
        case RuleVerdict::NotApplicable:
            return "not_applicable";
    }
    return "pass";
}

std::string_view name_of(ConfigForm form) {
    return form == ConfigForm::Pipeline ? "pipeline" : "classic";
}

void put_time(json::object& object, std::string_view key, WallTime at) {
    object[key] = rfc3339(at);
    object[std::string(key) + "_ms"] =
        std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

std::optional<WallTime> time_of(const json::object& object, std::string_view key) {
    const auto found = find_int(object, std::string(key) + "_ms");
    if (!found) return std::nullopt;
    return WallTime{milliseconds{*found}};
}

json::object encode(const Measure& measure) {
    json::object object{
        {"value", nullptr}, {"bound", name_of(measure.bound)}, {"reason", measure.reason}};
    if (measure.value) object["value"] = *measure.value;
    return object;
}

json::object encode(const PairRecord& record) {
    json::object object{{"epoch", record.epoch},
                        {"active", record.active.str()},
                        {"phase", name_of(record.phase)},
                        {"operation", record.operation.str()}};
    put_time(object, "changed_at", record.changed_at);
    return object;
}

Result<PairRecord> decode_pair(const json::object& object) {
    PairRecord record;
    record.epoch = number_of<Epoch>(object, "epoch");
    record.active = RegionName(text_of(object, "active"));
    const auto phase = parse_enum<PairPhase>(object, "phase", 3);
    if (record.epoch == 0 || record.active.empty() || !phase) {
        return damaged("pair", "epoch, active or phase");
    }
    record.phase = *phase;
    record.operation = OperationId(text_of(object, "operation"));
    record.changed_at = time_of(object, "changed_at").value_or(WallTime{});
    return record;
}

json::object encode(const Plan& plan) {
    json::object object{{"digest", plan.digest},
                        {"pair", plan.pair.str()},
                        {"kind", name_of(plan.kind)},
                        {"from", plan.from.str()},
                        {"to", plan.to.str()},
                        {"epoch", plan.epoch},
                        {"backup", plan.backup},
                        {"moves", encode_all(plan.moves)},
                        {"steps", encode_all(plan.steps)},
                        {"rules", encode_all(plan.rules)},
                        {"warnings", texts(plan.warnings)},
                        {"forecast", encode(plan.forecast)}};
    put_time(object, "made_at", plan.made_at);
    return object;
}

Result<Plan> decode_plan(const json::object& object) {
    Plan plan;
    plan.digest = text_of(object, "digest");
    plan.pair = PairName(text_of(object, "pair"));
    const auto kind = parse_operation_kind(text_of(object, "kind"));
    if (!kind) return damaged("plan", "kind");
    plan.kind = *kind;
    plan.from = RegionName(text_of(object, "from"));
    plan.to = RegionName(text_of(object, "to"));
    plan.epoch = number_of<Epoch>(object, "epoch");
    plan.backup = text_of(object, "backup");
    plan.warnings = texts_of(object, "warnings");
    decode_all(object, "moves",
               [&](const auto& entry) { plan.moves.push_back(decode_move(entry)); });
    bool known = true;
    decode_all(object, "steps", [&](const json::object& entry) {
        const auto step = parse_enum<StepKind>(entry, "kind", 10);
        known = known && step.has_value();
        plan.steps.push_back({step.value_or(StepKind::Cut), number_of<int>(entry, "wave"),
                              text_of(entry, "sentence"), text_of(entry, "undo")});
    });
    // A newer controller may have planned a step that this one does not know: yield, never skip it.
    if (!known) return damaged("plan", "step kind; it was made by a newer version");
    decode_all(object, "rules", [&](const json::object& entry) {
        plan.rules.push_back(
            {text_of(entry, "rule"),
             parse_enum<RuleVerdict>(entry, "verdict", 4).value_or(RuleVerdict::Pass),
             text_of(entry, "sentence"), text_of(entry, "override")});
    });
    if (const auto* forecast = find_object(object, "forecast")) {
        plan.forecast.loss_seconds = decode_measure(*forecast, "loss_seconds");
        plan.forecast.loss_logs = decode_measure(*forecast, "loss_logs");
        plan.forecast.duplicate_bytes_per_file =
            decode_measure(*forecast, "duplicate_bytes_per_file");
        plan.forecast.write_gap_seconds = decode_measure(*forecast, "write_gap_seconds");
    }
    plan.made_at = time_of(object, "made_at").value_or(WallTime{});
    return plan;
}

json::object encode(const Operation& operation) {
    json::object object{{"id", operation.id.str()},
                        {"plan", encode(operation.plan)},
                        {"phase", name_of(operation.phase)},
                        {"reason", operation.reason},
                        {"requested_by", operation.requested_by},
                        {"advice", operation.advice}};
    if (operation.accept_loss) object["accept_loss_ms"] = operation.accept_loss->count();
    put_time(object, "started_at", operation.started_at);
    if (operation.ended_at) put_time(object, "ended_at", *operation.ended_at);
    return object;
}

Result<Operation> decode_operation(const json::object& object) {
    Operation operation;
    operation.id = OperationId(text_of(object, "id"));
    const auto* plan_object = find_object(object, "plan");
    const auto phase = parse_enum<OperationPhase>(object, "phase", 5);
    if (operation.id.empty() || plan_object == nullptr || !phase) {
        return damaged("operation", "id, plan or phase");
    }
    auto plan = decode_plan(*plan_object);
    if (!plan) return std::move(plan).error();
    operation.plan = std::move(*plan);
    operation.phase = *phase;
    operation.reason = text_of(object, "reason");
    operation.requested_by = text_of(object, "requested_by");
    operation.advice = text_of(object, "advice");
    if (const auto loss = find_int(object, "accept_loss_ms")) {
        operation.accept_loss = milliseconds{*loss};
    }
    return read_times(operation, object);
}

json::object encode(const JournalRecord& record) {
    json::object object{{"number", record.number},     {"kind", name_of(record.kind)},
                        {"step", record.step},         {"by", record.by},
                        {"sentence", record.sentence}, {"detail", record.detail}};
    put_time(object, "at", record.at);
    return object;
}

Result<JournalRecord> decode_journal(const json::object& object) {
    JournalRecord record;
    const auto kind = parse_enum<JournalKind>(object, "kind", 4);
    const auto number = find_int(object, "number");
    if (!kind || !number) return damaged("journal record", "kind or number");
    record.number = static_cast<std::uint32_t>(*number);
    record.kind = *kind;
    record.step = number_of<int>(object, "step", -1);
    record.by = text_of(object, "by");
    record.sentence = text_of(object, "sentence");
    if (const auto* detail = find_object(object, "detail")) record.detail = *detail;
    record.at = time_of(object, "at").value_or(WallTime{});
    record.hash = text_of(object, "hash");
    return record;
}

json::object encode(const Obligation& obligation) {
    json::object object{
        {"pair", obligation.pair.str()},           {"epoch", obligation.epoch},
        {"kind", name_of(obligation.kind)},        {"region", obligation.region.str()},
        {"operation", obligation.operation.str()}, {"open", !obligation.closed_at.has_value()},
        {"sentence", obligation.sentence}};
    put_time(object, "opened_at", obligation.opened_at);
    if (obligation.closed_at) put_time(object, "closed_at", *obligation.closed_at);
    return object;
}

Result<Obligation> decode_obligation(const json::object& object) {
    Obligation obligation;
    const auto kind = parse_enum<ObligationKind>(object, "kind", 2);
    if (!kind) return damaged("obligation", "kind");
    obligation.kind = *kind;
    obligation.pair = PairName(text_of(object, "pair"));
    obligation.epoch = number_of<Epoch>(object, "epoch");
    obligation.region = RegionName(text_of(object, "region"));
    obligation.operation = OperationId(text_of(object, "operation"));
    obligation.sentence = text_of(object, "sentence");
    obligation.opened_at = time_of(object, "opened_at").value_or(WallTime{});
    obligation.closed_at = time_of(object, "closed_at");
    return obligation;
}

json::object encode(const Report& report) {
    json::object object{{"operation", report.operation.str()},
                        {"pair", report.pair.str()},
                        {"kind", name_of(report.kind)},
                        {"from", report.from.str()},
                        {"to", report.to.str()},
                        {"epoch", report.epoch},
                        {"final", report.final},
                        {"shards", encode_all(report.shards)},
                        {"loss_logs", encode(report.loss_logs)},
                        {"loss_seconds", encode(report.loss_seconds)},
                        {"missing_logs", encode(report.missing_logs)},
                        {"duplicate_logs", encode(report.duplicate_logs)},
                        {"duplicate_seconds", encode(report.duplicate_seconds)},
                        {"classes", encode_all(report.classes)},
                        {"notes", texts(report.notes)}};
    if (report.write_gap) object["write_gap_ms"] = report.write_gap->count();
    put_time(object, "made_at", report.made_at);
    put_time(object, "started_at", report.started_at);
    put_time(object, "committed_at", report.committed_at);
    return object;
}

Result<Report> decode_report(const json::object& object) {
    Report report;
    report.operation = OperationId(text_of(object, "operation"));
    const auto kind = parse_operation_kind(text_of(object, "kind"));
    if (report.operation.empty() || !kind) return damaged("report", "operation or kind");
    report.kind = *kind;
    report.pair = PairName(text_of(object, "pair"));
    report.from = RegionName(text_of(object, "from"));
    report.to = RegionName(text_of(object, "to"));
    report.epoch = number_of<Epoch>(object, "epoch");
    report.final = find_bool(object, "final").value_or(false);
    report.made_at = time_of(object, "made_at").value_or(WallTime{});
    report.started_at = time_of(object, "started_at").value_or(WallTime{});
    report.committed_at = time_of(object, "committed_at").value_or(WallTime{});
    if (const auto gap = find_int(object, "write_gap_ms")) report.write_gap = milliseconds{*gap};
    decode_all(object, "shards",
               [&](const auto& entry) { report.shards.push_back(decode_window(entry)); });
    report.loss_logs = decode_measure(object, "loss_logs");
    report.loss_seconds = decode_measure(object, "loss_seconds");
    report.missing_logs = decode_measure(object, "missing_logs");
    report.duplicate_logs = decode_measure(object, "duplicate_logs");
    report.duplicate_seconds = decode_measure(object, "duplicate_seconds");
    decode_all(object, "classes", [&](const json::object& entry) {
        report.classes.push_back(
            {text_of(entry, "id"), text_of(entry, "sentence"), decode_measure(entry, "logs")});
    });
    report.notes = texts_of(object, "notes");
    return report;
}

json::object encode(const BackupSnapshot& snapshot) {
    return {
        {"region", snapshot.region.str()},           {"project", snapshot.project.str()},
        {"configs", encode_all(snapshot.configs)},   {"groups", encode_all(snapshot.groups)},
        {"bindings", encode_all(snapshot.bindings)}, {"logstores", encode_all(snapshot.logstores)}};
}

Result<BackupSnapshot> decode_snapshot(const json::object& object) {
    BackupSnapshot snapshot;
    snapshot.region = RegionName(text_of(object, "region"));
    snapshot.project = ProjectName(text_of(object, "project"));
    if (snapshot.region.empty() || snapshot.project.empty()) {
        return damaged("backup", "region or project");
    }
    decode_all(object, "configs", [&](const json::object& entry) {
        CollectorConfig config;
        config.name = ConfigName(text_of(entry, "name"));
        config.form = parse_enum<ConfigForm>(entry, "form", 2).value_or(ConfigForm::Pipeline);
        if (const auto* body = find_object(entry, "body")) config.body = *body;
        snapshot.configs.push_back(std::move(config));
    });
    decode_all(object, "groups", [&](const json::object& entry) {
        MachineGroup group;
        group.name = MachineGroupName(text_of(entry, "name"));
        group.identify_type = text_of(entry, "identify_type");
        group.machines = texts_of(entry, "machines");
        if (const auto* attribute = find_object(entry, "attribute")) group.attribute = *attribute;
        group.type = text_of(entry, "type");
        snapshot.groups.push_back(std::move(group));
    });
    decode_all(object, "bindings", [&](const json::object& entry) {
        GroupBinding binding;
        binding.group = MachineGroupName(text_of(entry, "group"));
        for (auto& config : texts_of(entry, "configs")) binding.configs.emplace_back(config);
        snapshot.bindings.push_back(std::move(binding));
    });
    decode_all(object, "logstores", [&](const json::object& entry) {
        snapshot.logstores.push_back(decode_logstore(entry, snapshot.project));
    });
    return snapshot;
}

json::object encode(const BackupVersion& version) {
    json::object object{{"id", version.id},
                        {"number", version.number},
                        {"digest", version.digest},
                        {"chain", version.chain},
                        {"snapshot", encode(version.snapshot)}};
    put_time(object, "taken_at", version.taken_at);
    return object;
}

Result<BackupVersion> decode_version(const json::object& object) {
    BackupVersion version;
    version.id = text_of(object, "id");
    version.number = number_of<std::uint32_t>(object, "number");
    version.digest = text_of(object, "digest");
    version.chain = text_of(object, "chain");
    version.taken_at = time_of(object, "taken_at").value_or(WallTime{});
    const auto* inner = find_object(object, "snapshot");
    if (version.id.empty() || inner == nullptr) return damaged("backup", "id or snapshot");
    auto snapshot = decode_snapshot(*inner);
    if (!snapshot) return std::move(snapshot).error();
    version.snapshot = std::move(*snapshot);
    return version;
}

json::object encode(const BackupHead& head) {
    json::object object{{"region", head.region.str()},
                        {"project", head.project.str()},
                        {"number", head.number},
                        {"id", head.id},
                        {"refused", head.refused}};
    put_time(object, "checked_at", head.checked_at);
    if (head.refused_at) put_time(object, "refused_at", *head.refused_at);
    return object;
}

Result<BackupHead> decode_head(const json::object& object) {
    BackupHead head;
    head.region = RegionName(text_of(object, "region"));
    head.project = ProjectName(text_of(object, "project"));
    if (head.region.empty()) return damaged("backup head", "region");
    head.number = number_of<std::uint32_t>(object, "number");
    head.id = text_of(object, "id");
    head.refused = text_of(object, "refused");
    head.checked_at = time_of(object, "checked_at").value_or(WallTime{});
    head.refused_at = time_of(object, "refused_at");
    return head;
}

json::object encode(const std::map<ShardId, Cursor>& cursors) {
    json::object object;
    for (const auto& [shard, cursor] : cursors) {
        object[std::to_string(shard.value())] = cursor.str();
    }
    return object;
}

std::map<ShardId, Cursor> decode_cursors(const json::object& object) {
    std::map<ShardId, Cursor> cursors;
    for (const auto& member : object) {
        const auto shard = parse_uint(std::string_view(member.key().data(), member.key().size()));
        if (!shard || !member.value().is_string()) continue;
        cursors[ShardId(static_cast<std::uint32_t>(*shard))] =
            Cursor(std::string(member.value().get_string()));
    }
    return cursors;
}

}  // namespace spillway::switchover

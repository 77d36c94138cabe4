#include "daemon/cli.h"

#include "base/text.h"
#include "daemon/version.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace spillway::daemon {

bool Arguments::has(std::string_view flag) const {
    return flags.find(flag) != flags.end();
}

std::string Arguments::get(std::string_view flag) const {
    if (const auto given = flags.find(flag); given != flags.end()) return given->second.back();
    const auto fallback = fallbacks.find(flag);
    return fallback == fallbacks.end() ? "" : fallback->second;
}

std::vector<std::string> Arguments::all(std::string_view flag) const {
    const auto given = flags.find(flag);
    return given == flags.end() ? std::vector<std::string>{} : given->second;
}

std::string Arguments::positional(std::string_view name) const {
    const auto given = named.find(name);
    return given == named.end() ? "" : given->second.front();
}

std::vector<std::string> Arguments::positionals(std::string_view name) const {
    const auto given = named.find(name);
    return given == named.end() ? std::vector<std::string>{} : given->second;
}

namespace {

using Words = std::vector<std::string>;

std::string synopsis(const Command& command) {
    std::string line = fmt::format("spillway {}", command.path);
    for (const auto& positional : command.positionals) {
        std::string word = std::string(positional.name) + (positional.repeats ? "..." : "");
        line += positional.required ? " " + word : " [" + word + "]";
    }
    for (const auto& flag : command.flags) {
        if (!flag.required) continue;
        line += fmt::format(" --{} {}", flag.name, flag.value_name);
    }
    return line + (command.flags.empty() ? "" : " [flags]");
}

std::string flag_label(const Flag& flag) {
    std::string label = flag.letter != 0 ? fmt::format("-{}, --{}", flag.letter, flag.name)
                                         : fmt::format("    --{}", flag.name);
    if (!flag.value_name.empty()) label += fmt::format(" {}", flag.value_name);
    return label;
}

void print_command_help(const Command& command, std::ostream& out) {
    out << command.summary << "\n\nUsage: " << synopsis(command) << "\n";
    if (!command.positionals.empty()) out << "\nArguments:\n";
    for (const auto& positional : command.positionals) {
        out << fmt::format("  {:<28} {}\n", positional.name, positional.help);
    }
    if (!command.flags.empty()) out << "\nFlags:\n";
    for (const auto& flag : command.flags) {
        std::string help(flag.help);
        if (flag.required) help += " (required)";
        if (flag.repeats) help += " (may be given more than once)";
        if (!flag.fallback.empty()) help += fmt::format(" [{}]", flag.fallback);
        out << fmt::format("  {:<28} {}\n", flag_label(flag), help);
    }
    if (!command.details.empty()) out << "\n" << command.details << "\n";
}

void print_overview(const std::vector<Command>& commands, std::ostream& out) {
    out << "spillway keeps logs flowing when a region cannot: it replicates a Logstore to another\n"
           "region, detects failure, moves the collectors, and accounts for every log.\n\n"
           "Usage: spillway COMMAND [flags]\n\nCommands:\n";
    std::size_t widest = 0;
    for (const auto& command : commands) widest = std::max(widest, command.path.size());
    for (const auto& command : commands) {
        out << fmt::format("  {:<{}} {}\n", command.path, widest, command.summary);
    }
    out << "\nStart here: spillway quickstart\n"
           "More about one: spillway COMMAND --help\n";
}

Words words_of(std::string_view path) {
    Words words;
    for (const auto word : split(path, ' ')) words.emplace_back(word);
    return words;
}

bool begins_with(const Words& typed, const Words& path) {
    return typed.size() >= path.size() && std::equal(path.begin(), path.end(), typed.begin());
}

/// The command with the longest path that the words begin with.
const Command* find_command(const std::vector<Command>& commands, const Words& typed) {
    const Command* best = nullptr;
    for (const auto& command : commands) {
        if (begins_with(typed, words_of(command.path)) &&
            (best == nullptr || best->path.size() < command.path.size())) {
            best = &command;
        }
    }
    return best;
}

int usage_error(std::ostream& err, const std::string& message, const std::string& what_now) {
    err << "error: " << message << "\n";
    if (!what_now.empty()) err << "  " << what_now << "\n";
    return kExitUsage;
}

int unknown_command(const std::vector<Command>& commands, const Words& typed, std::ostream& err) {
    const std::string& group = typed.front();
    std::vector<std::string> in_group;
    std::vector<std::string> paths;
    std::vector<std::string> firsts;
    for (const auto& command : commands) {
        const auto words = words_of(command.path);
        paths.emplace_back(command.path);
        firsts.push_back(words.front());
        if (words.front() == group) in_group.emplace_back(command.path);
    }
    const std::string both = typed.size() > 1 ? typed[0] + " " + typed[1] : group;
    if (!in_group.empty()) {
        const auto meant = typed.size() > 1 ? nearest(both, in_group) : std::nullopt;
        if (meant) {
            return usage_error(err, fmt::format("unknown command \"{}\"", both),
                               fmt::format("did you mean \"spillway {}\"?", *meant));
        }
        std::string list;
        for (const auto& path : in_group) list += "\n    spillway " + path;
        return usage_error(err, fmt::format("\"{}\" needs one of its commands", group),
                           "these exist:" + list);
    }
    auto close = nearest(both, paths);
    if (!close) close = nearest(group, firsts);
    return usage_error(err, fmt::format("unknown command \"{}\"", group),
                       close ? fmt::format("did you mean \"spillway {}\"?", *close)
                             : "spillway help lists all commands");
}

/// Walks the words behind the command's path.
class Parser {
  public:
    Parser(const Command& command, Words words) : command_(command), words_(std::move(words)) {}

    Result<Arguments> parse() {
        for (const auto& flag : command_.flags) {
            if (!flag.fallback.empty())
                arguments_.fallbacks[std::string(flag.name)] = flag.fallback;
        }
        for (next_ = 0; next_ < words_.size();) {
            const std::string word = words_[next_++];
            auto taken = take(word);
            if (!taken) return std::move(taken).error();
        }
        auto complete = check_complete();
        if (!complete) return std::move(complete).error();
        return std::move(arguments_);
    }

  private:
    static Error wrong(std::string message) {
        return make_error(ErrorCode::InvalidArgument, std::move(message));
    }

    Status take(const std::string& word) {
        if (only_positionals_ || word.size() < 2 || word[0] != '-') return take_positional(word);
        if (word == "--") {
            only_positionals_ = true;
            return {};
        }
        return word[1] == '-' ? take_long(word.substr(2)) : take_short(word);
    }

    Status take_positional(const std::string& word) {
        const auto& positionals = command_.positionals;
        const std::size_t place =
            std::min(positional_, positionals.empty() ? 0 : positionals.size() - 1);
        if (positionals.empty() ||
            (positional_ >= positionals.size() && !positionals[place].repeats)) {
            return wrong(fmt::format("unexpected argument \"{}\"", word));
        }
        arguments_.named[std::string(positionals[place].name)].push_back(word);
        ++positional_;
        return {};
    }

    Status take_long(const std::string& text) {
        const auto equals = text.find('=');
        const std::string name = text.substr(0, equals);
        const auto flag = std::find_if(command_.flags.begin(), command_.flags.end(),
                                       [&](const Flag& each) { return each.name == name; });
        if (flag == command_.flags.end()) return unknown_flag(name);
        if (equals == std::string::npos) return take_value(*flag, std::nullopt);
        return take_value(*flag, text.substr(equals + 1));
    }

    Status take_short(const std::string& word) {
        const auto flag = std::find_if(command_.flags.begin(), command_.flags.end(),
                                       [&](const Flag& each) { return each.letter == word[1]; });
        if (flag == command_.flags.end()) return wrong(fmt::format("unknown flag {}", word));
        if (word.size() == 2) return take_value(*flag, std::nullopt);
        return take_value(*flag, word.substr(2));
    }

    Status take_value(const Flag& flag, std::optional<std::string> value) {
        const std::string name(flag.name);
        if (flag.value_name.empty()) {
            if (value) return wrong(fmt::format("--{} takes no value", name));
            arguments_.flags[name] = {"true"};
            return {};
        }
        if (!value) {
            if (next_ == words_.size()) {
                return wrong(
                    fmt::format("--{} needs a value: --{} {}", name, name, flag.value_name));
            }
            value = words_[next_++];
        }
        auto& given = arguments_.flags[name];
        if (!given.empty() && !flag.repeats)
            return wrong(fmt::format("--{} was given twice", name));
        given.push_back(*std::move(value));
        return {};
    }

    Status unknown_flag(const std::string& name) const {
        std::vector<std::string> known;
        for (const auto& flag : command_.flags) known.emplace_back(flag.name);
        const auto close = nearest(name, known);
        return wrong(fmt::format("unknown flag --{}{}", name,
                                 close ? fmt::format("; did you mean --{}?", *close) : ""));
    }

    Status check_complete() const {
        for (const auto& positional : command_.positionals) {
            if (positional.required && arguments_.positional(positional.name).empty()) {
                return wrong(fmt::format("{} is missing: {}", positional.name, positional.help));
            }
        }
        for (const auto& flag : command_.flags) {
            if (flag.required && !arguments_.has(flag.name)) {
                return wrong(fmt::format("--{} is missing: {}", flag.name, flag.help));
            }
        }
        return {};
    }

    const Command& command_;
    Words words_;
    std::size_t next_ = 0;
    std::size_t positional_ = 0;
    bool only_positionals_ = false;
    Arguments arguments_;
};

bool asks_for_help(const Words& words) {
    const auto end = std::find(words.begin(), words.end(), "--");
    return std::any_of(words.begin(), end,
                       [](const std::string& word) { return word == "--help" || word == "-h"; });
}

int help(const std::vector<Command>& commands, const Words& about, Streams& streams) {
    if (about.empty()) {
        print_overview(commands, streams.out);
        return kExitDone;
    }
    const auto* command = find_command(commands, about);
    if (command == nullptr) return unknown_command(commands, about, streams.err);
    print_command_help(*command, streams.out);
    return kExitDone;
}

}  // namespace

int run_command_line(const std::vector<Command>& commands,
                     const std::vector<std::string>& arguments, Streams& streams) {
    if (arguments.empty()) {
        print_overview(commands, streams.err);
        return kExitUsage;
    }
    const std::string& first = arguments.front();
    if (first == "help" || first == "--help" || first == "-h") {
        return help(commands, Words(arguments.begin() + 1, arguments.end()), streams);
    }
    if (first == "version" || first == "--version") {
        streams.out << "spillway " << kVersion << "\n";
        return kExitDone;
    }
    const auto* command = find_command(commands, arguments);
    if (command == nullptr) return unknown_command(commands, arguments, streams.err);
    const auto path_words = static_cast<std::ptrdiff_t>(words_of(command->path).size());
    Words rest(arguments.begin() + path_words, arguments.end());
    if (asks_for_help(rest)) return help(commands, words_of(command->path), streams);
    auto parsed = Parser(*command, std::move(rest)).parse();
    if (!parsed) {
        return usage_error(streams.err, parsed.error().message,
                           fmt::format("usage: {}", synopsis(*command)));
    }
    return command->run(*parsed, streams);
}

namespace {

int exit_status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::Refused:
            return kExitRefused;
        case ErrorCode::Conflict:
            return kExitRefused;
        case ErrorCode::Unauthenticated:
            return kExitNotPermitted;
        case ErrorCode::Cancelled:
            return kExitInterrupted;
        default:
            return kExitFailed;
    }
}

}  // namespace

int report_error(const Error& error, Streams& streams, std::string_view what_now) {
    streams.err << "error: " << error.to_string() << "\n";
    if (!what_now.empty()) streams.err << "  " << what_now << "\n";
    return exit_status_of(error.code);
}

}  // namespace spillway::daemon

#include "transform/reference.h"

#include "transform/grok.h"
#include "transform/registry.h"

#include <fmt/format.h>

namespace spillway::transform {

namespace {

constexpr std::string_view kIntroduction = R"(# The rule language

This page is written by `spillway transform docs`; every example on it is a test.

A rule is a list of steps, one per line. A step is a call of a global function (`e_...`), or `KEEP` or
`DROP`. Rules of the SLS data-transformation language run here unchanged. `spillway transform check RULE`
says what is wrong with a rule, `try` shows what it does, `explain` what it costs.

## Values

Every field is text. While a step runs there are also null, truth values, integers, floats, bytes, lists,
dicts, tables and date-times. What is stored becomes text again: `true`/`false`, the shortest decimal of a
number, JSON with `, ` and `: ` for lists and dicts, `2023-11-15 06:13:20+08:00` for a time. Null is never
stored: the field stays as it was. False are null, `False`, 0 and what is empty; all else is true, the text
`"0"` too.

## Fields of a log

`__time__` is the log's time in seconds, `__topic__` and `__source__` belong to its group, `__tag__:NAME` is
a tag of the group. Logs that end with other tags than their neighbours are sent in a group of their own.
A log without `__time__` gets the time of the page it is in. `F_TIME`, `F_META`, `F_TAGS`, `F_RECEIVE_TIME`
and `F_PACK_META` name these fields in patterns.

## Modes

| mode | writes when |
|---|---|
| `fill` | the field is absent or empty |
| `fill-auto` | the same, and the new value is not empty |
| `add` | the field is absent |
| `add-auto` | the same, and the new value is not empty |
| `overwrite` | always |
| `overwrite-auto` | the new value is not empty |

## When an event fails

A wrong type, a division by zero or text that is no number ends that event alone: it is kept aside with the
reason, and the others go on. Copies that `e_coutput` sent before the failing step stay. A pattern that does
not match, or a field that is not there, leaves the event as it is. A log may use at most 64 MiB while it runs and become at most 20,000 parts; patterns stop after a
million steps.

## Findings

`check` prints what is wrong with its line, its column and what to write instead. Codes do not change:
`T01xx` text and characters, `T02xx` grammar, `T03xx` names, `T04xx` arguments, `T05xx` values that are no
regular expression, query, path, zone or mode. With an error there is no program; these are warnings:

| code | about |
|---|---|
| `T0901` | an expression that fails for every event |
| `T0902` | a pattern with a repeat within a repeat, which can take very long |
| `T0903` | a step that never runs |
| `T0904` | a value that is overwritten before anything looks at it, or a key that a dict has twice |
| `T0905` | a condition that never or always holds: text compared with a number, two values at once |
| `T0906` | a field that was dropped or renamed before |
| `T0907` | a branch of `e_switch` behind one that always holds |
| `T0908` | a mode with which nothing is set, as the field was just set |
| `T0909` | a pattern with syntax that Python does not have |
| `T0910` | a query that begins with an operator: there the word is a term |
| `T0911` | a separator with capturing groups |

## Testing a rule

Tests stand beside the rule, in YAML or as JSON lines; `spillway transform test FILE...` runs them.

```yaml
rule_file: access.rule          # or rule: | with the text; each test may have its own
tests:
  - name: keeps what failed
    input: {status: 503, msg: "a=1"}      # an event, or a list of them, one after the other
    output:
      - {target: hot, event: {status: 503, msg: "a=1", a: 1}}
      - {event: {status: 503, msg: "a=1"}}    # no target: the default one
  - name: drops what is well
    input: {status: 200}
    output: []
  - name: refuses what is no number
    input: {status: many}
    output: []
    error: event        # some event fails; `compile`: the rule must be refused
```

Per target the order of events counts, between targets it does not, nor does the order of fields. A line of
JSON is one such test: `{"name", "rule", "input", "output": [{"target", "event"}], "error"}`.

## Tiers

`explain` names how much of a page a rule touches: *passthrough* (nothing), *tag-append* (tags are added to
whole groups), *drop-only* (whole logs are copied or left out), *rewrite* (logs are edited; what is left
alone is still copied as it came).
)";

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

void append_function(std::string& out, const FunctionInfo& function) {
    const auto& entry = *function.entry;
    out += fmt::format("### {}\n\n`{}`\n\n{}\n", function.name, function.signature, entry.summary);
    if (entry.tier == FunctionTier::Unavailable) {
        out += fmt::format("\nNot available here: {}.\n\n", entry.why_unavailable);
        return;
    }
    out += fmt::format("\n```python\n{}\n```\n\n", entry.example.call);
    if (entry.example.input != "{}") out += fmt::format("with `{}` ", entry.example.input);
    out += fmt::format("gives `{}`\n\n", entry.example.result);
}

}  // namespace

std::string reference_markdown() {
    std::string out(kIntroduction);
    std::string group;
    for (const auto& function : all_functions()) {
        if (function.group != group) {
            group = function.group;
            out += fmt::format("\n## {}\n\n", group);
        }
        append_function(out, function);
    }
    out += "\n## Grok patterns\n\n| name | pattern |\n|---|---|\n";
    for (const auto& each : built_in_grok_patterns()) {
        out += fmt::format("| `{}` | `{}` |\n", each.name, cell(each.pattern));
    }
    return out;
}

}  // namespace spillway::transform

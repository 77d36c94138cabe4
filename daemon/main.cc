#include "daemon/cli.h"
#include "daemon/commands/commands.h"

#include <iostream>
#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    using namespace spillway::daemon;
    std::vector<Command> table;
    for (auto* part : {quickstart_commands, daemon_commands, link_commands, switchover_commands,
                       collector_commands, collector_setup_commands, logstore_commands,
                       region_commands, agent_commands, transform_commands}) {
        auto commands = part();
        std::move(commands.begin(), commands.end(), std::back_inserter(table));
    }
    Streams streams{std::cin, std::cout, std::cerr};
    return run_command_line(table, std::vector<std::string>(argv + 1, argv + argc), streams);
}

// Columns for people: each as wide as its widest cell, two blanks between. Any thread.
#pragma once

#include <string>
#include <vector>

namespace spillway::daemon {

class TextTable {
  public:
    explicit TextTable(std::vector<std::string> headings);
    void row(std::vector<std::string> cells);
    bool empty() const { return rows_.size() == 1; }
    /// Width is counted in code points, so that "—" takes one place.
    std::string render() const;

  private:
    std::vector<std::vector<std::string>> rows_;  ///< the headings first
};

}  // namespace spillway::daemon

// Which logs hold their last segment open for writing: a bounded number of them, so that thousands
// of Logstores do not use up the process's descriptors. The one written to longest ago is told to
// close its file; its next round opens it again. Thread-safe.
#pragma once

#include "logstore/engine/logstore_log.h"

#include <list>
#include <map>
#include <memory>
#include <mutex>

namespace spillway::engine {

class OpenWriters {
  public:
    explicit OpenWriters(std::size_t open_max) : open_max_(open_max) {}

    /// The log was just opened or written to. The caller holds none of its locks.
    void touch(const std::shared_ptr<LogstoreLog>& log);
    void forget(const LogstoreLog& log);
    std::size_t open_count() const;

  private:
    struct Slot {
        const LogstoreLog* key;
        std::weak_ptr<LogstoreLog> log;
    };

    const std::size_t open_max_;
    mutable std::mutex mutex_;  // guards slots_ and places_
    std::list<Slot> slots_;     // most recently used first
    std::map<const LogstoreLog*, std::list<Slot>::iterator> places_;
};

}  // namespace spillway::engine

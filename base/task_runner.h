// Runs many small periodic jobs on few threads. A task is ordinary sequential code: its steps never
// overlap, so what only it touches needs no lock. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace spillway {

/// One step; returns how long to wait before the next. May block: it holds one thread meanwhile.
using TaskStep = std::function<std::chrono::milliseconds()>;

class TaskRunner {
  public:
    /// Owns the right to be run. Destroying it waits for a step under way, so what the step
    /// captured may go away afterwards. Never destroy a handle from inside its own step.
    class Handle {
      public:
        Handle() = default;
        Handle(Handle&&) noexcept;
        Handle& operator=(Handle&&) noexcept;
        ~Handle();
        /// Runs the next step as soon as a thread is free, whatever was to be waited.
        void wake();

      private:
        friend class TaskRunner;
        struct Task;
        explicit Handle(std::shared_ptr<Task> task);
        void finish();
        std::shared_ptr<Task> task_;
    };

    explicit TaskRunner(int threads);
    /// Every handle must be gone by now.
    ~TaskRunner();
    TaskRunner(const TaskRunner&) = delete;
    TaskRunner& operator=(const TaskRunner&) = delete;

    /// The first step runs at once. `name` is for people who look at a stuck process.
    [[nodiscard]] Handle add(std::string name, TaskStep step);

    /// Time since the scheduler last looked at its queue: a watchdog's sign of life.
    std::chrono::milliseconds idle_for() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace spillway

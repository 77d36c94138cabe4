// One heap of (due time, task) under one mutex; each thread takes the earliest task that is due,
// runs one step without the mutex, and puts the task back. A task is in the heap or running, never
// both, so its steps cannot overlap. wake() moves a waiting task to "now" or marks a running one to
// run again.

#include "base/task_runner.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace spillway {

using SteadyTime = std::chrono::steady_clock::time_point;

struct TaskRunner::Handle::Task {
    std::string name;
    TaskStep step;
    std::weak_ptr<TaskRunner::Impl> runner;
    // Guarded by Impl::mutex_.
    SteadyTime due;
    std::uint64_t order = 0;
    bool waiting = false;
    bool running = false;
    bool woken = false;
    bool cancelled = false;
};

struct TaskRunner::Impl {
    using Task = Handle::Task;

    struct Earlier {
        bool operator()(const std::shared_ptr<Task>& left,
                        const std::shared_ptr<Task>& right) const {
            return std::pair(left->due, left->order) < std::pair(right->due, right->order);
        }
    };

    std::mutex mutex_;  // guards everything below and the tasks' own state
    std::condition_variable changed_;
    std::set<std::shared_ptr<Task>, Earlier> waiting_;
    std::uint64_t next_order_ = 0;
    bool stopping_ = false;
    SteadyTime last_look_ = std::chrono::steady_clock::now();
    std::vector<std::jthread> threads_;

    void enqueue(const std::shared_ptr<Task>& task, SteadyTime due) {
        task->due = due;
        task->order = next_order_++;
        task->waiting = true;
        waiting_.insert(task);
        changed_.notify_all();
    }

    void dequeue(const std::shared_ptr<Task>& task) {
        waiting_.erase(task);
        task->waiting = false;
    }

    /// The earliest task that is due, marked as running; nothing when stopping.
    std::shared_ptr<Task> take_due(std::unique_lock<std::mutex>& lock) {
        while (!stopping_) {
            last_look_ = std::chrono::steady_clock::now();
            if (waiting_.empty()) {
                changed_.wait_for(lock, std::chrono::seconds{1});
                continue;
            }
            const auto task = *waiting_.begin();
            if (task->due <= last_look_) {
                dequeue(task);
                task->running = true;
                return task;
            }
            changed_.wait_until(lock, std::min(task->due, last_look_ + std::chrono::seconds{1}));
        }
        return nullptr;
    }

    void run_thread() {
        std::unique_lock lock(mutex_);
        while (const auto task = take_due(lock)) {
            lock.unlock();
            pthread_setname_np(pthread_self(), task->name.substr(0, 15).c_str());
            const auto delay = task->step();
            lock.lock();
            task->running = false;
            const auto now = std::chrono::steady_clock::now();
            if (!task->cancelled) {
                enqueue(task, std::exchange(task->woken, false) ? now : now + delay);
            } else {
                changed_.notify_all();
            }
        }
    }
};

TaskRunner::Handle::Handle(std::shared_ptr<Task> task) : task_(std::move(task)) {}
TaskRunner::Handle::Handle(Handle&&) noexcept = default;

TaskRunner::Handle& TaskRunner::Handle::operator=(Handle&& other) noexcept {
    if (this != &other) {
        finish();
        task_ = std::move(other.task_);
    }
    return *this;
}

TaskRunner::Handle::~Handle() {
    finish();
}

void TaskRunner::Handle::finish() {
    if (!task_) return;
    if (const auto runner = task_->runner.lock()) {
        std::unique_lock lock(runner->mutex_);
        task_->cancelled = true;
        if (task_->waiting) runner->dequeue(task_);
        runner->changed_.wait(lock, [this] { return !task_->running; });
    }
    task_.reset();
}

void TaskRunner::Handle::wake() {
    const auto runner = task_ ? task_->runner.lock() : nullptr;
    if (!runner) return;
    const std::lock_guard lock(runner->mutex_);
    if (task_->running) {
        task_->woken = true;
    } else if (task_->waiting) {
        runner->dequeue(task_);
        runner->enqueue(task_, std::chrono::steady_clock::now());
    }
}

TaskRunner::TaskRunner(int threads) : impl_(std::make_shared<Impl>()) {
    for (int i = 0; i < threads; ++i) {
        impl_->threads_.emplace_back([impl = impl_.get()] { impl->run_thread(); });
    }
}

TaskRunner::~TaskRunner() {
    {
        const std::lock_guard lock(impl_->mutex_);
        impl_->stopping_ = true;
        impl_->changed_.notify_all();
    }
    impl_->threads_.clear();
}

TaskRunner::Handle TaskRunner::add(std::string name, TaskStep step) {
    auto task = std::make_shared<Handle::Task>();
    task->name = std::move(name);
    task->step = std::move(step);
    task->runner = impl_;
    const std::lock_guard lock(impl_->mutex_);
    impl_->enqueue(task, std::chrono::steady_clock::now());
    return Handle(std::move(task));
}

std::chrono::milliseconds TaskRunner::idle_for() const {
    const std::lock_guard lock(impl_->mutex_);
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 impl_->last_look_);
}

}  // namespace spillway

// While it lives, no file of this process may grow past a size: what a full disk looks like to a
// writer.
#pragma once

#include <csignal>

#include <sys/resource.h>

namespace spillway::test {

class FullDisk {
  public:
    explicit FullDisk(rlim_t file_bytes_max) {
        before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{file_bytes_max, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, before_handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit before_{};
    void (*before_handler_)(int) = nullptr;
};

}  // namespace spillway::test

// A plain TCP client for tests that must say exactly what goes over the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace spillway::test {

class RawConnection {
  public:
    explicit RawConnection(std::uint16_t port);
    ~RawConnection();
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;

    bool connected() const { return descriptor_ >= 0; }
    /// False when the peer has hung up.
    bool send(std::string_view bytes);
    /// The peer sees the end of what we have to say, and may still answer.
    void finish_sending();
    /// Reads until `end` was seen (it is included), or the peer closed, or 10 s passed.
    std::string read_until(std::string_view end);
    /// One answer: head, and as much body as its Content-Length says.
    std::string read_answer();
    /// Everything until the peer closes.
    std::string read_to_end();
    /// True when the peer closes (or resets) within 10 s; what it still sent is thrown away.
    bool closed_by_peer();

  private:
    bool fill();

    int descriptor_ = -1;
    std::string held_;
};

}  // namespace spillway::test

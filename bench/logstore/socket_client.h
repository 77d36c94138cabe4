// Bare sockets for clients that no HTTP library would be. Blocking; one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spillway::bench {

class BareClient {
  public:
    BareClient() = default;
    explicit BareClient(std::uint16_t port);
    ~BareClient();
    BareClient(BareClient&& other) noexcept;
    BareClient& operator=(BareClient&& other) noexcept;

    bool is_open() const { return descriptor_ >= 0; }
    /// False when the other side is gone.
    bool send(std::string_view bytes);
    /// The status of one answer ("HTTP/1.1 431 ..."), 0 when the other side closed without one.
    int read_status();

  private:
    void close();
    int descriptor_ = -1;
};

}  // namespace spillway::bench

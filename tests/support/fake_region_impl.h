// Shared by the files that implement FakeRegion; nobody else includes it.
#pragma once

#include "tests/support/fake_region.h"

#include <string>
#include <utility>
#include <vector>

namespace spillway::test_support {

inline Error service_failure(ErrorCode code, std::string service_code, int status,
                             std::string message) {
    Error error = make_error(code, std::move(message));
    error.service_code = std::move(service_code);
    error.http_status = status;
    return error;
}

inline Error not_found(std::string service_code, const std::string& what) {
    return service_failure(ErrorCode::NotFound, std::move(service_code), 404,
                           what + " does not exist");
}

template <class Map>
auto keys_of(const Map& map) {
    std::vector<typename Map::key_type> keys;
    for (const auto& [key, value] : map) keys.push_back(key);
    return keys;
}

template <class Body>
auto FakeRegion::run(FakeCall call, Body body) -> decltype(body()) {
    struct Notify {
        std::condition_variable& changed;
        ~Notify() { changed.notify_all(); }
    };
    const Notify notify{changed_};
    if (auto entered = enter(call); !entered) return std::move(entered).error();
    const std::lock_guard lock(mutex_);
    auto result = body();
    if (auto left = leave(call); !left) return std::move(left).error();
    return result;
}

}  // namespace spillway::test_support

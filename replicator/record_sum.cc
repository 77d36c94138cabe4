#include "replicator/record_sum.h"

#include "base/hash_pair.h"

namespace spillway::replicator {

void RecordSum::add(std::string_view frame, std::uint64_t origin) {
    ++logs;
    bytes += frame.size();
    const HashPair hashes = hash64_pair(frame, origin, ~origin);
    low += hashes.first;
    high += hashes.second;
}

RecordSum& RecordSum::operator+=(const RecordSum& other) {
    logs += other.logs;
    bytes += other.bytes;
    low += other.low;
    high += other.high;
    return *this;
}

RecordSum& RecordSum::operator-=(const RecordSum& other) {
    logs -= other.logs;
    bytes -= other.bytes;
    low -= other.low;
    high -= other.high;
    return *this;
}

}  // namespace spillway::replicator

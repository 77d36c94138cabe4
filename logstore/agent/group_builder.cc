#include "logstore/agent/group_builder.h"

#include "base/hash.h"
#include "base/text.h"
#include "logstore/wire/codec.h"
#include "logstore/wire/log_group_writer.h"

namespace spillway::agent {

RouteKey route_key_of(const AgentIdentity& identity, const std::string& path) {
    return RouteKey(to_hex(md5(identity.ip + "\n" + path)));
}

Batch build_group(const GroupRequest& request) {
    wire::LogGroupWriter writer;
    for (const Line& line : request.lines) {
        writer.begin_log(request.unix_s);
        writer.content("content", line.bytes);
        if (request.delivery.position_meta) {
            writer.content("__file_offset__", std::to_string(line.offset));
        }
        writer.end_log();
    }
    writer.topic(request.delivery.topic);
    writer.source(request.identity.ip);
    writer.tag("__hostname__", request.identity.hostname);
    writer.tag("__path__", request.path);
    writer.tag("__user_defined_id__", request.identity.user_defined_id);
    writer.tag("__pack_id__", request.pack_id);
    if (request.delivery.position_meta) writer.tag("__inode__", std::to_string(request.file.inode));
    Batch batch;
    batch.body = writer.take();
    batch.raw_bytes = batch.body.size();
    batch.route_key = route_key_of(request.identity, request.path);
    if (auto packed = wire::compress(Codec::Lz4, batch.body)) {
        batch.body = std::move(*packed);
        batch.codec = Codec::Lz4;
    }
    return batch;
}

}  // namespace spillway::agent

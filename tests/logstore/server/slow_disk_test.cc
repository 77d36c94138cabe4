// A disk that does not keep up slows who writes, and nobody else; memory stays bounded.
#include "server_fixture.h"
#include "tests/base/raw_connection.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace spillway::server {
namespace {

/// Syncs wait while it is shut.
class Gate {
  public:
    void set_open(bool open) {
        const std::lock_guard lock(mutex_);
        open_ = open;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return open_; });
    }

  private:
    std::mutex mutex_;  // guards open_
    std::condition_variable changed_;
    bool open_ = true;
};

class SlowFile final : public engine::File {
  public:
    SlowFile(std::unique_ptr<engine::File> file, Gate& syncs, Gate& reads)
        : file_(std::move(file)), syncs_(syncs), reads_(reads) {}
    Status write_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
        return file_->write_at(offset, pieces);
    }
    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        reads_.pass();
        return file_->read_at(offset, into, size);
    }
    Status sync() override {
        syncs_.pass();
        return file_->sync();
    }
    Status preallocate(std::uint64_t size) override { return file_->preallocate(size); }
    Status truncate(std::uint64_t size) override { return file_->truncate(size); }
    Result<std::uint64_t> size() override { return file_->size(); }

  private:
    std::unique_ptr<engine::File> file_;
    Gate& syncs_;
    Gate& reads_;
};

class SlowFileSystem final : public engine::FileSystem {
  public:
    SlowFileSystem(Gate& syncs, Gate& reads)
        : files_(engine::make_posix_file_system()), syncs_(syncs), reads_(reads) {}
    Result<std::unique_ptr<engine::File>> open(const std::string& path,
                                               engine::OpenMode mode) override {
        auto file = files_->open(path, mode);
        if (!file) return file;
        return std::unique_ptr<engine::File>(new SlowFile(*std::move(file), syncs_, reads_));
    }
    Result<std::vector<std::string>> list(const std::string& directory) override {
        return files_->list(directory);
    }
    Status make_directory(const std::string& path) override { return files_->make_directory(path); }
    Status rename(const std::string& from, const std::string& to) override {
        return files_->rename(from, to);
    }
    Status remove(const std::string& path) override { return files_->remove(path); }
    Status sync_directory(const std::string& path) override { return files_->sync_directory(path); }

  private:
    std::unique_ptr<engine::FileSystem> files_;
    Gate& syncs_;
    Gate& reads_;
};

class SlowDisk : public ServerFixture {
  protected:
    static constexpr std::size_t kRoom = 1024 * 1024;

    void SetUp() override {
        server_options_.http.bodies_bytes_max = kRoom;
        server_options_.http.busy_wait = std::chrono::milliseconds(100);
        ServerFixture::SetUp();
    }
    std::unique_ptr<engine::FileSystem> files() override {
        return std::make_unique<SlowFileSystem>(syncs_, reads_);
    }
    void TearDown() override {
        syncs_.set_open(true);
        reads_.set_open(true);
        ServerFixture::TearDown();
    }
    std::string metric(const std::string& name) {
        const auto page = send("GET", "/metrics", "", {}, "localhost").body;
        const auto at = page.find("\n" + name + " ");
        if (at == std::string::npos) return "absent";
        const auto begin = at + name.size() + 2;
        return page.substr(begin, page.find('\n', begin) - begin);
    }
    void wait_until(const std::string& name, double least) {
        while (std::stod(metric(name)) < least) std::this_thread::yield();
    }
    void wait_for_body_bytes(std::size_t bytes) {
        wait_until("spillway_region_body_bytes", static_cast<double>(bytes));
    }

    Gate syncs_;
    Gate reads_;
};

TEST_F(SlowDisk, MakesWritesWaitThenRefusesThemAndLetsReadsThrough) {
    create(1);
    syncs_.set_open(false);
    const std::string text(kRoom * 3 / 4, 'x');
    std::string first;
    std::thread writer([&] { first = put(text); });
    wait_for_body_bytes(text.size());
    EXPECT_EQ(put(text), "503 ServerBusy");
    EXPECT_EQ(get("/logstores/app/shards").as_array().size(), 1U) << "reads go on";
    EXPECT_EQ(cursor("begin"), cursor("end")) << "nothing is served before it is durable";
    syncs_.set_open(true);
    writer.join();
    EXPECT_EQ(first, "OK");
    EXPECT_EQ(put(text), "OK") << "the room is there again";
    EXPECT_EQ(metric("spillway_region_body_bytes"), "0");
}

TEST_F(SlowDisk, LargeBodiesLeaveRoomForSmallOnes) {
    create(1);
    test::RawConnection dribble(server_->port());
    const std::string head =
        "POST /logstores/app/shards/lb HTTP/1.1\r\nHost: pay.localhost\r\nContent-Length: ";
    dribble.send(head + std::to_string(kRoom * 3 / 4) + "\r\n\r\n" +
                 std::string(kRoom / 4 + 1000, 'x'));
    wait_for_body_bytes(kRoom / 2);  // room is taken a step ahead
    EXPECT_EQ(put(std::string(kRoom / 2, 'x')), "503 ServerBusy");
    EXPECT_EQ(put(std::string(kRoom / 8, 'x')), "OK");
}

TEST_F(SlowDisk, ABodyThatWaitsIsTakenOnceThereIsRoom) {
    server_options_.http.busy_wait = std::chrono::seconds(20);
    start();
    create(1);
    syncs_.set_open(false);
    const std::string text(kRoom * 3 / 4, 'x');
    std::string first;
    std::string second;
    std::thread writer([&] { first = put(text); });
    wait_for_body_bytes(text.size());
    std::thread other([&] { second = put(text); });
    syncs_.set_open(true);
    writer.join();
    other.join();
    EXPECT_EQ(first, "OK");
    EXPECT_EQ(second, "OK");
}

TEST_F(SlowDisk, LetsOnlySomeSearchesHoldTheThreadsThatAnswer) {
    create(1);
    EXPECT_EQ(outcome("POST", "/logstores/app/index", R"({"line":{"token":[" "]}})"), "OK");
    EXPECT_EQ(put("x"), "OK");
    reads_.set_open(false);
    const std::string search = "/logstores/app?type=log&from=0&to=2000000000";
    std::vector<std::string> outcomes(4);
    std::vector<std::thread> searches;
    for (auto& each : outcomes) {
        searches.emplace_back([&] { each = outcome("GET", search); });
    }
    wait_until("spillway_region_searches", 4);
    EXPECT_EQ(outcome("GET", search), "503 ServerBusy");
    EXPECT_EQ(put("y"), "OK") << "writes go on";
    reads_.set_open(true);
    for (auto& each : searches) each.join();
    EXPECT_EQ(outcomes, std::vector<std::string>(4, "OK"));
    EXPECT_EQ(outcome("GET", search), "OK");
}

}  // namespace
}  // namespace spillway::server

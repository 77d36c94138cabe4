// A disk that does not keep up slows who writes, and nobody else; memory stays bounded.
#include "server_fixture.h"

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
    SlowFile(std::unique_ptr<engine::File> file, Gate& gate)
        : file_(std::move(file)), gate_(gate) {}
    Status write_at(std::uint64_t offset, std::span<const std::string_view> pieces) override {
        return file_->write_at(offset, pieces);
    }
    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        return file_->read_at(offset, into, size);
    }
    Status sync() override {
        gate_.pass();
        return file_->sync();
    }
    Status preallocate(std::uint64_t size) override { return file_->preallocate(size); }
    Status truncate(std::uint64_t size) override { return file_->truncate(size); }
    Result<std::uint64_t> size() override { return file_->size(); }

  private:
    std::unique_ptr<engine::File> file_;
    Gate& gate_;
};

class SlowFileSystem final : public engine::FileSystem {
  public:
    explicit SlowFileSystem(Gate& gate) : files_(engine::make_posix_file_system()), gate_(gate) {}
    Result<std::unique_ptr<engine::File>> open(const std::string& path,
                                               engine::OpenMode mode) override {
        auto file = files_->open(path, mode);
        if (!file) return file;
        return std::unique_ptr<engine::File>(new SlowFile(*std::move(file), gate_));
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
    Gate& gate_;
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
        return std::make_unique<SlowFileSystem>(gate_);
    }
    void TearDown() override {
        gate_.set_open(true);
        ServerFixture::TearDown();
    }
    std::string metric(const std::string& name) {
        const auto page = send("GET", "/metrics", "", {}, "localhost").body;
        const auto at = page.find("\n" + name + " ");
        if (at == std::string::npos) return "absent";
        const auto begin = at + name.size() + 2;
        return page.substr(begin, page.find('\n', begin) - begin);
    }
    void wait_for_body_bytes(std::size_t bytes) {
        while (std::stod(metric("spillway_region_body_bytes")) < static_cast<double>(bytes)) {
            std::this_thread::yield();
        }
    }

    Gate gate_;
};

TEST_F(SlowDisk, MakesWritesWaitThenRefusesThemAndLetsReadsThrough) {
    create(1);
    gate_.set_open(false);
    const std::string text(kRoom * 3 / 4, 'x');
    std::string first;
    std::thread writer([&] { first = put(text); });
    wait_for_body_bytes(text.size());
    EXPECT_EQ(put(text), "503 ServerBusy");
    EXPECT_EQ(get("/logstores/app/shards").as_array().size(), 1U) << "reads go on";
    EXPECT_EQ(cursor("begin"), cursor("end")) << "nothing is served before it is durable";
    gate_.set_open(true);
    writer.join();
    EXPECT_EQ(first, "OK");
    EXPECT_EQ(put(text), "OK") << "the room is there again";
    EXPECT_EQ(metric("spillway_region_body_bytes"), "0");
}

TEST_F(SlowDisk, ABodyThatWaitsIsTakenOnceThereIsRoom) {
    server_options_.http.busy_wait = std::chrono::seconds(20);
    start();
    create(1);
    gate_.set_open(false);
    const std::string text(kRoom * 3 / 4, 'x');
    std::string first;
    std::string second;
    std::thread writer([&] { first = put(text); });
    wait_for_body_bytes(text.size());
    std::thread other([&] { second = put(text); });
    gate_.set_open(true);
    writer.join();
    other.join();
    EXPECT_EQ(first, "OK");
    EXPECT_EQ(second, "OK");
}

}  // namespace
}  // namespace spillway::server

#include "meters/perf/perf_events.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace espalier::meters {
namespace {

class OpenEvent final : public PerfCounter {
  public:
    explicit OpenEvent(int fd) : fd_(fd) {}
    ~OpenEvent() override { ::close(fd_); }
    OpenEvent(const OpenEvent&) = delete;
    OpenEvent& operator=(const OpenEvent&) = delete;

    PerfCount read() override {
        PerfCount count;
        const ssize_t got = ::read(fd_, &count.value, sizeof count.value);
        if (got != static_cast<ssize_t>(sizeof count.value)) count.error = got < 0 ? errno : EIO;
        return count;
    }

  private:
    int fd_;
};

}  // namespace

std::variant<std::unique_ptr<PerfCounter>, int> SystemPerfEvents::open(std::uint32_t type,
                                                                       std::uint64_t config, int cpu) const {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    constexpr int kAllProcesses = -1;
    constexpr int kNoGroup = -1;
    const long fd = ::syscall(SYS_perf_event_open, &attributes, kAllProcesses, cpu, kNoGroup,
                              static_cast<unsigned long>(PERF_FLAG_FD_CLOEXEC));
    if (fd < 0) return errno;
    return std::make_unique<OpenEvent>(static_cast<int>(fd));
}

}  // namespace espalier::meters

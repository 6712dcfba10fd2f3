#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace espalier::hub {

/// An open file descriptor, closed at the end.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int release();
    int fd_ = -1;
};

/// A folder of the cache, held open. Everything is named relative to it and no symbolic link is followed
/// below the root, so that nothing is written outside the cache whatever somebody else places in it
/// meanwhile. Members throw Error naming the path; where writing is not permitted, it says which variable to
/// set.
class Directory {
  public:
    /// The root of the cache, made if need be. That it is itself a link is its owner's choice and is
    /// followed.
    static Directory root(const std::filesystem::path& path);

    /// A folder below, made if need be. `path` is relative, "/" between the names.
    Directory make(std::string_view path) const;

    /// Replaces a file by one with this content, at once.
    void write(const std::string& name, std::string_view content) const;
    /// Replaces whatever is at `name` by a symbolic link with this text, at once. False where the file system
    /// has no links.
    bool link(const std::string& name, const std::string& target) const;
    /// Moves a file of `from` to `name`, replacing what is there, and makes the move durable.
    void take(const Directory& from, const std::string& from_name, const std::string& name) const;
    void remove(const std::string& name) const;

    /// Size of the regular file at `name`; none where there is none. Links count as absent.
    std::optional<std::int64_t> file_size(const std::string& name) const;
    /// Text of the symbolic link at `name`; none where there is none.
    std::optional<std::string> link_text(const std::string& name) const;

    /// Opens a regular file for reading and writing, made if need be; a link or anything special is refused.
    Descriptor open_file(const std::string& name, int mode) const;

    int fd() const { return fd_.get(); }
    const std::filesystem::path& path() const { return path_; }

    /// Throws for a system call on `name` that failed with `error`.
    [[noreturn]] void reject(const std::string& name, int error) const;

  private:
    Directory(Descriptor fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
    Directory make_child(const std::string& name) const;

    Descriptor fd_;
    std::filesystem::path path_;
};

/// A name beside `name` that no other process uses.
std::string temporary_name(const std::string& name);

}  // namespace espalier::hub

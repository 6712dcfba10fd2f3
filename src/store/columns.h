#pragma once

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"

/// How C++ values become columns and come back: arrays as BLOBs, the empty string and an unset optional as
/// NULL.
namespace espalier::store {

static_assert(std::endian::native == std::endian::little, "arrays are stored in little-endian order");

/// The array stored in a column, empty for NULL. Throws Error when its size is no multiple of T's.
template <typename T>
std::vector<T> read_array(const SQLite::Column& column) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto bytes = static_cast<std::size_t>(column.getBytes());
    if (bytes % sizeof(T) != 0)
        fail("the store is damaged: an array of {} bytes, not a multiple of {}", bytes, sizeof(T));
    std::vector<T> values(bytes / sizeof(T));
    if (bytes > 0) std::memcpy(values.data(), column.getBlob(), bytes);
    return values;
}

template <typename T>
void bind_array(SQLite::Statement& statement, int index, const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t bytes = values.size() * sizeof(T);
    if (bytes > std::size_t{1'000'000'000}) fail("an array of {} bytes is too long for the store", bytes);
    statement.bind(index, static_cast<const void*>(values.data()), static_cast<int>(bytes));
}

inline std::string read_text(const SQLite::Column& column) {
    return column.isNull() ? "" : column.getString();
}

inline void bind_text(SQLite::Statement& statement, int index, const std::string& text) {
    if (text.empty()) {
        statement.bind(index);
    } else {
        statement.bind(index, text);
    }
}

inline std::optional<double> read_real(const SQLite::Column& column) {
    return column.isNull() ? std::nullopt : std::optional(column.getDouble());
}

inline void bind_real(SQLite::Statement& statement, int index, const std::optional<double>& value) {
    if (value) {
        statement.bind(index, *value);
    } else {
        statement.bind(index);
    }
}

}  // namespace espalier::store

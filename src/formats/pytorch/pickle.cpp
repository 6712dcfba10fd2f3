#include "formats/pytorch/pickle.h"

#include <bit>
#include <unordered_map>

#include "formats/pytorch/byte_reader.h"
#include "formats/pytorch/call.h"

namespace espalier::formats::pytorch {
namespace {

/// A pickle takes about 100 bytes for each tensor; the largest classifiers have a few thousand.
constexpr std::size_t kMostBytes = std::size_t{16} << 20;
constexpr std::size_t kMostValues = std::size_t{1} << 19;
/// torch.save fills dictionaries in batches of 1000 items.
constexpr std::size_t kMostOnStack = std::size_t{1} << 16;
constexpr std::uint64_t kLongestText = std::uint64_t{1} << 16;

/// Codes of pickletools.opcodes.
enum Opcode : std::uint8_t {
    kMark = '(',
    kStop = '.',
    kNone = 'N',
    kNewTrue = 0x88,
    kNewFalse = 0x89,
    kBinInt = 'J',
    kBinInt1 = 'K',
    kBinInt2 = 'M',
    kLong1 = 0x8a,
    kBinFloat = 'G',
    kShortText = 0x8c,
    kText = 'X',
    kText8 = 0x8d,
    kEmptyTuple = ')',
    kTuple1 = 0x85,
    kTuple2 = 0x86,
    kTuple3 = 0x87,
    kTuple = 't',
    kEmptyList = ']',
    kAppend = 'a',
    kAppends = 'e',
    kEmptyDict = '}',
    kSetItem = 's',
    kSetItems = 'u',
    kGet = 'h',
    kLongGet = 'j',
    kPut = 'q',
    kLongPut = 'r',
    kMemoize = 0x94,
    kGlobal = 'c',
    kStackGlobal = 0x93,
    kReduce = 'R',
    kBuild = 'b',
    kPersistentId = 'Q',
    kProtocol = 0x80,
    kFrame = 0x95,
};

class Machine {
  public:
    Machine(std::span<const std::byte> bytes, const std::string& source) : reader_(bytes, source) {}

    Pickle run() {
        while (true) {
            const auto code = static_cast<Opcode>(reader_.number(1));
            if (code == kStop) break;
            if (!push_constant(code) && !collect(code) && !recall(code) && !act(code)) {
                fail("the instruction 0x{:02x} is not one that torch.save writes", static_cast<int>(code));
            }
            if (values_.size() > kMostValues) fail("it makes more than {} values", kMostValues);
        }
        const Ref root = pop();
        if (!stack_.empty() || !marks_.empty()) fail("it ends with more than one value");
        return {std::move(values_), root};
    }

    std::size_t at() const { return reader_.at(); }

  private:
    bool push_constant(Opcode code) {
        switch (code) {
            case kNone:
                push(None{});
                return true;
            case kNewTrue:
                push(true);
                return true;
            case kNewFalse:
                push(false);
                return true;
            case kBinInt:
                push(std::int64_t{static_cast<std::int32_t>(reader_.u32())});
                return true;
            case kBinInt1:
                push(static_cast<std::int64_t>(reader_.number(1)));
                return true;
            case kBinInt2:
                push(static_cast<std::int64_t>(reader_.number(2)));
                return true;
            case kLong1:
                push(long_integer());
                return true;
            case kBinFloat:
                push(big_endian_double());
                return true;
            case kShortText:
                push(text(reader_.number(1)));
                return true;
            case kText:
                push(text(reader_.number(4)));
                return true;
            case kText8:
                push(text(reader_.number(8)));
                return true;
            case kEmptyTuple:
                push(Tuple{});
                return true;
            case kEmptyList:
                push(List{});
                return true;
            case kEmptyDict:
                push(Dict{});
                return true;
            default:
                return false;
        }
    }

    /// Puts values on the stack into tuples, lists and dictionaries.
    bool collect(Opcode code) {
        switch (code) {
            case kMark:
                push_mark();
                return true;
            case kTuple1:
                push(Tuple{pop_many(1)});
                return true;
            case kTuple2:
                push(Tuple{pop_many(2)});
                return true;
            case kTuple3:
                push(Tuple{pop_many(3)});
                return true;
            case kTuple:
                push(Tuple{pop_to_mark()});
                return true;
            case kAppend:
                append(pop_many(1));
                return true;
            case kAppends:
                append(pop_to_mark());
                return true;
            case kSetItem:
                set(pop_many(2));
                return true;
            case kSetItems:
                set(pop_to_mark());
                return true;
            default:
                return false;
        }
    }

    bool recall(Opcode code) {
        switch (code) {
            case kGet:
                push_remembered(reader_.number(1));
                return true;
            case kLongGet:
                push_remembered(reader_.number(4));
                return true;
            case kPut:
                put(reader_.number(1));
                return true;
            case kLongPut:
                put(reader_.number(4));
                return true;
            case kMemoize:
                put(memo_.size());
                return true;
            default:
                return false;
        }
    }

    bool act(Opcode code) {
        switch (code) {
            case kGlobal: {
                const std::string_view module = reader_.line();
                push(find_global(module, reader_.line()));
                return true;
            }
            case kStackGlobal: {
                const auto names = pop_many(2);
                push(find_global(as<std::string_view>(names[0]), as<std::string_view>(names[1])));
                return true;
            }
            case kReduce: {
                const auto parts = pop_many(2);
                push_ref(call(as<Global>(parts[0]), parts[1], values_));
                return true;
            }
            case kPersistentId: {
                const Storage storage = storage_of(as<Tuple>(pop()), values_);
                push(storage);
                return true;
            }
            case kBuild:
                // Attributes of a dictionary: OrderedDict._metadata, which says the versions of modules.
                pop();
                as<Dict>(top());
                return true;
            case kProtocol:
                if (const auto protocol = reader_.number(1); protocol < 2 || protocol > 4) {
                    fail("its protocol is {}, but 2 to 4 are supported", protocol);
                }
                return true;
            case kFrame:
                reader_.skip(8);
                return true;
            default:
                return false;
        }
    }

    std::int64_t long_integer() {
        const std::uint64_t width = reader_.number(1);
        if (width > 8) fail("an integer of {} bytes is too large", width);
        if (width == 0) return 0;
        const std::uint64_t unused_bits = 64 - 8 * width;
        const std::uint64_t bits = reader_.number(static_cast<std::size_t>(width)) << unused_bits;
        return static_cast<std::int64_t>(bits) >> unused_bits;
    }
    double big_endian_double() { return std::bit_cast<double>(__builtin_bswap64(reader_.number(8))); }
    std::string_view text(std::uint64_t size) {
        if (size > kLongestText) fail("a text of {} bytes is too long", size);
        return reader_.text(size);
    }

    void push_ref(Ref ref) {
        if (stack_.size() == kMostOnStack) fail("more than {} values are on the stack", kMostOnStack);
        stack_.push_back(ref);
    }
    void push(Value value) {
        values_.push_back(std::move(value));
        push_ref(static_cast<Ref>(values_.size() - 1));
    }
    void push_mark() {
        if (marks_.size() == kMostOnStack) fail("more than {} marks are on the stack", kMostOnStack);
        marks_.push_back(stack_.size());
    }
    void push_remembered(std::uint64_t index) {
        const auto found = memo_.find(index);
        if (found == memo_.end()) fail("it refers to a value {} that it did not remember", index);
        push_ref(found->second);
    }

    void put(std::uint64_t index) {
        if (memo_.size() == kMostValues) fail("it remembers more than {} values", kMostValues);
        memo_.insert_or_assign(index, top());
    }

    Ref top() const {
        if (stack_.size() <= floor()) fail("a value is missing on the stack");
        return stack_.back();
    }
    Ref pop() {
        const Ref ref = top();
        stack_.pop_back();
        return ref;
    }
    /// The last `count` values, none of which lies below the last mark.
    std::vector<Ref> pop_many(std::size_t count) {
        if (stack_.size() - floor() < count) fail("values are missing on the stack");
        return cut(stack_.size() - count);
    }
    std::vector<Ref> pop_to_mark() {
        if (marks_.empty()) fail("a mark is missing on the stack");
        const std::size_t begin = marks_.back();
        marks_.pop_back();
        return cut(begin);
    }
    std::vector<Ref> cut(std::size_t begin) {
        const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(begin);
        std::vector<Ref> refs(first, stack_.end());
        stack_.erase(first, stack_.end());
        return refs;
    }
    std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

    template <typename T>
    T& as(Ref ref) {
        T* found = std::get_if<T>(&values_[ref]);
        if (!found) fail("{} is not what an instruction expects", type_name(values_[ref]));
        return *found;
    }

    void append(const std::vector<Ref>& items) {
        auto& list = as<List>(top()).items;
        list.insert(list.end(), items.begin(), items.end());
    }
    void set(const std::vector<Ref>& items) {
        if (items.size() % 2 != 0) fail("a key of a dictionary has no value");
        auto& dict = as<Dict>(top()).items;
        for (std::size_t i = 0; i < items.size(); i += 2) dict.emplace_back(items[i], items[i + 1]);
    }

    ByteReader reader_;
    Values values_;
    std::vector<Ref> stack_;
    std::vector<std::size_t> marks_;
    std::unordered_map<std::uint64_t, Ref> memo_;
};

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes, const std::string& source) {
    if (bytes.size() > kMostBytes) {
        fail("{}: the pickle has {} bytes, more than the {} that are accepted", source, bytes.size(),
             kMostBytes);
    }
    const std::string pickle = "the pickle";
    Machine machine(bytes, pickle);
    try {
        return machine.run();
    } catch (const Error& error) {
        fail("{}: at byte {} of the pickle: {}", source, machine.at(), error.what());
    }
}

}  // namespace espalier::formats::pytorch

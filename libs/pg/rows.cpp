#include "libs/pg/rows.h"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "libs/pg/types.h"

namespace crm::pg {
namespace {

template <class T>
T BigEndian(const char* bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((value << 8) | static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

// A numeric is: number of base-10000 digits, weight of the first, sign, display scale, then the
// digits; 2 bytes each.
std::optional<int64_t> NumericToInt(std::string_view bytes) {
  constexpr uint16_t kPositive = 0x0000;
  constexpr uint16_t kNegative = 0x4000;
  const auto field = [&](size_t i) { return BigEndian<uint16_t>(bytes.data() + 2 * i); };
  const size_t digits = field(0);
  const auto weight = static_cast<int16_t>(field(1));
  const uint16_t sign = field(2);
  if (sign != kPositive && sign != kNegative) return std::nullopt;  // NaN, infinities
  if (digits > static_cast<size_t>(std::max(0, weight + 1))) return std::nullopt;  // a fraction
  // Counted below zero, where there is one integer more.
  int64_t total = 0;
  for (int i = 0; digits > 0 && i <= weight; ++i) {
    const auto at = static_cast<size_t>(i);
    if (__builtin_mul_overflow(total, 10'000, &total) ||
        __builtin_sub_overflow(total, at < digits ? field(4 + at) : 0, &total)) {
      return std::nullopt;
    }
  }
  if (sign == kPositive && __builtin_sub_overflow(0, total, &total)) return std::nullopt;
  return total;
}

// A value of another type than asked for is a mistake in the program, like an index out of bounds.
[[noreturn]] void Misuse(const char* wanted, size_t row, size_t column, const std::string& found) {
  std::fprintf(stderr, "pg::Rows: %s asked of row %zu, column %zu, which is %s\n", wanted, row,
               column, found.c_str());
  std::abort();
}

struct Cell {
  Type type;
  std::string_view bytes;
};

const PGresult* ResultOf(const std::shared_ptr<const Rows::Rep>& rep) {
  return rep ? rep->result.get() : nullptr;
}

void CheckBounds(const PGresult* result, const char* wanted, size_t row, size_t column) {
  const auto rows = static_cast<size_t>(PQntuples(result));
  const auto columns = static_cast<size_t>(PQnfields(result));
  if (row >= rows || column >= columns) {
    Misuse(wanted, row, column,
           "outside of " + std::to_string(rows) + " rows of " + std::to_string(columns));
  }
}

Cell CellAt(const PGresult* result, const char* wanted, size_t row, size_t column) {
  CheckBounds(result, wanted, row, column);
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  if (PQgetisnull(result, r, c) != 0) Misuse(wanted, row, column, "null");
  return {static_cast<Type>(PQftype(result, c)),
          {PQgetvalue(result, r, c), static_cast<size_t>(PQgetlength(result, r, c))}};
}

[[noreturn]] void WrongType(const char* wanted, size_t row, size_t column, Type found) {
  Misuse(wanted, row, column, TypeName(static_cast<uint32_t>(found)));
}

}  // namespace

Result<Rows> MakeRows(ResultPtr result) {
  for (int column = 0; column < PQnfields(result.get()); ++column) {
    if (PQftype(result.get(), column) != static_cast<Oid>(Type::kNumeric)) continue;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      if (PQgetisnull(result.get(), row, column) != 0) continue;
      const std::string_view bytes(PQgetvalue(result.get(), row, column),
                                   static_cast<size_t>(PQgetlength(result.get(), row, column)));
      if (!NumericToInt(bytes)) {
        return Status(Code::kOutOfRange, "PG_NUMERIC_RANGE",
                      "A numeric result is not an integer of 64 bits; cast it in the statement.")
            .With("column", PQfname(result.get(), column));
      }
    }
  }
  return Rows(std::make_shared<const Rows::Rep>(Rows::Rep{std::move(result)}));
}

size_t Rows::size() const {
  return static_cast<size_t>(PQntuples(ResultOf(rep_)));
}

bool Rows::IsNull(size_t row, size_t column) const {
  CheckBounds(ResultOf(rep_), "IsNull", row, column);
  return PQgetisnull(ResultOf(rep_), static_cast<int>(row), static_cast<int>(column)) != 0;
}

bool Rows::GetBool(size_t row, size_t column) const {
  const Cell cell = CellAt(ResultOf(rep_), "GetBool", row, column);
  if (cell.type != Type::kBool) WrongType("GetBool", row, column, cell.type);
  return cell.bytes[0] != 0;
}

int64_t Rows::GetInt(size_t row, size_t column) const {
  const Cell cell = CellAt(ResultOf(rep_), "GetInt", row, column);
  switch (cell.type) {
    case Type::kInt8:
      return static_cast<int64_t>(BigEndian<uint64_t>(cell.bytes.data()));
    case Type::kInt4:
      return static_cast<int32_t>(BigEndian<uint32_t>(cell.bytes.data()));
    case Type::kInt2:
      return static_cast<int16_t>(BigEndian<uint16_t>(cell.bytes.data()));
    case Type::kOid:
      return BigEndian<uint32_t>(cell.bytes.data());
    case Type::kNumeric:
      return *NumericToInt(cell.bytes);  // MakeRows has refused what does not fit
    default:
      WrongType("GetInt", row, column, cell.type);
  }
}

double Rows::GetDouble(size_t row, size_t column) const {
  const Cell cell = CellAt(ResultOf(rep_), "GetDouble", row, column);
  if (cell.type == Type::kFloat8) {
    return std::bit_cast<double>(BigEndian<uint64_t>(cell.bytes.data()));
  }
  if (cell.type == Type::kFloat4) {
    return std::bit_cast<float>(BigEndian<uint32_t>(cell.bytes.data()));
  }
  WrongType("GetDouble", row, column, cell.type);
}

std::string_view Rows::GetBytes(size_t row, size_t column) const {
  const Cell cell = CellAt(ResultOf(rep_), "GetBytes", row, column);
  switch (cell.type) {
    case Type::kText:
    case Type::kVarchar:
    case Type::kName:
    case Type::kBytea:
    case Type::kJson:
      return cell.bytes;
    case Type::kJsonb:
      return cell.bytes.substr(1);  // behind the version of its binary form
    default:
      WrongType("GetBytes", row, column, cell.type);
  }
}

std::string Rows::GetString(size_t row, size_t column) const {
  return std::string(GetBytes(row, column));
}

Uuid Rows::GetUuid(size_t row, size_t column) const {
  const Cell cell = CellAt(ResultOf(rep_), "GetUuid", row, column);
  if (cell.type != Type::kUuid) WrongType("GetUuid", row, column, cell.type);
  Uuid id;
  std::memcpy(id.bytes.data(), cell.bytes.data(), id.bytes.size());
  return id;
}

Time Rows::GetTime(size_t row, size_t column) const {
  const Cell cell = CellAt(ResultOf(rep_), "GetTime", row, column);
  if (cell.type != Type::kTimestamptz) WrongType("GetTime", row, column, cell.type);
  const auto micros = static_cast<int64_t>(BigEndian<uint64_t>(cell.bytes.data()));
  // Infinities stay the ends of the range.
  if (micros == std::numeric_limits<int64_t>::min()) return Time(Duration(micros));
  if (micros > std::numeric_limits<int64_t>::max() - kEpochOffset) return Time::max();
  return Time(Duration(micros + kEpochOffset));
}

int64_t Rows::affected() const {
  if (!rep_) return 0;
  const char* text = PQcmdTuples(rep_->result.get());
  return *text == '\0' ? 0 : std::strtoll(text, nullptr, 10);
}

}  // namespace crm::pg

#include "libs/pg/encode.h"

#include <bit>
#include <limits>
#include <utility>

namespace crm::pg {
namespace {

// PostgreSQL refuses longer values itself, but libpq's lengths are int.
constexpr size_t kMaxValueBytes = size_t{1} << 30;

template <class T>
void PutBigEndian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xff);
  }
}

template <class Signed>
Status PutInteger(std::string& out, int64_t value) {
  if (!std::in_range<Signed>(value)) {
    return Status(Code::kOutOfRange, "PG_INTEGER_RANGE",
                  "An integer does not fit into the type that the statement declares.")
        .With("value", std::to_string(value));
  }
  PutBigEndian(out, static_cast<std::make_unsigned_t<Signed>>(value));
  return Status::Ok();
}

Status Mismatch(std::string_view given, Type declared) {
  return Status(Code::kInternal, "PG_BAD_PARAMETER",
                "A parameter given as " + std::string(given) + " is declared as " +
                    TypeName(static_cast<uint32_t>(declared)) + ".");
}

Status Put(std::string& out, Type type, bool value) {
  if (type != Type::kBool) return Mismatch("bool", type);
  out += value ? '\1' : '\0';
  return Status::Ok();
}

Status Put(std::string& out, Type type, int64_t value) {
  switch (type) {
    case Type::kInt8:
      return PutInteger<int64_t>(out, value);
    case Type::kInt4:
      return PutInteger<int32_t>(out, value);
    case Type::kInt2:
      return PutInteger<int16_t>(out, value);
    default:
      return Mismatch("int64_t", type);
  }
}

Status Put(std::string& out, Type type, double value) {
  if (type != Type::kFloat8) return Mismatch("double", type);
  PutBigEndian(out, std::bit_cast<uint64_t>(value));
  return Status::Ok();
}

Status Put(std::string& out, Type type, const std::string& value) {
  if (type == Type::kJsonb) {
    out += '\1';  // the version of jsonb's binary form
  } else if (type != Type::kText && type != Type::kVarchar && type != Type::kJson) {
    return Mismatch("text", type);
  }
  out += value;
  return Status::Ok();
}

Status Put(std::string& out, Type type, const Bytes& value) {
  if (type != Type::kBytea) return Mismatch("Bytes", type);
  out += value.value;
  return Status::Ok();
}

Status Put(std::string& out, Type type, const Uuid& value) {
  if (type != Type::kUuid) return Mismatch("Uuid", type);
  out.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  return Status::Ok();
}

Status Put(std::string& out, Type type, Time value) {
  if (type != Type::kTimestamptz) return Mismatch("Time", type);
  int64_t micros = value.time_since_epoch().count();
  // The ends of the range mean PostgreSQL's infinities, which are the same numbers there.
  const bool low = micros < std::numeric_limits<int64_t>::min() + kEpochOffset;
  if (micros != std::numeric_limits<int64_t>::max()) {
    micros = low ? std::numeric_limits<int64_t>::min() : micros - kEpochOffset;
  }
  PutBigEndian(out, static_cast<uint64_t>(micros));
  return Status::Ok();
}

template <class T>
Status PutElements(std::string& out, Type type, const std::vector<std::optional<T>>& elements) {
  bool has_null = false;
  for (const auto& element : elements) has_null = has_null || !element;
  PutBigEndian(out, uint32_t{elements.empty() ? 0u : 1u});
  PutBigEndian(out, uint32_t{has_null ? 1u : 0u});
  PutBigEndian(out, static_cast<uint32_t>(type));
  if (elements.empty()) return Status::Ok();
  PutBigEndian(out, static_cast<uint32_t>(elements.size()));
  PutBigEndian(out, uint32_t{1});
  for (const auto& element : elements) {
    const size_t at = out.size();
    PutBigEndian(out, std::numeric_limits<uint32_t>::max());  // a null's length is -1
    if (!element) continue;
    if (Status status = Put(out, type, *element); !status.ok()) return status;
    std::string length;
    PutBigEndian(length, static_cast<uint32_t>(out.size() - at - sizeof(uint32_t)));
    out.replace(at, length.size(), length);
  }
  return Status::Ok();
}

Status PutValue(std::string& out, Type type, const Value& value) {
  return std::visit(
      [&](const auto& held) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, Null>) {
          return Status::Ok();
        } else {
          return Put(out, type, held);
        }
      },
      value);
}

Status PutParam(std::string& out, ParamType type, const Param& param) {
  if (const auto* value = std::get_if<Value>(&param)) {
    const bool null = std::holds_alternative<Null>(*value);
    if (type.array && !null) return Mismatch("one value instead of an array", type.type);
    return PutValue(out, type.type, *value);
  }
  if (!type.array) return Mismatch("an array", type.type);
  return std::visit([&](const auto& elements) { return PutElements(out, type.type, elements); },
                    std::get<Array>(param));
}

}  // namespace

Status EncodedParams::Encode(const std::vector<Param>& params,
                             const std::vector<ParamType>& types) {
  if (params.size() != types.size()) {
    return Status(Code::kInternal, "PG_BAD_PARAMETER",
                  "A statement declares " + std::to_string(types.size()) + " parameters and got " +
                      std::to_string(params.size()) + ".");
  }
  std::vector<size_t> starts;
  for (size_t i = 0; i < params.size(); ++i) {
    starts.push_back(bytes_.size());
    if (Status status = PutParam(bytes_, types[i], params[i]); !status.ok()) {
      return status.With("parameter", std::to_string(i + 1));
    }
    if (bytes_.size() - starts.back() > kMaxValueBytes) {
      return Status(Code::kOutOfRange, "PG_VALUE_TOO_LARGE", "A parameter is longer than 1 GiB.");
    }
  }
  starts.push_back(bytes_.size());
  for (size_t i = 0; i < params.size(); ++i) {
    const auto* value = std::get_if<Value>(&params[i]);
    const bool null = value != nullptr && std::holds_alternative<Null>(*value);
    values_.push_back(null ? nullptr : bytes_.data() + starts[i]);
    lengths_.push_back(static_cast<int>(starts[i + 1] - starts[i]));
    formats_.push_back(1);
  }
  return Status::Ok();
}

void EncodedParams::Clear() {
  std::string().swap(bytes_);
  values_.clear();
  lengths_.clear();
  formats_.clear();
}

}  // namespace crm::pg

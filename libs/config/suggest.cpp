#include "libs/config/suggest.h"

#include <algorithm>
#include <vector>

namespace crm::config {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Single-character insertions, deletions, replacements and swaps of neighbours that lead from one
// to the other.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

std::string Join(const std::string& parent, const std::string& name) {
  return parent.empty() ? name : parent + "." + name;
}

// Where the key exists below `message`, as the shortest path.
std::string Elsewhere(const Descriptor& message, const std::string& parent,
                      const std::string& key) {
  std::string best;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    std::string path = Join(parent, field.name());
    if (field.name() == key) return path;
    const Descriptor* child = field.message_type();
    if (field.is_map()) {
      child = child->map_value()->message_type();
      path += ".<name>";
    }
    if (child == nullptr || child->file()->package() != message.file()->package()) continue;
    std::string found = Elsewhere(*child, path, key);
    if (!found.empty() && (best.empty() || found.size() < best.size())) best = found;
  }
  return best;
}

}  // namespace

std::string NearestKey(const Descriptor& root, const Descriptor& message, const std::string& parent,
                       const std::string& key) {
  std::string lower = key;
  std::replace(lower.begin(), lower.end(), '-', '_');
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const FieldDescriptor* best = nullptr;
  size_t best_distance = std::max<size_t>(2, key.size() / 3) + 1;
  for (int i = 0; i < message.field_count(); ++i) {
    size_t distance = EditDistance(lower, message.field(i)->name());
    if (distance < best_distance) {
      best = message.field(i);
      best_distance = distance;
    }
  }
  bool is_spelling = best != nullptr && best_distance <= 1;
  std::string elsewhere = is_spelling ? "" : Elsewhere(root, "", lower);
  if (!elsewhere.empty()) return elsewhere;
  return best == nullptr ? "" : Join(parent, best->name());
}

}  // namespace crm::config

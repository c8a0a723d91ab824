#include "tests/chaos/report.h"

#include <sys/utsname.h>

#include <fstream>
#include <thread>
#include <vector>

namespace crm::chaos {

namespace {

std::string TitleOf(const std::string& chapter) {
  return chapter.substr(0, chapter.find('\n'));
}

std::vector<std::string> ReadChapters(const std::string& file) {
  std::vector<std::string> chapters;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (chapters.empty() || line.starts_with("# ")) chapters.emplace_back();
    chapters.back() += line + "\n";
  }
  return chapters;
}

}  // namespace

void WriteChapter(const std::string& file, const std::string& chapter) {
  auto chapters = ReadChapters(file);
  bool written = false;
  for (auto& old : chapters) {
    while (old.ends_with("\n\n")) old.pop_back();
    if (TitleOf(old) != TitleOf(chapter)) continue;
    old = chapter;
    written = true;
  }
  if (!written) chapters.push_back(chapter);
  std::ofstream out(file);
  for (size_t i = 0; i < chapters.size(); ++i) out << (i == 0 ? "" : "\n") << chapters[i];
}

std::string Machine() {
  std::string cpu = "unknown processor";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    cpu = line.substr(line.find(':') + 2);
    break;
  }
  utsname name{};
  uname(&name);
  return std::to_string(std::thread::hardware_concurrency()) + " x " + cpu + ", " + name.sysname +
         " " + name.release;
}

std::string Table(const char* what, const std::map<std::string, int>& counts) {
  std::string text = std::string("| ") + what + " | times |\n|---|---:|\n";
  for (const auto& [name, times] : counts) {
    text += "| " + name + " | " + std::to_string(times) + " |\n";
  }
  return text;
}

}  // namespace crm::chaos

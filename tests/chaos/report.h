// docs/reliability.md: a chapter for each kind of run, of which the others stay when one is written
// anew.
#pragma once

#include <map>
#include <string>

namespace crm::chaos {

// Puts the chapter (its text begins with "# " and its title) in the place of that with its title,
// or at the end.
void WriteChapter(const std::string& file, const std::string& chapter);

// Of this machine, for chapters.
std::string Machine();

// Two columns, counts to the right.
std::string Table(const char* what, const std::map<std::string, int>& counts);

}  // namespace crm::chaos

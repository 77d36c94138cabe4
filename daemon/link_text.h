// What `spillway link ...` prints for people, from the JSON of the admin API. Any thread.
#pragma once

#include "base/json.h"

#include <string>

namespace spillway::daemon {

std::string links_text(const json::object& links);           ///< link list
std::string link_text(const json::object& link);             ///< link describe
std::string gaps_text(const json::object& gaps);             ///< link gaps
std::string verify_text(const json::object& verification);   ///< link verify
std::string places_text(const json::object& places);         ///< link translate
std::string dead_letters_text(const json::object& letters);  ///< dead-letters list
std::string dead_letter_text(const json::object& letter);    ///< dead-letters show

}  // namespace spillway::daemon

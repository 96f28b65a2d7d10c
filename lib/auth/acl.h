// Rules on topics: who may publish and who may read, in the format of mosquitto's acl_file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/string_map.h"
#include "broker/access.h"

namespace mq {

// What no rule allows is denied, and a rule that denies beats all that allow. Rules before the
// first `user` line are for clients without a user name, `pattern` rules for everybody.
class Acl {
 public:
  // Lines `topic|pattern [read|write|readwrite|deny] FILTER` and `user NAME`. `file` is for
  // messages.
  static Result<Acl> parse(std::string_view text, std::string_view file);

  // A further pattern. False for what is no topic filter.
  bool allow(bool read, bool write, std::string_view filter);

  bool may_publish(const ClientIdentity& client, std::string_view topic) const;
  bool may_read(const ClientIdentity& client, std::string_view topic) const;
  // Whether a subscription could deliver anything: what it delivers is asked message by message.
  bool may_subscribe(const ClientIdentity& client, std::string_view filter) const;

 private:
  enum Access : uint8_t { kDeny = 0, kRead = 1, kWrite = 2, kReadWrite = 3 };
  struct Rule {
    Access access;
    std::string filter;  // of a pattern with %u, %c and %{CLAIM} still in it
  };
  class Parser;

  const std::vector<Rule>* rules_of(const ClientIdentity& client) const;
  bool allows(const ClientIdentity& client, std::string_view topic, Access wanted) const;
  // Calls `see(access, filter)` for each rule that is about the client until it says false.
  template <class See>
  void each_rule(const ClientIdentity& client, See&& see) const;

  std::vector<Rule> anonymous_;
  StringMap<std::vector<Rule>> users_;
  std::vector<Rule> patterns_;
};

// Whether some topic name matches both filters.
bool filters_overlap(std::string_view a, std::string_view b);
// Whether every topic name that matches `narrow` matches `wide`, too.
bool filter_covers(std::string_view wide, std::string_view narrow);

}  // namespace mq

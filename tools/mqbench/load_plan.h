// Who publishes where, who subscribes to what, and who must therefore receive whose messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/version.h"
#include "mqbench/audience.h"
#include "mqbench/data_table.h"
#include "mqbench/topic_template.h"

namespace mq {

enum class Pattern : uint8_t {
  kP2p,     // pairs: each publisher has its own topic; the smaller side goes round
  kFanIn,   // each publisher has its own topic, every subscriber gets them all
  kFanOut,  // all publishers share one topic, every subscriber gets it
  kMesh,    // each client publishes to its own topic and gets those of all, its own too
  kShared,  // each publisher has its own topic, each message goes to one of the subscribers
  kGiven,   // as topics and filters say
  kNone,    // nobody publishes: connections alone, or subscribers of what others publish
};

std::string_view name(Pattern pattern);

// Publishers and subscribers are numbered, and so are streams: what one publisher sends to one
// topic. Order, loss and duplicates are those of a stream. A client is a connection; it may be
// several publishers, and a subscriber beside.
class LoadPlan {
 public:
  static constexpr uint32_t kStreamsMax = 1u << 24;  // what a stamp has room for
  static constexpr uint64_t kPairsMax = 16'000'000;  // pairs(), 24 bytes each
  // Without sequence numbers, where a list of streams is not needed either: time at the end.
  static constexpr uint64_t kCountedPairsMax = 1'000'000'000;
  // Where topics are compared with filters. Those of patterns are not: who hears whom is known.
  static constexpr uint32_t kComparedStreamsMax = 2'000'000;

  // What clients are called.
  struct Names {
    std::string run;
    std::string id_prefix = "";  // of client identifiers
    std::string user = "";
    std::shared_ptr<const DataTable> data = nullptr;  // rows of values for the clients
    uint32_t first_number = 0;                        // what clients and topics are numbered from
  };

  // The two templates are those of topic_template.h. What a pattern needs of them and they do not
  // have is an error.
  struct PatternPlan {
    Pattern pattern = Pattern::kP2p;
    uint32_t publishers = 1, subscribers = 1;  // of a mesh the former are both
    std::string topic = "";
    uint32_t topics = 1;       // of {n}
    std::string filter = "";   // of kGiven and kNone; without one there is no subscription
    std::string share = "";    // name of the subscription of kShared
    bool counts_only = false;  // what arrives is counted and not told apart
  };
  static Result<LoadPlan> make(const PatternPlan& pattern, Names names);

  // Groups of clients that publish and subscribe to what they say.
  struct GroupPlan {
    std::string name;
    uint32_t clients = 1;
    double connect_rate = 0;  // 0: that of the run
    std::shared_ptr<const DataTable> data = nullptr;
    struct Flow {
      std::string topic;
      uint32_t topics = 1;
      Qos qos = Qos::kAtMostOnce;
    };
    std::vector<Flow> flows = {};
    struct Filter {
      std::string filter;
      Qos qos = Qos::kAtMostOnce;
    };
    std::vector<Filter> filters = {};
  };
  static Result<LoadPlan> make(const std::vector<GroupPlan>& groups, Names names);

  // Clients that do the same.
  struct Group {
    std::string name;     // "publisher"
    std::string id_part;  // between prefix and number of a client identifier
    uint32_t clients = 0;
    uint32_t first_flow = 0, flows = 0;
    std::optional<uint32_t> first_subscriber = {};  // none: they do not subscribe
    double connect_rate = 0;                        // 0: that of the run
    std::shared_ptr<const DataTable> data = nullptr;
  };
  // In the order in which they connect.
  const std::vector<Group>& client_groups() const { return groups_; }
  uint32_t clients() const;
  // REQUIRES: client < group.clients
  uint64_t number(uint32_t client) const { return uint64_t{client} + names_.first_number; }
  std::string client_id(const Group& group, uint32_t client) const;
  const Names& names() const { return names_; }

  // What the clients of a group publish to one template: publisher first_publisher + i is client i.
  struct Flow {
    uint32_t group = 0;
    uint32_t first_publisher = 0, publishers = 0;
    uint32_t first_stream = 0;
    TopicTemplate topic;
    std::optional<Qos> qos = {};  // none: that of the run
  };
  const std::vector<Flow>& flows() const { return flows_; }
  uint32_t flow_index_of(uint32_t publisher) const {
    return static_cast<uint32_t>(&flow_of(publisher) - flows_.data());
  }
  // The group that publishes a stream. REQUIRES: stream < streams()
  uint32_t group_of(uint32_t stream) const { return flow_of(publisher_of(stream)).group; }

  Pattern pattern() const { return pattern_; }
  uint32_t publishers() const { return publishers_; }
  uint32_t subscribers() const { return subscribers_; }
  uint32_t streams() const { return streams_; }

  const Flow& flow_of(uint32_t publisher) const;
  // The streams of a publisher follow each other.
  uint32_t first_stream(uint32_t publisher) const;
  uint32_t streams_of(uint32_t publisher) const { return flow_of(publisher).topic.variants(); }
  uint32_t publisher_of(uint32_t stream) const;
  // What fills in the blanks of a publisher's client; `client_id` holds some of it.
  TemplateValues values_of(uint32_t publisher, std::string& client_id) const;
  std::string topic(uint32_t stream) const;

  struct Subscription {
    std::string filter;
    std::optional<Qos> qos = {};  // none: that of the run
  };
  std::vector<Subscription> subscriptions(uint32_t subscriber) const;
  // The index of its group.
  uint32_t group_of_subscriber(uint32_t subscriber) const;

  // How many subscribers a message of this stream must reach; a share counts as one.
  uint32_t receivers_of(uint32_t stream) const { return receivers_[stream]; }
  // The most of any stream of a publisher, and whether it is the same for all of them.
  uint32_t receivers_max(uint32_t publisher) const;
  bool receivers_are_even(uint32_t publisher) const;
  // What a subscriber hears by itself.
  const StreamSet& heard(uint32_t subscriber) const { return audience_.heard[subscriber]; }
  const std::vector<Share>& shares() const { return audience_.shares; }
  // The shares that a subscriber is a member of.
  const std::vector<uint32_t>& shares_of(uint32_t subscriber) const;
  // Deliveries that each message makes: fewest, most and on average over the streams.
  struct Receivers {
    uint32_t min = 0, max = 0;
    double mean = 0;
  };
  Receivers receivers() const;
  // Streams that are accounted for, over all subscribers and shares.
  uint64_t pairs() const;
  // Whether this publisher's connection is also a subscriber's or an earlier publisher's.
  bool is_second_role(uint32_t publisher) const;

  // With pairs, publisher i and subscriber j belong together when they agree modulo this; with
  // everybody to everybody it is 1.
  uint32_t groups() const;

 private:
  TemplateValues values(const Group& group, uint32_t client, std::string& client_id) const;
  Result<void> check_topics(std::string_view topic_template, const Flow& flow) const;
  Result<void> add_group(const GroupPlan& group);
  Result<void> listen_in_pairs();
  Result<void> listen_to_all(bool shared, const std::string& share);
  Result<void> listen_as_given();
  void count_receivers();

  Pattern pattern_ = Pattern::kP2p;
  Names names_;
  std::vector<Group> groups_;
  std::vector<Flow> flows_;
  uint32_t publishers_ = 0, subscribers_ = 0, streams_ = 0;
  Audience audience_;
  std::vector<uint32_t> receivers_;  // by stream

  // Where filters are not the same for all, by group: a template each.
  struct GivenFilter {
    TopicTemplate filter;
    std::optional<Qos> qos;
  };
  std::vector<std::vector<GivenFilter>> given_;
  std::string common_filter_;  // of patterns in which it is
};

}  // namespace mq

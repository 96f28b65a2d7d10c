// Identifiers of received QoS 2 messages that were not released yet.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mq {

// Kept sorted. Identifiers come in ascending order and leave from the front, so both ends are
// cheap; the worst a hostile peer can cause is moving 128 KiB per packet.
class InboundQos2 {
 public:
  bool contains(uint16_t id) const { return std::ranges::binary_search(ids_, id); }
  // False when it was there already: a duplicate [MQTT-4.3.3-10].
  bool insert(uint16_t id) {
    const auto at = std::ranges::lower_bound(ids_, id);
    if (at != ids_.end() && *at == id) return false;
    ids_.insert(at, id);
    return true;
  }
  // False when it was not there.
  bool erase(uint16_t id) {
    const auto at = std::ranges::lower_bound(ids_, id);
    if (at == ids_.end() || *at != id) return false;
    ids_.erase(at);
    return true;
  }
  size_t size() const { return ids_.size(); }
  const std::vector<uint16_t>& ids() const { return ids_; }
  void clear() { std::vector<uint16_t>().swap(ids_); }

 private:
  std::vector<uint16_t> ids_;
};

}  // namespace mq

#include "broker/retained.h"

namespace mq {

Retained::~Retained() {
  // The timers point into the tree: disarm before it goes.
  while (timers_.pop_due(kNever) != nullptr) {
  }
}

void Retained::set(Ref<const Message> message, Time expires, std::unique_ptr<Source> source) {
  Node& node = tree_.insert(message->topic());
  Entry& entry = node.value;
  if (entry.message) {
    bytes_ -= entry.memory();
  } else {
    ++count_;
  }
  timers_.set(entry, expires);
  entry.node = &node;
  entry.message = std::move(message);
  entry.source = std::move(source);
  bytes_ += entry.memory();
}

void Retained::remove(std::string_view topic) {
  Node* node = tree_.find(topic);
  if (node != nullptr && !node->value.empty()) clear(*node);
}

void Retained::clear(Node& node) {
  --count_;
  bytes_ -= node.value.memory();
  timers_.cancel(node.value);
  node.value.message = nullptr;
  node.value.source = nullptr;
  tree_.prune(&node);
}

const Message* Retained::find(std::string_view topic) {
  Node* node = tree_.find(topic);
  return node == nullptr ? nullptr : node->value.message.get();
}

void Retained::match(std::string_view filter, Time now, std::vector<Found>& found) {
  match_level(tree_.root(), TopicLevels(filter), now, found);
}

void Retained::match_level(Node& node, TopicLevels levels, Time now,
                           std::vector<Found>& found) {
  std::string_view level;
  if (!levels.next(level)) {
    if (!node.value.empty() && !node.value.message->expired(now)) {
      found.push_back({node.value.message, node.value.source.get()});
    }
    return;
  }
  if (level != "+" && level != "#") {
    if (Node* child = tree_.child(node, level)) match_level(*child, levels, now, found);
    return;
  }
  const bool at_root = &node == &tree_.root();
  // "sport/#" matches "sport" too (section 4.7.1.2).
  if (level == "#" && !at_root) match_level(node, levels, now, found);
  for (Node* child = node.first_child; child != nullptr; child = child->next_sibling) {
    // [MQTT-4.7.2-1]
    if (at_root && child->name().starts_with('$')) continue;
    if (level == "+") {
      match_level(*child, levels, now, found);
    } else {
      match_all(*child, now, found);
    }
  }
}

void Retained::match_all(Node& from, Time now, std::vector<Found>& found) {
  Node* node = &from;
  for (;;) {
    if (!node->value.empty() && !node->value.message->expired(now)) {
      found.push_back({node->value.message, node->value.source.get()});
    }
    if (node->first_child != nullptr) {
      node = node->first_child;
      continue;
    }
    while (node != &from && node->next_sibling == nullptr) node = node->parent;
    if (node == &from) return;
    node = node->next_sibling;
  }
}

}  // namespace mq

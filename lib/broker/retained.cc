#include "broker/retained.h"

namespace mq {

Retained::~Retained() {
  // The timers point into the tree: disarm before it goes.
  while (timers_.pop_due(kNever) != nullptr) {
  }
}

void Retained::set(Ref<const Message> message) {
  Node& node = tree_.insert(message->topic());
  Entry& entry = node.value;
  if (entry.message) {
    bytes_ -= entry.message->memory();
  } else {
    ++count_;
  }
  bytes_ += message->memory();
  timers_.set(entry, message->expires());
  entry.node = &node;
  entry.message = std::move(message);
}

void Retained::remove(std::string_view topic) {
  Node* node = tree_.find(topic);
  if (node != nullptr && !node->value.empty()) clear(*node);
}

void Retained::clear(Node& node) {
  --count_;
  bytes_ -= node.value.message->memory();
  timers_.cancel(node.value);
  node.value.message = nullptr;
  tree_.prune(&node);
}

const Message* Retained::find(std::string_view topic) {
  Node* node = tree_.find(topic);
  return node == nullptr ? nullptr : node->value.message.get();
}

void Retained::match(std::string_view filter, Time now, std::vector<Ref<const Message>>& found) {
  match_level(tree_.root(), TopicLevels(filter), now, found);
}

void Retained::match_level(Node& node, TopicLevels levels, Time now,
                           std::vector<Ref<const Message>>& found) {
  std::string_view level;
  if (!levels.next(level)) {
    if (!node.value.empty() && !node.value.message->expired(now)) {
      found.push_back(node.value.message);
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

void Retained::match_all(Node& from, Time now, std::vector<Ref<const Message>>& found) {
  Node* node = &from;
  for (;;) {
    if (!node->value.empty() && !node->value.message->expired(now)) {
      found.push_back(node->value.message);
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

// A tree of topic levels, for subscriptions and for retained messages.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/topic.h"

namespace mq {

// Nodes are found through one hash table keyed by (parent, level), so a node costs no containers
// of its own: one allocation holds links, value and name. Value needs `bool empty() const`; nodes
// that are empty and childless are removed by prune(). Depth is bounded by the caller's limit on
// topic levels, and no function recurses over it except match walkers of the users.
template <class Value>
class TopicTree {
 public:
  struct Node {
    Node* parent = nullptr;
    Node* chain = nullptr;  // next in the same hash bucket
    Node* first_child = nullptr;
    Node* next_sibling = nullptr;
    Node* previous_sibling = nullptr;
    uint64_t hash = 0;
    uint16_t name_size = 0;
    bool has_plus = false;  // a child named "+" exists
    bool has_hash = false;  // a child named "#" exists
    Value value;

    std::string_view name() const {
      return {reinterpret_cast<const char*>(this + 1), name_size};
    }
  };

  // `seed` makes the buckets of a level unpredictable to whoever chooses its name.
  explicit TopicTree(uint64_t seed) : seed_(seed | 1), buckets_(64) {}
  TopicTree(const TopicTree&) = delete;
  TopicTree& operator=(const TopicTree&) = delete;
  ~TopicTree() {
    for (Node* node : buckets_) {
      while (node != nullptr) destroy(std::exchange(node, node->chain));
    }
  }

  Node& root() { return root_; }
  size_t nodes() const { return nodes_; }

  Node* child(const Node& parent, std::string_view level) const {
    const uint64_t hash = hash_of(parent, level);
    for (Node* node = buckets_[hash & (buckets_.size() - 1)]; node != nullptr;
         node = node->chain) {
      if (node->hash == hash && node->parent == &parent && node->name() == level) return node;
    }
    return nullptr;
  }

  // The node at the end of `topic`, null when there is none.
  Node* find(std::string_view topic) {
    Node* node = &root_;
    TopicLevels levels(topic);
    for (std::string_view level; node != nullptr && levels.next(level);) {
      node = child(*node, level);
    }
    return node;
  }

  // The node at the end of `topic`, made if needed.
  Node& insert(std::string_view topic) {
    Node* node = &root_;
    TopicLevels levels(topic);
    for (std::string_view level; levels.next(level);) {
      Node* next = child(*node, level);
      node = next != nullptr ? next : add_child(*node, level);
    }
    return *node;
  }

  // Removes `node` and its ancestors as far as they hold nothing.
  void prune(Node* node) {
    while (node != &root_ && node->value.empty() && node->first_child == nullptr) {
      Node* const parent = node->parent;
      unlink(node);
      destroy(node);
      node = parent;
    }
  }

  // The topic or filter that leads to `node`.
  static std::string path(const Node& node) {
    std::vector<std::string_view> names;
    for (const Node* at = &node; at->parent != nullptr; at = at->parent) {
      names.push_back(at->name());
    }
    std::string text;
    for (auto it = names.rbegin(); it != names.rend(); ++it) {
      if (it != names.rbegin()) text += '/';
      text += *it;
    }
    return text;
  }

 private:
  // Two rounds of multiply and fold over eight bytes at a time, keyed by the seed and the parent.
  uint64_t hash_of(const Node& parent, std::string_view level) const {
    uint64_t hash = seed_ ^ (reinterpret_cast<uintptr_t>(&parent) * 0x9e3779b97f4a7c15);
    const char* p = level.data();
    size_t left = level.size();
    for (; left >= 8; left -= 8, p += 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      hash = fold(hash ^ word);
    }
    return fold(fold(hash ^ short_word(p, left)) ^ level.size());
  }
  // Up to 7 bytes as a number, different ones for different bytes. Without a call of memcpy, which
  // took a third of the time to find a child.
  static uint64_t short_word(const char* p, size_t size) {
    const auto load = [p]<class T>(T value, size_t at) {
      std::memcpy(&value, p + at, sizeof value);
      return uint64_t{value};
    };
    if (size >= 4) return load(uint32_t{}, 0) | load(uint32_t{}, size - 4) << 32;
    if (size >= 2) return load(uint16_t{}, 0) | load(uint16_t{}, size - 2) << 16;
    return size == 1 ? load(uint8_t{}, 0) : 0;
  }
  uint64_t fold(uint64_t x) const {
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
    return (x ^ (x >> 29)) * seed_;
  }

  Node* add_child(Node& parent, std::string_view level) {
    if (nodes_ >= buckets_.size()) rehash();
    void* memory = ::operator new(sizeof(Node) + level.size());
    Node* node = new (memory) Node;
    node->name_size = static_cast<uint16_t>(level.size());
    if (!level.empty()) std::memcpy(static_cast<void*>(node + 1), level.data(), level.size());
    node->parent = &parent;
    node->hash = hash_of(parent, level);
    link(node);
    node->next_sibling = parent.first_child;
    if (parent.first_child != nullptr) parent.first_child->previous_sibling = node;
    parent.first_child = node;
    if (level == "+") parent.has_plus = true;
    if (level == "#") parent.has_hash = true;
    ++nodes_;
    return node;
  }

  void link(Node* node) {
    Node*& bucket = buckets_[node->hash & (buckets_.size() - 1)];
    node->chain = bucket;
    bucket = node;
  }

  void unlink(Node* node) {
    Node** at = &buckets_[node->hash & (buckets_.size() - 1)];
    while (*at != node) at = &(*at)->chain;
    *at = node->chain;
    if (node->next_sibling != nullptr) {
      node->next_sibling->previous_sibling = node->previous_sibling;
    }
    (node->previous_sibling != nullptr ? node->previous_sibling->next_sibling
                                       : node->parent->first_child) = node->next_sibling;
    if (node->name() == "+") node->parent->has_plus = false;
    if (node->name() == "#") node->parent->has_hash = false;
    --nodes_;
  }

  void rehash() {
    std::vector<Node*> old(buckets_.size() * 2);
    old.swap(buckets_);
    for (Node* node : old) {
      while (node != nullptr) link(std::exchange(node, node->chain));
    }
  }

  static void destroy(Node* node) {
    node->~Node();
    ::operator delete(node);
  }

  const uint64_t seed_;
  Node root_;
  std::vector<Node*> buckets_;  // a power of two
  size_t nodes_ = 0;
};

}  // namespace mq

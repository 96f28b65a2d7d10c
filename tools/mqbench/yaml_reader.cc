#include "mqbench/yaml_reader.h"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace mq {
namespace {

// Builds the tree from yaml-cpp's events, and not from its own tree: that has aliases, which make
// a small text a tree without end.
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, anchor, ""); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    reject(mark, "an alias (*) has no use here");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    scalar(mark, anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { end(); }

  YamlNode take() { return std::move(root_); }

 private:
  struct Open {
    YamlNode node;
    bool has_key = false;  // of a map: the next one is a value
    std::string key = {};
  };

  static uint32_t line_of(const YAML::Mark& mark) {
    return static_cast<uint32_t>(std::max(mark.line, 0)) + 1;
  }
  [[noreturn]] static void reject(const YAML::Mark& mark, const std::string& why) {
    throw std::runtime_error(fmt::format("{}: {}", line_of(mark), why));
  }

  void check(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) reject(mark, "an anchor (&) has no use here");
    if (++nodes_ > kYamlNodesMax) reject(mark, fmt::format("more than {} values", kYamlNodesMax));
  }

  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& text) {
    check(mark, anchor);
    if (!open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap && !open_.back().has_key) {
      if (open_.back().node.find(text) != nullptr) {
        reject(mark, fmt::format("'{}' is there twice", text));
      }
      open_.back().key = text;
      open_.back().has_key = true;
      return;
    }
    add({.kind = YamlNode::Kind::kScalar, .text = text, .line = line_of(mark)});
  }

  void begin(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check(mark, anchor);
    if (!open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap && !open_.back().has_key) {
      reject(mark, "a key must be a word");
    }
    if (open_.size() == kYamlDepthMax) {
      reject(mark, fmt::format("nested more than {} deep", kYamlDepthMax));
    }
    open_.push_back({{.kind = kind, .line = line_of(mark)}});
  }

  void end() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (std::exchange(parent.has_key, false)) node.key = std::move(parent.key);
    parent.node.items.push_back(std::move(node));
  }

  std::vector<Open> open_;
  YamlNode root_;
  size_t nodes_ = 0;
};

}  // namespace

Result<YamlNode> read_yaml(std::string_view text) {
  const auto failed = [](std::string why) { return fail(ErrorCode::kMalformed, std::move(why)); };
  if (text.size() > kYamlSizeMax) return failed(fmt::format("1: more than {} bytes", kYamlSizeMax));
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return failed("1: there is nothing in it");
    YamlNode root = builder.take();
    Builder more;
    if (parser.HandleNextDocument(more)) {
      return failed(fmt::format("{}: more than one document", std::max(more.take().line, 1u)));
    }
    return root;
  } catch (const YAML::Exception& error) {
    return failed(fmt::format("{}: {}", std::max(error.mark.line, 0) + 1, error.msg));
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}

}  // namespace mq

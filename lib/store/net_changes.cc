#include "store/net_changes.h"

#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace mq {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

// An inbound identifier, or a message that was queued before: which session, which kind of number,
// which number.
struct Place {
  uint32_t session;
  bool inbound;
  uint64_t number;
  friend bool operator==(const Place&, const Place&) = default;
};

struct PlaceHash {
  size_t operator()(const Place& place) const {
    // Numbers are dense: spread them over all bits.
    return (place.number * 2 + (place.inbound ? 1 : 0) + (uint64_t{place.session} << 40)) *
           0x9E37'79B9'7F4A'7C15u;
  }
};

// Where the changes are that a later one may undo.
struct Undoable {
  uint32_t put = kNone;
  uint32_t release = kNone;
};

// The queue of a session, as far as the run puts it there: its messages are numbered one by one.
struct Queue {
  uint64_t first = 0;
  std::vector<Undoable> messages;

  Undoable* find(uint64_t number) {
    return number - first < messages.size() ? &messages[number - first] : nullptr;
  }
  void put(uint64_t number, uint32_t at) {
    if (number != first + messages.size()) {  // another session of that name
      messages.clear();
      first = number;
    }
    messages.push_back({at, kNone});
  }
};

class Reducer {
 public:
  bool add(Bytes bytes) {
    constexpr size_t kChangeSize = 64;  // about
    dead_.reserve(bytes.size() / kChangeSize);
    net_.changes.reserve(bytes.size() / kChangeSize);
    net_.messages.reserve(bytes.size() / kChangeSize / 2);
    uint32_t message = NetChanges::kNoMessage;
    for (NetChanges::Kept next; !bytes.empty();) {
      if (!read_change(bytes, next.change)) return false;
      next.message = NetChanges::kNoMessage;
      if (next.change.kind == ChangeKind::kMessage) {
        message = static_cast<uint32_t>(net_.messages.size());
        net_.messages.push_back({next.change, 0, 0});
        continue;
      }
      if (next.change.kind == ChangeKind::kPutQueued ||
          next.change.kind == ChangeKind::kPutRetained) {
        if (message == NetChanges::kNoMessage) return false;
        next.message = message;
        if (next.change.kind == ChangeKind::kPutRetained) {
          next.change.key = net_.messages[message].change.key;
        }
      }
      add(next);
    }
    return true;
  }

  NetChanges finish() {
    size_t kept = 0;
    for (size_t i = 0; i < net_.changes.size(); ++i) {
      if (!dead_[i]) net_.changes[kept++] = net_.changes[i];
    }
    net_.changes.resize(kept);
    return std::move(net_);
  }

 private:
  void add(const NetChanges::Kept& next) {
    const auto here = static_cast<uint32_t>(net_.changes.size());
    const Change& change = next.change;
    bool cancelled = false;  // together with the one that it undoes
    switch (change.kind) {
      case ChangeKind::kPutQueued: queue(change).put(change.number, here); break;
      case ChangeKind::kReleaseQueued:
        if (Undoable* of = queue(change).find(change.number)) {
          of->release = here;
        } else {
          others_[place(change, false)].release = here;
        }
        break;
      case ChangeKind::kDropQueued:
        if (Undoable* of = queue(change).find(change.number)) {
          cancelled = undo(std::exchange(*of, {}));
        } else {
          cancelled = undo_other(place(change, false));
        }
        break;
      case ChangeKind::kPutInbound: others_[place(change, true)] = {here, kNone}; break;
      case ChangeKind::kDropInbound: cancelled = undo_other(place(change, true)); break;
      case ChangeKind::kPutSent: replace(sent_, change.key, here); break;
      case ChangeKind::kPutRetained:
      case ChangeKind::kDropRetained: replace(retained_, change.key, here); break;
      case ChangeKind::kDropSession:
        // Another session of that name counts anew; the mark of the old one stays in front of this.
        sent_.erase(change.key);
        break;
      default: break;
    }
    if (cancelled) return;
    if (next.message != NetChanges::kNoMessage) count(next, 1);
    net_.changes.push_back(next);
    dead_.push_back(false);
  }

  // The number of the session. Changes of one come in a row.
  uint32_t session(std::string_view client_id) {
    if (session_ == kNone || client_id != session_name_) {
      const auto number = static_cast<uint32_t>(queues_.size());
      const auto [at, fresh] = sessions_.try_emplace(client_id, number);
      if (fresh) queues_.emplace_back();
      session_ = at->second;
      session_name_ = client_id;
    }
    return session_;
  }
  Queue& queue(const Change& change) { return queues_[session(change.key)]; }
  Place place(const Change& change, bool inbound) {
    return {session(change.key), inbound, change.number};
  }

  bool undo_other(const Place& place) {
    const auto found = others_.find(place);
    if (found == others_.end()) return false;
    const Undoable changes = found->second;
    others_.erase(found);
    return undo(changes);
  }
  // True when what is undone began in this run, so that nothing has to be told.
  bool undo(const Undoable& changes) {
    if (changes.release != kNone) kill(changes.release);
    if (changes.put == kNone) return false;
    kill(changes.put);
    return true;
  }

  void replace(std::unordered_map<std::string_view, uint32_t>& in, std::string_view key,
               uint32_t by) {
    const auto [at, fresh] = in.try_emplace(key, by);
    if (fresh) return;
    kill(at->second);
    at->second = by;
  }

  void kill(uint32_t index) {
    dead_[index] = true;
    if (net_.changes[index].message != NetChanges::kNoMessage) count(net_.changes[index], -1);
  }

  void count(const NetChanges::Kept& kept, int by) {
    NetChanges::KeptMessage& message = net_.messages[kept.message];
    (kept.change.kind == ChangeKind::kPutQueued ? message.queued : message.retained) +=
        static_cast<uint32_t>(by);
  }

  NetChanges net_;
  std::vector<bool> dead_;
  std::unordered_map<std::string_view, uint32_t> sessions_;
  std::vector<Queue> queues_;  // of each
  uint32_t session_ = kNone;   // of the last change that had one
  std::string_view session_name_;
  // Inbound identifiers, and messages that were queued before the run.
  std::unordered_map<Place, Undoable, PlaceHash> others_;
  std::unordered_map<std::string_view, uint32_t> sent_, retained_;
};

}  // namespace

std::optional<NetChanges> net_changes(Bytes changes) {
  Reducer reducer;
  if (!reducer.add(changes)) return std::nullopt;
  return reducer.finish();
}

void NetChanges::encode(Buffer& to) const {
  uint32_t last = kNoMessage;
  for (const Kept& kept : changes) {
    if (kept.message != kNoMessage && kept.message != last) {
      last = kept.message;
      to.append(messages[last].change.encoded);
    }
    to.append(kept.change.encoded);
  }
}

}  // namespace mq

// What one piece of standard input says is to be published.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "client/client_options.h"
#include "clients/notation.h"
#include "codec/packet.h"

namespace mq {

struct RecordFormat {
  std::string delimiter = "\n";
  bool keep_newline = false;  // the delimiter belongs to the message
  bool skip_empty = false;
  std::string topic_separator = {};  // the topic stands in front of it; empty: there is none
  bool json = false;                 // a JSON object with the fields of mqsub's -j
  std::optional<Notation> encode = std::nullopt;
};

// Views are valid until the next parse() and as long as the line.
struct InputRecord {
  std::string_view topic = {};  // empty: that of the command line
  Bytes payload = {};
  // What the record says itself; else the command line does.
  std::optional<Qos> qos = std::nullopt;
  std::optional<bool> retain = std::nullopt;
  std::optional<Properties> properties = std::nullopt;
  std::optional<WallTime> received = std::nullopt;
};

class RecordParser {
 public:
  explicit RecordParser(RecordFormat format) : format_(std::move(format)) {}

  const RecordFormat& format() const { return format_; }
  // An error is a clause: what is wrong with the line.
  Result<InputRecord> parse(Bytes line);

 private:
  Result<InputRecord> parse_json(Bytes line);

  RecordFormat format_;
  std::string topic_;
  PropertyList properties_;
  Buffer payload_, encoded_;
};

}  // namespace mq

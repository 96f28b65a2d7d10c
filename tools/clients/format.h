// The output format of -F.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "clients/named_field.h"
#include "codec/packet.h"

namespace mq {

// A format taken apart once and printed with each message:
//
//   format     = *( text / "%" conversion / "@" strftime / "\" escape )
//   conversion = [ "-" ] [ "0" ] [ width ] [ "." precision [ separator ] ] letter
//   escape     = "\" / "0" / "a" / "e" / "n" / "r" / "t" / "v"
//
//   %% percent sign                 %t topic            %p payload
//   %x %X payload in hexadecimal    %l its length       %d %f it as double, as float
//   %q QoS  %r retained, 0 or 1     %m packet identifier
//   %b payload in base64            %e with C's escapes for what is not printable
//   %j %J message as JSON, the payload as string or as JSON itself
//   %I local time, ISO 8601         %U Unix time with nanoseconds
//   %A topic alias  %C content type  %D correlation data  %E expiry  %F payload format
//   %P user properties  %R response topic  %S subscription identifier
//   %{NAME} see named_field.h
//   @X what strftime makes of %X, @N nanoseconds, @@ at sign
class Format {
 public:
  // `pretty` indents %j and %J.
  static Result<Format> parse(std::string_view text, bool pretty = false);

  // Where messages come from, which may change until they are printed.
  void set_origin(std::shared_ptr<const Origin> origin) { place_.origin = std::move(origin); }

  // Appends the message; nothing, and an error, when a conversion does not fit its payload. Counts
  // the messages that it printed.
  Result<void> print(const Publish& publish, WallTime received, Buffer& out) const;

 private:
  struct Piece {
    enum class Kind : uint8_t { kText, kConversion, kNamed, kTime };
    Kind kind = Kind::kText;
    char letter = 0;  // of a conversion, or for strftime
    bool left = false;
    char pad = ' ';
    char separator = ' ';
    uint32_t width = 0;
    int32_t precision = -1;
    std::string text;
    NamedField named;
  };

  class Parser;
  static Result<void> print_conversion(const Piece& piece, bool pretty, const Publish& publish,
                                       WallTime received, Buffer& out);

  static void print_named(const Piece& piece, const Publish& publish, WallTime received,
                          const NamedField::Place& place, Buffer& out);

  std::vector<Piece> pieces_;
  mutable NamedField::Place place_;  // of the message that is printed next
  bool pretty_ = false;
};

}  // namespace mq

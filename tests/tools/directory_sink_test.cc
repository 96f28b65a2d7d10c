#include "mqsub/directory_sink.h"

#include <string>

#include <doctest/doctest.h>

using namespace mq;

TEST_CASE("no topic names a file outside of the directory") {
  CHECK(file_name_of("a") == "a");
  CHECK(file_name_of("a/b") == "a%2Fb");
  CHECK(file_name_of("..") == "%2E.");
  CHECK(file_name_of(".") == "%2E");
  CHECK(file_name_of("../../etc/passwd") == "%2E.%2F..%2Fetc%2Fpasswd");
  CHECK(file_name_of("/etc/passwd") == "%2Fetc%2Fpasswd");
  CHECK(file_name_of("$SYS/x y\n\xC3\xA9") == "%24SYS%2Fx%20y%0A%C3%A9");
  CHECK(file_name_of("a%2Fb") == "a%252Fb");
  CHECK(file_name_of("temp.1") == "temp.1");
}

TEST_CASE("long topics get names that file systems take, and different ones") {
  const std::string one(65'535, 'x');
  const std::string other = one.substr(1) + "y";
  CHECK(file_name_of(one).size() <= 200);
  CHECK(file_name_of(one) != file_name_of(other));
  CHECK(file_name_of(std::string(200, 'x')) == std::string(200, 'x'));
  CHECK(file_name_of(std::string(201, 'x')).find('~') == 183);
}

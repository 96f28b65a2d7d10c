// What mqkit-filters.so exports.
#include <cstring>

#include "io/dev_certificates.h"
#include "io/filter_module.h"
#include "io/tls_context.h"
#include "io/web_socket_filter.h"

extern "C" __attribute__((visibility("default"))) const mq::FilterModule* mqkit_filter_module(
    const char* version) {
  static constexpr mq::FilterModule kModule = {
      .tls_client = mq::make_tls_client,
      .tls_server = mq::make_tls_server,
      .web_socket_client = mq::make_web_socket_client,
      .web_socket_server = mq::make_web_socket_server,
      .dev_certificates = mq::make_dev_certificates,
  };
  return std::strcmp(version, MQKIT_VERSION) == 0 ? &kModule : nullptr;
}

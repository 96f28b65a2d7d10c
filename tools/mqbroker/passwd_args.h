// The command line of `mqbroker passwd`.
#pragma once

#include "mqbroker/passwd.h"

namespace CLI {
class App;
}

namespace mq {

void declare(CLI::App& app, PasswdArgs& args);

}  // namespace mq

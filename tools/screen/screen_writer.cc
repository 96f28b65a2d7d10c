#include "screen/screen_writer.h"

#include "base/module.h"

namespace mq {

Result<std::unique_ptr<ScreenWriter>> open_screen(const ScreenOptions& options) {
  MQ_TRY(const ScreenModule* const module,
         load_module<ScreenModule>("mqkit-screen.so", "mqkit_screen_module", "a screen",
                                   MQKIT_VERSION));
  return module->open(options);
}

}  // namespace mq

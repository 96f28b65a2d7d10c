// Room for as many connections as the system allows.
#pragma once

namespace mq {

// A client is a descriptor, and the customary soft limit of 1024 is for select().
void raise_descriptor_limit();

}  // namespace mq

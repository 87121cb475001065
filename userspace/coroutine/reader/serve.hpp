// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace triptych::coroutine::reader {

// In the confined child: answers questions about the files that come with them until nobody asks
// any more.
void serve(int socket);

}  // namespace triptych::coroutine::reader

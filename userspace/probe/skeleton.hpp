// SPDX-License-Identifier: Apache-2.0
//
// The generated skeleton, with what it needs; nothing outside probe/ sees it.
#pragma once

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "abi/config.h"
#include "triptych.skel.h"

# SPDX-License-Identifier: Apache-2.0
"""What this kernel can record, for people and for programs."""

import json

import harness

WIDTH = 100


class Doctor(harness.Test):
    def test_the_text_fits_the_width_and_says_all_that_the_json_says(self):
        result = self.triptych("doctor", "--format", "json")
        self.assertEqual(result.status, 0, result.err)
        found = json.loads(result.out)
        self.assertEqual(found["schema"], "triptych.doctor/1")
        self.assertTrue(found["can_record"])

        text = self.triptych("doctor").out
        for line in text.splitlines():
            self.assertLessEqual(len(line), WIDTH, line)
        words = " ".join(text.split())
        self.assertIn(f"Linux {found['kernel']}: can record; tier: {found['tier']} ", words)
        for event in found["events"]:
            answer = "yes" if event["recordable"] else "no"
            said = event["hook"] if event["recordable"] else event["reason"]
            self.assertIn(f" {answer} {event['event']} {said}", words)
            self.assertIn(event["reason"], words)
        for hook in found["hooks"]:
            answer = "ok" if hook["available"] else "--"
            self.assertIn(f" {answer} {hook['name']} {hook['reason']}".rstrip(), words)

    def test_without_a_hook_that_is_needed_it_says_so(self):
        result = self.triptych("doctor", "--no-probe", "tp_btf/sched_process_exit")
        self.assertEqual(result.status, 3)
        self.assertIn(": cannot record\n\n  ", result.out)
        self.assertIn("What to do: needed: ", result.out)


if __name__ == "__main__":
    harness.main()

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mfaplan_fuzz::plan(data));

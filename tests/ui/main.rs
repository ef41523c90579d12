//! What the compiler says about mistakes in the macros' input.
//!
//! `ours/` holds mistakes that the macros explain: their text depends on nothing else, so it is
//! compared with every toolchain. `rustc/` holds mistakes that the macros leave to the compiler,
//! where the expansion must not get in the way of its explanation. That text is one toolchain's;
//! with any other `rustc/` is left out, not even compiled.
//!
//! `TRYBUILD=overwrite cargo test -p gort-tests --test ui` writes the expected text anew.

use std::process::Command;

/// The toolchain whose messages `rustc/` holds.
const TOOLCHAIN: &str = "rustc 1.95.";

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/ours/*.rs");
    if has_pinned_toolchain() {
        cases.compile_fail("ui/rustc/*.rs");
    }
}

fn has_pinned_toolchain() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("rustc runs");
    String::from_utf8_lossy(&output.stdout).starts_with(TOOLCHAIN)
}

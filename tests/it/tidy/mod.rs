//! The rules of the house that no compiler checks, held by reading the sources.
//!
//! Each rule has a test that looks at the repository, and a test that plants an offence, so that a
//! rule which has stopped finding anything is noticed.

mod layers;
mod rules;
mod source;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use self::source::Source;

/// A rule that is broken, and where.
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

impl Source {
    fn finding(&self, line: usize, what: String) -> Finding {
        Finding {
            path: self.path.clone(),
            line,
            what,
        }
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every text file of the repository, with its path from the root.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let hidden = name.starts_with('.') && name != ".ci";
            if hidden || name == "target" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root()).expect("below the root");
                files.push((path.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    files.sort();
    assert!(
        files.iter().any(|(path, _)| path == "executor/src/lib.rs"),
        "nothing was found"
    );
    files
}

/// Fails with every place where a Rust file of the repository breaks `rule`.
fn assert_none(rule: impl Fn(&Source) -> Vec<Finding>) {
    let files = files();
    let rust = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    let mut sources: Vec<Source> = rust.map(|(path, text)| Source::new(path, text)).collect();
    let tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        source.test |= tests.contains(&source.path);
    }
    let findings: Vec<Finding> = sources.iter().flat_map(rule).collect();
    assert_empty(&findings);
}

fn assert_empty(findings: &[Finding]) {
    assert!(
        findings.is_empty(),
        "{} broken rules:\n{findings:#?}",
        findings.len()
    );
}

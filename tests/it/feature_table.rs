//! The README's feature table against the tests: what is promised is tested, and what is tested is
//! told.

use std::collections::BTreeSet;
use std::fs;

use crate::tidy::root;

/// Modules that hold the house rules and no feature.
const HOUSE: &[&str] = &["main", "tidy", "feature_table"];

/// The tests that the rows of the feature table name: each `` `tests/it/<module>` `` as `module`,
/// each `` `tests/alone/<file>` `` as `alone/file`.
fn named(readme: &str) -> Result<BTreeSet<String>, String> {
    let table: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("## Features"))
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .collect();
    if table.is_empty() {
        return Err("there is no table under `## Features`".to_owned());
    }
    let mut modules = BTreeSet::new();
    for row in table {
        let quoted = row.split('`').skip(1).step_by(2);
        let tests: Vec<&str> = quoted
            .filter_map(|path| path.strip_prefix("tests/"))
            .collect();
        if tests.is_empty() {
            return Err(format!("this row names no test: {row}"));
        }
        let names = tests
            .iter()
            .map(|path| path.strip_prefix("it/").unwrap_or(path));
        modules.extend(names.map(|name| name.trim_end_matches(".rs").to_owned()));
    }
    Ok(modules)
}

/// The names of the modules in a folder: files, and folders with a `mod.rs`.
fn modules(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder of the tests");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let modules = paths.filter(|path| {
        path.extension().is_some_and(|end| end == "rs") || path.join("mod.rs").exists()
    });
    modules
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// The modules under `tests/it`, and as `alone/file` the files under `tests/alone`.
fn existing() -> BTreeSet<String> {
    let together = modules("tests/it")
        .into_iter()
        .filter(|name| !HOUSE.contains(&&name[..]));
    let alone = modules("tests/alone")
        .into_iter()
        .map(|name| format!("alone/{name}"));
    together.chain(alone).collect()
}

#[test]
fn every_row_names_a_test_and_every_test_has_a_row() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let named = named(&readme).unwrap_or_else(|what| panic!("{what}"));
    let existing = existing();
    let missing: Vec<&String> = named.difference(&existing).collect();
    assert!(
        missing.is_empty(),
        "the table names tests that do not exist: {missing:?}"
    );
    let untold: Vec<&String> = existing.difference(&named).collect();
    assert!(
        untold.is_empty(),
        "no row of the table names these tests: {untold:?}"
    );
}

#[test]
fn every_file_of_tests_is_compiled() {
    let main = fs::read_to_string(root().join("tests/it/main.rs")).expect("the root of the tests");
    let manifest = fs::read_to_string(root().join("tests/Cargo.toml")).expect("the manifest");
    for name in existing() {
        let (declared, place) = match name.strip_prefix("alone/") {
            Some(_) => (format!("path = \"{name}.rs\""), &manifest),
            None => (format!("mod {name};"), &main),
        };
        let found = place.lines().any(|line| line.trim() == declared);
        assert!(found, "nothing declares `{name}`");
    }
}

#[test]
fn modules_stand_in_the_order_of_the_table() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let main = fs::read_to_string(root().join("tests/it/main.rs")).expect("the root of the tests");
    let place = |name: &str| {
        let with_end = [
            format!("`tests/it/{name}.rs`"),
            format!("`tests/it/{name}`"),
        ];
        with_end
            .iter()
            .find_map(|path| readme.find(path))
            .unwrap_or(usize::MAX)
    };
    let declared = main
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let modules: Vec<&str> = declared.collect();
    assert!(
        modules.is_sorted_by_key(|name| place(name)),
        "another order than the table's"
    );
}

#[test]
fn planted_table_is_read() {
    let table = "# x\n## Features\n\n| what | test |\n|---|---|\n\
                 | a | `tests/it/spawn.rs` |\n| b | `tests/it/net`, `tests/alone/io.rs` |\n\
                 ## Next\n| c |\n";
    let modules = named(table).expect("a table");
    assert_eq!(
        modules,
        BTreeSet::from(["spawn", "net", "alone/io"].map(str::to_owned))
    );
}

#[test]
fn planted_row_without_a_test_is_found() {
    let table = "## Features\n| what | test |\n|---|---|\n| a | trust me |\n";
    assert!(named(table).is_err_and(|what| what.contains("trust me")));
    assert!(named("# nothing\n").is_err());
}

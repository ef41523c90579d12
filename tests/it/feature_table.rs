//! The README's feature table against the tests: what is promised is tested, and what is tested is
//! told.

use std::collections::BTreeSet;
use std::fs;

use crate::tidy::root;

/// Modules that hold the house rules and no feature.
const HOUSE: &[&str] = &["main", "tidy", "feature_table"];

/// The modules that the rows of the feature table name, each as `` `tests/it/<module>` ``.
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
        let mut named: Vec<&str> = row.split("`tests/it/").skip(1).collect();
        named.retain(|rest| rest.contains('`'));
        if named.is_empty() {
            return Err(format!("this row names no test: {row}"));
        }
        for rest in named {
            let name = rest.split('`').next().unwrap_or(rest);
            modules.insert(
                name.trim_end_matches(".rs")
                    .trim_end_matches('/')
                    .to_owned(),
            );
        }
    }
    Ok(modules)
}

/// The modules under `tests/it`: files, and folders with a `mod.rs`.
fn existing() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("tests/it")).expect("the folder of the tests");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let modules = paths.filter(|path| {
        path.extension().is_some_and(|end| end == "rs") || path.join("mod.rs").exists()
    });
    let names = modules.map(|path| {
        path.file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    });
    names.filter(|name| !HOUSE.contains(&&name[..])).collect()
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
    for module in existing() {
        let declared = main
            .lines()
            .any(|line| line.trim() == format!("mod {module};"));
        assert!(declared, "tests/it/main.rs does not declare `{module}`");
    }
}

#[test]
fn planted_table_is_read() {
    let table = "# x\n## Features\n\n| what | test |\n|---|---|\n\
                 | a | `tests/it/spawn.rs` |\n| b | `tests/it/net`, `tests/it/io.rs` |\n\
                 ## Next\n| c |\n";
    let modules = named(table).expect("a table");
    assert_eq!(
        modules,
        BTreeSet::from(["spawn", "net", "io"].map(str::to_owned))
    );
}

#[test]
fn planted_row_without_a_test_is_found() {
    let table = "## Features\n| what | test |\n|---|---|\n| a | trust me |\n";
    assert!(named(table).is_err_and(|what| what.contains("trust me")));
    assert!(named("# nothing\n").is_err());
}

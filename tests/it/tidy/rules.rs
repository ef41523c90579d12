//! The rules that a line, a comment or a file name can break.

use super::Finding;
use super::source::{Line, Source, is_word, words};

/// Lines of one file, its tests not counted.
const FILE_LINES_MAX: usize = 600;
/// Characters of one line.
const LINE_WIDTH_MAX: usize = 100;
/// How far above its operation an `// Ordering:` comment may begin.
const ORDERING_LINES_MAX: usize = 6;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "manager", "misc",
];
/// Marks of unfinished work.
const UNFINISHED: &[&str] = &["TODO", "FIXME", "XXX", "todo", "unimplemented"];
const ORDERINGS: &[&str] = &["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

fn too_big(source: &Source) -> Vec<Finding> {
    let mut findings: Vec<Finding> = (1..)
        .zip(&source.lines)
        // A row of a table in a comment cannot be broken.
        .filter(|(_, line)| {
            !line
                .comment
                .trim_start_matches(['/', '!', ' '])
                .starts_with('|')
        })
        .filter(|(_, line)| line.raw.chars().count() > LINE_WIDTH_MAX)
        .map(|(number, _)| {
            source.finding(number, format!("wider than {LINE_WIDTH_MAX} characters"))
        })
        .collect();
    let lines = source.shipped().count();
    if lines > FILE_LINES_MAX {
        findings.push(source.finding(1, format!("{lines} lines, {FILE_LINES_MAX} are allowed")));
    }
    findings
}

/// `unsafe` blocks and impls without a `// SAFETY:` comment directly above.
fn unsafe_without_reason(source: &Source) -> Vec<Finding> {
    let is_unsafe = |line: &Line| {
        let code = &line.code;
        code.match_indices("unsafe").any(|(at, word)| {
            let rest = code[at + word.len()..].trim_start();
            let alone = !code[..at].ends_with(is_word);
            alone && (rest.is_empty() || rest.starts_with('{') || rest.starts_with("impl"))
        })
    };
    (0..source.lines.len())
        .filter(|at| is_unsafe(&source.lines[*at]))
        .filter(|at| !comment_above(&source.lines, *at).contains("SAFETY:"))
        .map(|at| {
            source.finding(
                at + 1,
                "`unsafe` without `// SAFETY:` directly above".to_owned(),
            )
        })
        .collect()
}

/// The comment above the statement that holds line `at`. Attributes may stand between.
fn comment_above(lines: &[Line], at: usize) -> String {
    let mut comment = Vec::new();
    for line in lines[..at].iter().rev() {
        let code = line.code.trim();
        let in_statement = !code.is_empty() && !code.ends_with([';', '{', '}', ',']);
        if !code.is_empty() && !(comment.is_empty() && (code.starts_with("#[") || in_statement)) {
            break;
        }
        if code.is_empty() && line.comment.is_empty() {
            break;
        }
        if !line.comment.is_empty() {
            comment.push(&line.comment[..]);
        }
    }
    comment.reverse();
    comment.join(" ")
}

/// Whether `code` says which ordering an operation or a fence has.
fn is_ordered(code: &str) -> bool {
    let named = code.match_indices("Ordering::").any(|(at, path)| {
        words(&code[at + path.len()..])
            .next()
            .is_some_and(|word| ORDERINGS.contains(&word))
    });
    let called = ["order(", "fence(", "fence_at("].iter().any(|call| {
        code.match_indices(call).any(|(at, _)| {
            let before = code[..at].trim_end();
            !code[..at].ends_with(is_word) && !before.ends_with("fn")
        })
    });
    (named || called) && !code.trim_start().starts_with("use ") && !code.contains(" use ")
}

/// Where the call or the chain of calls begins that line `at` is part of.
fn statement_start(lines: &[Line], at: usize) -> usize {
    let mut start = at;
    let mut closed = 0_usize;
    for line in (0..at).rev() {
        let code = lines[line].code.trim();
        let opens = code.matches('(').count();
        closed += code.matches(')').count();
        if opens > closed || lines[start].code.trim().starts_with('.') {
            start = line;
        } else if code.ends_with([';', '{', '}']) {
            break;
        }
        closed = closed.saturating_sub(opens);
    }
    start
}

/// Atomic operations of the executor whose ordering nobody explains.
fn ordering_without_reason(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.path.starts_with("executor/src/") || source.path.ends_with("base/atomic.rs") {
        return findings;
    }
    for (number, line) in source.shipped().filter(|(_, line)| is_ordered(&line.code)) {
        let first = statement_start(&source.lines, number - 1);
        let above = &source.lines[first.saturating_sub(ORDERING_LINES_MAX)..number];
        let Some(from) = above
            .iter()
            .rposition(|line| line.comment.contains("Ordering:"))
        else {
            let what = format!("no `// Ordering:` within {ORDERING_LINES_MAX} lines above");
            findings.push(source.finding(number, what));
            continue;
        };
        let comment: String = above[from..].iter().map(|line| &line.comment[..]).collect();
        let comment = comment.to_lowercase();
        let both_sides = ["pairs with", "partner", "either", "whichever", "both"];
        let told = both_sides.iter().any(|word| comment.contains(word));
        if words(&line.code).any(|word| word == "SeqCst") && !told {
            let what = "`SeqCst` whose comment does not tell both sides (`pairs with ..`)";
            findings.push(source.finding(number, what.to_owned()));
        }
    }
    findings
}

fn unfinished(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(&source.lines) {
        for word in words(&line.code).chain(words(&line.comment)) {
            let mark = UNFINISHED.iter().find(|mark| **mark == word);
            // In lower case they are macros, and only in code.
            let lower = word.chars().all(char::is_lowercase);
            if mark.is_some() && (!lower || line.code.contains(&format!("{word}!"))) {
                findings.push(source.finding(number, format!("unfinished: `{word}`")));
            }
        }
    }
    findings
}

fn empty_name(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let stem = source.path.trim_end_matches(".rs");
    for name in stem.split('/').filter(|name| EMPTY_NAMES.contains(name)) {
        findings.push(source.finding(1, format!("the name `{name}` says nothing")));
    }
    for (number, line) in (1..).zip(&source.lines) {
        let mut words = words(&line.code).skip_while(|word| *word != "mod").skip(1);
        if let Some(name) = words.next().filter(|name| EMPTY_NAMES.contains(name)) {
            findings.push(source.finding(number, format!("the name `{name}` says nothing")));
        }
    }
    findings
}

/// Files further down than `src/<module>/<file>.rs`.
fn too_deep(source: &Source) -> Vec<Finding> {
    let inner = source
        .path
        .split_once("/src/")
        .map_or("", |(_, inner)| inner);
    let deep = inner.split('/').count() > 2;
    deep.then(|| source.finding(1, "deeper than src/<module>/<file>.rs".to_owned()))
        .into_iter()
        .collect()
}

/// Paths that exist on one machine only, in a file of any kind.
fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    // Written in two parts: this file is looked at as well.
    let places = [
        concat!("/t", "mp/"),
        concat!("/r", "oot/"),
        concat!("/w", "ork/"),
    ];
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for place in places {
            // Part of a longer path, such as `target/..`, it is no place of its own.
            let own = |(at, _)| !line[..at].ends_with(|c| is_word(c) || c == '.' || c == '}');
            if line.match_indices(place).any(own) {
                let what = format!("`{place}` is a place on one machine");
                findings.push(Finding {
                    path: path.to_owned(),
                    line: number,
                    what,
                });
            }
        }
    }
    findings
}

#[test]
fn files_and_lines_keep_their_size() {
    super::assert_none(too_big);
}

#[test]
fn every_unsafe_has_its_reason() {
    super::assert_none(unsafe_without_reason);
}

#[test]
fn every_atomic_operation_names_its_partner() {
    super::assert_none(ordering_without_reason);
}

#[test]
fn nothing_is_marked_as_unfinished() {
    super::assert_none(unfinished);
}

#[test]
fn every_name_says_what_is_inside() {
    super::assert_none(empty_name);
}

#[test]
fn no_file_lies_deeper_than_its_module() {
    super::assert_none(too_deep);
}

#[test]
fn no_file_names_a_place_on_one_machine() {
    let findings: Vec<Finding> = super::files()
        .iter()
        .flat_map(|(path, text)| machine_paths(path, text))
        .collect();
    super::assert_empty(&findings);
}

/// How often `rule` is broken by `text` in the file `path`.
fn count(rule: fn(&Source) -> Vec<Finding>, path: &str, text: &str) -> usize {
    rule(&Source::new(path, text)).len()
}

#[test]
fn planted_size_is_found() {
    let long = "x\n".repeat(FILE_LINES_MAX);
    assert_eq!(count(too_big, "a/src/b.rs", &long), 0);
    assert_eq!(count(too_big, "a/src/b.rs", &format!("{long}x")), 1);
    let tests = format!("{long}#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert_eq!(
        count(too_big, "a/src/b.rs", &tests),
        0,
        "tests do not count"
    );
    assert_eq!(
        count(too_big, "a/src/b.rs", &"x".repeat(LINE_WIDTH_MAX + 1)),
        1
    );
}

#[test]
fn planted_unsafe_is_found() {
    let bad = [
        "let x = unsafe { f() };",
        "unsafe impl Send for X {}",
        "// SAFETY: true.\n\nunsafe { f() };",
        "// SAFETY: true.\ng();\nunsafe { f() };",
        "// Safe, trust me.\nunsafe { f() };",
        "// SAFETY: true.\nlet a = unsafe { f() };\nlet b = unsafe { f() };",
    ];
    for text in bad {
        assert_eq!(
            count(unsafe_without_reason, "a/src/b.rs", text),
            1,
            "{text}"
        );
    }
    let good = [
        "// SAFETY: it is\n// so.\n#[inline]\nunsafe impl Send for X {}",
        "// SAFETY: true.\nlet x =\n    unsafe { f() };",
        "unsafe fn f() {}\nlet s = \"unsafe {\";\n#![deny(unsafe_op_in_unsafe_fn)]",
    ];
    for text in good {
        assert_eq!(
            count(unsafe_without_reason, "a/src/b.rs", text),
            0,
            "{text}"
        );
    }
}

#[test]
fn planted_ordering_is_found() {
    let path = "executor/src/queue/ring.rs";
    let far = format!(
        "// Ordering: far.\n{}x.load(Ordering::Acquire);",
        "y;\n".repeat(ORDERING_LINES_MAX)
    );
    let bad = [
        "x.load(Ordering::Relaxed);",
        "x.store(1, order(\"site\", strong));",
        "fence_at(\"site\", strong);",
        &far,
        "// Ordering: it feels safer.\nfence(Ordering::SeqCst);",
    ];
    for text in bad {
        assert_eq!(count(ordering_without_reason, path, text), 1, "{text}");
    }
    let good = [
        "// Ordering: Acquire pairs with the Release in `push`.\nx.load(Ordering::Acquire);",
        "// Ordering: SeqCst pairs with `park`:\n// one of the two sees.\nfence(Ordering::SeqCst);",
        "use std::sync::atomic::Ordering::Relaxed;\nif a == Ordering::Less { reorder(a) }",
        "// Ordering: Release pairs with `load`.\n// 2\n// 3\n// 4\nself\n    .head\n    \
         .set(\n        1,\n        order(\"x\", strong),\n    )",
        "#[cfg(test)]\nmod tests {\n    fn f() { x.load(Ordering::Relaxed) }\n}",
    ];
    for text in good {
        assert_eq!(count(ordering_without_reason, path, text), 0, "{text}");
    }
    assert_eq!(
        count(
            ordering_without_reason,
            "executor/src/queue/loom.rs",
            bad[0]
        ),
        0
    );
}

#[test]
fn planted_mark_of_unfinished_work_is_found() {
    let todo = concat!("// TO", "DO later.");
    assert_eq!(count(unfinished, "a/src/b.rs", todo), 1);
    assert_eq!(count(unfinished, "a/src/b.rs", "fn f() { todo!() }"), 1);
    assert_eq!(
        count(
            unfinished,
            "a/src/b.rs",
            "let x = \"TODO\"; // what is to do: todo"
        ),
        0
    );
}

#[test]
fn planted_name_is_found() {
    assert_eq!(count(empty_name, "a/src/util.rs", ""), 1);
    assert_eq!(count(empty_name, "a/src/helpers/mod.rs", ""), 1);
    assert_eq!(count(empty_name, "a/src/b.rs", "pub(crate) mod common;"), 1);
    assert_eq!(
        count(empty_name, "a/src/b.rs", "use hyper_util::x; mod utility;"),
        0
    );
}

#[test]
fn planted_depth_is_found() {
    assert_eq!(count(too_deep, "a/src/b/c/d.rs", ""), 1);
    assert_eq!(count(too_deep, "a/src/b/c.rs", ""), 0);
}

#[test]
fn planted_machine_path_is_found() {
    let bad = concat!("see /t", "mp/x and /w", "ork/main");
    assert_eq!(machine_paths("README.md", bad).len(), 2);
    assert_eq!(
        machine_paths("README.md", concat!("target/t", "mp/ net/w", "ork/")).len(),
        0
    );
}

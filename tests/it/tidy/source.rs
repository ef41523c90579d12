//! A Rust file as the rules see it: what is code, what is comment, what is only for tests.

use std::iter::zip;

/// One file of the repository.
pub(super) struct Source {
    /// Relative to the root of the repository, with `/`.
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
    /// Whether the whole file is for tests: another one declares it so, or it ships in no crate.
    pub(super) test: bool,
}

/// One line of a Rust file.
#[derive(Default)]
pub(super) struct Line {
    /// As it stands in the file.
    pub(super) raw: String,
    /// Without comments; strings and characters are empty (`""`).
    pub(super) code: String,
    /// The text of the comments, without `//`.
    pub(super) comment: String,
    /// Belongs to an item that is compiled for tests only.
    pub(super) test: bool,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let mut lines = split(text);
        for (line, raw) in zip(&mut lines, text.lines()) {
            raw.clone_into(&mut line.raw);
        }
        mark_tests(&mut lines);
        let test = !path.contains("/src/") || path.ends_with("/loom.rs");
        Self {
            path: path.to_owned(),
            lines,
            test,
        }
    }

    /// The files of the modules that this file declares for tests only.
    pub(super) fn test_modules(&self) -> Vec<String> {
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
            _ => self.path.trim_end_matches(".rs"),
        };
        let lines = self
            .lines
            .iter()
            .filter(|line| line.test && line.code.ends_with(';'));
        let names =
            lines.filter_map(|line| words(&line.code).skip_while(|word| *word != "mod").nth(1));
        names.map(|name| format!("{folder}/{name}.rs")).collect()
    }

    /// The lines that are compiled into the library, with their numbers.
    pub(super) fn shipped(&self) -> impl Iterator<Item = (usize, &Line)> {
        (1..)
            .zip(&self.lines)
            .filter(|(_, line)| !self.test && !line.test)
    }
}

/// Where the next character belongs.
enum State {
    Code,
    LineComment,
    /// The number says how many comments are open.
    BlockComment(usize),
    /// A string; a raw one ends at a quote with that many `#`.
    Text(Option<usize>),
}

/// Parts code from comments.
fn split(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, what: &str| {
        chars[at..]
            .iter()
            .copied()
            .take(what.len())
            .eq(what.chars())
    };
    let mut lines = vec![Line::default()];
    let mut state = State::Code;
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        at += 1;
        if c == '\n' {
            if matches!(state, State::LineComment) {
                state = State::Code;
            }
            lines.push(Line::default());
            continue;
        }
        let line = lines.last_mut().expect("never empty");
        match state {
            State::Code if starts(at - 1, "//") => {
                at += 1;
                state = State::LineComment;
            }
            State::Code if starts(at - 1, "/*") => {
                at += 1;
                state = State::BlockComment(1);
            }
            State::Code => {
                if let Some((end, hashes)) = opens_text(&chars, at - 1) {
                    at = end;
                    line.code.push('"');
                    state = State::Text(hashes);
                } else if let Some(end) = ends_character(&chars, at - 1) {
                    at = end;
                    line.code.push_str("''");
                } else {
                    line.code.push(c);
                }
            }
            State::LineComment => line.comment.push(c),
            State::BlockComment(open) if starts(at - 1, "/*") => {
                at += 1;
                state = State::BlockComment(open + 1);
            }
            State::BlockComment(open) if starts(at - 1, "*/") => {
                at += 1;
                state = if open == 1 {
                    State::Code
                } else {
                    State::BlockComment(open - 1)
                };
            }
            State::BlockComment(_) => line.comment.push(c),
            State::Text(None) if c == '\\' => at += usize::from(chars.get(at) != Some(&'\n')),
            State::Text(hashes) => {
                let hashes = hashes.unwrap_or(0);
                if c == '"' && starts(at, &"#".repeat(hashes)) {
                    at += hashes;
                    line.code.push('"');
                    state = State::Code;
                }
            }
        }
    }
    // What follows the last line break is no line.
    lines.truncate(text.lines().count());
    lines
}

/// If a string begins at `at`: where its text begins, and the hashes of a raw one.
fn opens_text(chars: &[char], at: usize) -> Option<(usize, Option<usize>)> {
    if chars[at] == '"' {
        return Some((at + 1, None));
    }
    let before = at.checked_sub(1).map(|before| chars[before]);
    let begins = match before {
        Some('b' | 'c') => at
            .checked_sub(2)
            .is_none_or(|before| !is_word(chars[before])),
        before => before.is_none_or(|c| !is_word(c)),
    };
    if chars[at] != 'r' || !begins {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some((at + 2 + hashes, Some(hashes)))
}

/// If a character (and not a lifetime) begins at `at`: where it ends.
fn ends_character(chars: &[char], at: usize) -> Option<usize> {
    if chars[at] != '\'' {
        return None;
    }
    if chars.get(at + 1) == Some(&'\\') {
        let rest = chars.get(at + 3..)?;
        return rest
            .iter()
            .position(|c| *c == '\'')
            .map(|end| at + 3 + end + 1);
    }
    (chars.get(at + 2) == Some(&'\'')).then_some(at + 3)
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of a line of code, in order.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

/// Marks each item under `#[cfg(test)]`, from the attribute to its last line.
fn mark_tests(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        if !is_test_attribute(&lines[at].code) {
            at += 1;
            continue;
        }
        let mut depth = 0_usize;
        while at < lines.len() {
            lines[at].test = true;
            let code = lines[at].code.trim().to_owned();
            at += 1;
            if code.starts_with("#[") {
                continue;
            }
            let opened = depth + code.matches('{').count();
            depth = opened.saturating_sub(code.matches('}').count());
            if depth == 0 && (opened > 0 || code.ends_with(';')) {
                break;
            }
        }
    }
}

/// Whether `code` is a `#[cfg(..)]` that only a build for tests or for the model checker meets.
fn is_test_attribute(code: &str) -> bool {
    let code = code
        .trim()
        .replace("not(test)", "")
        .replace("not(gort_loom)", "");
    let named = words(&code).any(|word| word == "test" || word == "gort_loom");
    code.starts_with("#[cfg(") && named
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = "a /* b /* c */ d */ e // f\n\"g // h\" + r#\"i \" j\"# + 'k' + '\\'' + l::<'m>()";
    let source = Source::new("x/src/y.rs", text);
    let code: Vec<&str> = source.lines.iter().map(|line| line.code.trim()).collect();
    assert_eq!(code, ["a  e", "\"\" + \"\" + '' + '' + l::<'m>()"]);
    assert!(
        source.lines[0].comment.contains("b  c  d  f"),
        "{}",
        source.lines[0].comment
    );
}

#[test]
fn strings_over_several_lines_end_where_they_end() {
    let source = Source::new("x/src/y.rs", "let a = \"one\n// two \\\" \\\n three\"; b");
    let code: Vec<&str> = source.lines.iter().map(|line| &line.code[..]).collect();
    assert_eq!(code, ["let a = \"", "", "\"; b"]);
}

#[test]
fn items_under_cfg_test_are_not_shipped() {
    let text = "fn a() {}\n#[cfg(test)]\n#[rustfmt::skip]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n\
                #[cfg(all(test, not(gort_loom)))]\nmod stress;\n#[cfg(not(test))]\nfn d() {}";
    let source = Source::new("x/src/y.rs", text);
    let shipped: Vec<usize> = source.shipped().map(|(number, _)| number).collect();
    assert_eq!(shipped, [1, 7, 10, 11]);
}

#[test]
fn modules_under_cfg_test_are_found_with_their_files() {
    let text = "mod a;\n#[cfg(test)]\nmod b;\n#[cfg(all(test, gort_loom))]\npub(crate) mod c;\n";
    let found = |path| Source::new(path, text).test_modules();
    assert_eq!(found("x/src/y/mod.rs"), ["x/src/y/b.rs", "x/src/y/c.rs"]);
    assert_eq!(found("x/src/lib.rs"), ["x/src/b.rs", "x/src/c.rs"]);
    assert_eq!(found("x/src/y.rs"), ["x/src/y/b.rs", "x/src/y/c.rs"]);
}

//! Text that somebody is still typing.
//!
//! An editor completes `inner.` inside a macro by expanding the text twice, as it is and with a
//! name put behind the dot, and comparing: what stands before the cursor must be the same in both.
//! So `go!(inner.)` has to expand to what `go!(inner.name)` expands to, less `name`. This is done
//! literally: the missing name is put in, the expansion made, and the name taken out again. The
//! compiler then meets `inner.` and reports it as it does anywhere else. Behind the cursor there
//! may be a difference, and has to be where the type of `inner` would be a second error.

use proc_macro2::{Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

/// The name that is put in. Nobody else has it, or it would be taken out too.
const MISSING: &str = "__gort_missing_name";

/// Puts a name behind each dot and each `::` that lacks one.
pub(crate) fn complete(tokens: TokenStream) -> TokenStream {
    let mut completed = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    // The mark just before, if it is joined to this token.
    let mut joined = None;
    while let Some(token) = tokens.next() {
        let mark = match &token {
            TokenTree::Punct(mark) => Some(mark),
            _ => None,
        };
        let separates = match mark.map(Punct::as_char) {
            Some('.') => joined != Some('.'),
            Some(':') => joined == Some(':'),
            _ => false,
        };
        let lacks_name = separates && !tokens.peek().is_some_and(can_follow);
        joined = mark
            .filter(|mark| mark.spacing() == Spacing::Joint)
            .map(Punct::as_char);
        let place = token.span();
        completed.extend([match token {
            TokenTree::Group(group) => TokenTree::Group(with_content(&group, complete)),
            other => other,
        }]);
        if lacks_name {
            completed.extend([TokenTree::Ident(missing_name(place))]);
        }
    }
    completed
}

/// Whether [`complete`] has put a name in.
pub(crate) fn is_in(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(name) => name == MISSING,
        TokenTree::Group(group) => is_in(&group.stream()),
        _ => false,
    })
}

/// Takes the names out again that [`complete`] put in.
pub(crate) fn undo(tokens: TokenStream) -> TokenStream {
    let given = tokens.into_iter().filter(|token| match token {
        TokenTree::Ident(name) => name != MISSING,
        _ => true,
    });
    given
        .map(|token| match token {
            TokenTree::Group(group) => TokenTree::Group(with_content(&group, undo)),
            other => other,
        })
        .collect()
}

/// Whether `token` may stand behind a dot (the other dot of a range, too) or behind a `::`.
fn can_follow(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(_) | TokenTree::Literal(_) | TokenTree::Group(_) => true,
        TokenTree::Punct(mark) => matches!(mark.as_char(), '.' | '<' | '*'),
    }
}

fn missing_name(place: Span) -> Ident {
    Ident::new(MISSING, place)
}

fn with_content(group: &Group, change: fn(TokenStream) -> TokenStream) -> Group {
    let mut changed = Group::new(group.delimiter(), change(group.stream()));
    changed.set_span(group.span());
    changed
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::{MISSING, complete, undo};
    use crate::start::{Start, expand};
    use crate::{defer, defers, recover, select};

    type Expand = fn(TokenStream) -> TokenStream;

    /// The text of an expansion without spaces.
    fn expansion(expand: Expand, body: &str) -> String {
        let body: TokenStream = body.parse().expect("balanced");
        expand(body).to_string().replace(char::is_whitespace, "")
    }

    /// Checks that each body expands the same, up to the `@`, when a name is typed there and when
    /// it is not.
    fn check(expand: Expand, bodies: &[&str]) {
        for body in bodies {
            let typed = expansion(expand, &body.replace('@', "typed_name"));
            let (before, _) = typed.split_once("typed_name").expect("the name is used");
            let half = expansion(expand, &body.replace('@', ""));
            assert_eq!(half.get(..before.len()), Some(before), "{body}");
            let is_error = half.contains(MISSING) || half.contains("compile_error");
            assert!(!is_error, "{half}");
        }
    }

    #[test]
    fn half_typed_deferred_code_expands_to_the_complete_one_less_the_name() {
        let inputs = [
            "inner.@",
            "inner.close(other.@)",
            "inner.first().@",
            "module::@",
            "{ inner.@ }",
            "clone(self.@), { run() }",
            "run(move(inner.@))",
        ];
        check(|input| defer::expand(quote!([gort] #input)), &inputs);
        check(|input| recover::expand(quote!([gort] #input)), &inputs[..5]);
        let in_scopes = [
            "defer!(inner.@); run()",
            "defer!(run()); inner.@",
            "let x = inner.@; defer!(run()); x.run()",
            "for x in y { defer!(x.@); } run()",
            "defer!(|out| { out.@ }); run()",
            "defer!({ inner.close(other.@).await }); run()",
            "if x { defer!({ inner.@ }); }",
        ];
        check(
            |body| expand(Start::Go, quote!([gort] { #body })),
            &in_scopes,
        );
        check(
            |body| defers::expand(TokenStream::new(), quote!(fn f() -> R { #body })),
            &[
                in_scopes[0],
                in_scopes[1],
                in_scopes[2],
                in_scopes[3],
                in_scopes[4],
            ],
        );
        check(
            |body| defers::expand(TokenStream::new(), quote!(async fn f() -> R { #body })),
            &in_scopes,
        );
    }

    #[test]
    fn a_half_typed_case_expands_to_the_complete_one_less_the_name() {
        check(
            |cases| select::expand(quote!([gort] #cases)),
            &[
                "v = rx.@ => drop(v), default => {}",
                "v = rx.recv() => v.@, tx.send(1) => {}",
                "rx.recv(), if open.@ => {}",
                "tx.send(next.@) => { tx.close() }",
                "rx.recv() => {} default => rx.@",
            ],
        );
    }

    #[test]
    fn a_half_typed_body_expands_to_the_complete_one_less_the_name() {
        let bodies = [
            "inner.@",
            "inner.field.@",
            "module::@",
            "run(inner.@)",
            "run(first, &inner.@)",
            "run(|x| x.@)",
            "inner.method(other.@)",
            "inner.first().@",
            "|x: u32| { x.@ }(5)",
            "|x: u32| { x }(inner.@)",
            "{ let x = inner.@; x }",
            "let x = inner.@; run(x)",
            "if inner.@ { run() }",
            "clone(self.@), { run() }",
            "on = pool.@, run()",
            "run(move(inner.@))",
        ];
        check(|body| expand(Start::Go, quote!([gort] #body)), &bodies);
    }

    #[test]
    fn nothing_is_put_into_complete_text() {
        let texts = [
            "a.b",
            "a.0",
            "0..5",
            "a..=b",
            "a..",
            "a::b::<T>()",
            "use a::*;",
            "x.await?",
        ];
        for text in texts {
            let tokens: proc_macro2::TokenStream = text.parse().expect("balanced");
            assert_eq!(complete(tokens.clone()).to_string(), tokens.to_string());
            assert_eq!(undo(tokens.clone()).to_string(), tokens.to_string());
        }
    }
}

//! Text that somebody is still typing.
//!
//! An editor completes `inner.` inside a macro by expanding the text twice, as it is and with a name
//! put behind the dot, and comparing: what stands before the cursor must be the same in both. So
//! `go!(inner.)` has to expand to what `go!(inner.name)` expands to, less `name`. This is done
//! literally: the missing name is put in, the expansion made, and the name taken out again. The
//! compiler then meets `inner.` and reports it as it does anywhere else.

use proc_macro2::{Group, Ident, Spacing, Span, TokenStream, TokenTree};

/// The name that is put in. Nobody else has it, or it would be taken out too.
const MISSING: &str = "__gort_missing_name";

/// Puts a name behind each dot and each `::` that lacks one.
pub(crate) fn complete(tokens: TokenStream) -> TokenStream {
    let mut completed = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    // Whether the token before was the first of `..` or `::`.
    let mut follows_joint = false;
    while let Some(token) = tokens.next() {
        let lacks_name = match &token {
            TokenTree::Punct(mark) => match mark.as_char() {
                '.' => mark.spacing() == Spacing::Alone && !follows_joint,
                ':' => mark.spacing() == Spacing::Alone && follows_joint,
                _ => false,
            },
            _ => false,
        } && !tokens.peek().is_some_and(can_follow);
        follows_joint = matches!(&token, TokenTree::Punct(mark)
            if mark.spacing() == Spacing::Joint && matches!(mark.as_char(), '.' | ':'));
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

/// Whether `token` may stand behind a dot or a `::`.
fn can_follow(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(_) | TokenTree::Literal(_) | TokenTree::Group(_) => true,
        TokenTree::Punct(mark) => matches!(mark.as_char(), '<' | '*'),
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

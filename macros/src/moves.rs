//! [`Moves`]: `move(expr)`, evaluated in the caller and moved into the goroutine.
//!
//! `move` before a parenthesis is no Rust today, so it is found among the tokens, wherever it
//! stands in the body. Each is replaced by the name of a variable that is set before the goroutine
//! starts. The arguments of a nested `go!`, `spawn!` or `defer!` are left alone: a `move(..)` in
//! there belongs to that macro.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{format_ident, quote_spanned};

use crate::made_at;

/// The `move(expr)`s of one body, in the order in which they are written.
#[derive(Default)]
pub(crate) struct Moves {
    /// Those that were found and not yet given out by [`Moves::take_all`] or
    /// [`Moves::take_those_in`].
    found: Vec<Moved>,
    /// How many have been found, for their names.
    count: usize,
}

/// One `move(expr)`.
struct Moved {
    name: Ident,
    /// The statement that sets `name`.
    binding: TokenStream,
}

impl Moves {
    /// Replaces each `move(expr)` in `tokens` by the name of a variable.
    pub(crate) fn extract(&mut self, tokens: TokenStream) -> TokenStream {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut kept = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while at < tokens.len() {
            at += match &tokens[at..] {
                [TokenTree::Ident(word), TokenTree::Group(operand), ..]
                    if word == "move" && operand.delimiter() == Delimiter::Parenthesis =>
                {
                    kept.push(TokenTree::Ident(self.add(word, operand)));
                    2
                }
                [
                    TokenTree::Ident(name),
                    TokenTree::Punct(bang),
                    TokenTree::Group(_),
                    ..,
                ] if bang.as_char() == '!' && binds_its_own_moves(name) => {
                    kept.extend_from_slice(&tokens[at..at + 3]);
                    3
                }
                [TokenTree::Group(group), ..] => {
                    kept.push(TokenTree::Group(self.extract_in(group)));
                    1
                }
                [token, ..] => {
                    kept.push(token.clone());
                    1
                }
                [] => break,
            };
        }
        kept.into_iter().collect()
    }

    /// The statements for all that are left.
    pub(crate) fn take_all(&mut self) -> TokenStream {
        self.found.drain(..).map(|moved| moved.binding).collect()
    }

    /// The statements for those that `tokens` mentions.
    pub(crate) fn take_those_in(&mut self, tokens: TokenStream) -> TokenStream {
        if self.found.is_empty() {
            return TokenStream::new();
        }
        let mut names = Vec::new();
        collect_names(tokens, &mut names);
        let found = std::mem::take(&mut self.found);
        let (mentioned, left): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|moved| names.contains(&moved.name));
        self.found = left;
        mentioned.into_iter().map(|moved| moved.binding).collect()
    }

    fn add(&mut self, word: &Ident, operand: &Group) -> Ident {
        let already_found = self.found.len();
        let value = self.extract(operand.stream());
        // Those in the operand are set with it, just before.
        let inner: TokenStream = self
            .found
            .drain(already_found..)
            .map(|m| m.binding)
            .collect();
        let span = made_at(word.span());
        let mut name = format_ident!("moved_{}", self.count);
        name.set_span(span);
        self.count += 1;
        let binding = quote_spanned!(span=> #inner let mut #name = #value;);
        self.found.push(Moved {
            name: name.clone(),
            binding,
        });
        name
    }

    fn extract_in(&mut self, group: &Group) -> Group {
        let mut changed = Group::new(group.delimiter(), self.extract(group.stream()));
        changed.set_span(group.span());
        changed
    }
}

fn binds_its_own_moves(name: &Ident) -> bool {
    ["go", "spawn", "defer"].iter().any(|own| name == own)
}

/// Collects the names in `tokens`.
pub(crate) fn collect_names(tokens: TokenStream, names: &mut Vec<Ident>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => names.push(name),
            TokenTree::Group(group) => collect_names(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

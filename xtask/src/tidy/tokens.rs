//! The tokens of a Rust file in one flat row, with their lines: inside macros too, where the syntax
//! tree ends. Documentation is left out.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token that some rule looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Mark(char),
    /// An opening bracket (`(`, `[`, `{`); the closing ones matter to no rule.
    Open(char),
    /// The content of a string literal, as written.
    Text(String),
}

/// All tokens in the order of the text.
pub(super) fn flatten(stream: TokenStream) -> Vec<Token> {
    let mut out = Vec::new();
    walk(stream, &mut out);
    out
}

fn walk(stream: TokenStream, out: &mut Vec<Token>) {
    let mut after_hash = false;
    for tree in stream {
        let line = tree.span().start().line;
        let was_after_hash = std::mem::take(&mut after_hash);
        match tree {
            TokenTree::Group(group) => {
                if was_after_hash && is_doc(&group.stream()) {
                    out.pop();
                    continue;
                }
                let open = match group.delimiter() {
                    Delimiter::Parenthesis => '(',
                    Delimiter::Bracket => '[',
                    Delimiter::Brace => '{',
                    Delimiter::None => ' ',
                };
                out.push(Token { line, kind: Kind::Open(open) });
                walk(group.stream(), out);
            }
            TokenTree::Ident(word) => out.push(Token { line, kind: Kind::Word(word.to_string()) }),
            TokenTree::Punct(mark) => {
                // `#!` opens an inner attribute as `#` does an outer one.
                after_hash = mark.as_char() == '#' || (was_after_hash && mark.as_char() == '!');
                out.push(Token { line, kind: Kind::Mark(mark.as_char()) });
            }
            TokenTree::Literal(literal) => {
                if let Some(text) = string_content(&literal.to_string()) {
                    out.push(Token { line, kind: Kind::Text(text) });
                }
            }
        }
    }
}

fn is_doc(attribute: &TokenStream) -> bool {
    matches!(attribute.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == "doc")
}

/// What stands between the quotes of a string literal; none for other literals.
fn string_content(literal: &str) -> Option<String> {
    let text = literal.trim_start_matches(['b', 'c', 'r', '#']);
    let text = text.strip_prefix('"')?;
    Some(text.trim_end_matches('#').strip_suffix('"')?.to_owned())
}

impl Token {
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) if own == word)
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn opens(&self, bracket: char) -> bool {
        self.kind == Kind::Open(bracket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_looked_into_and_documentation_is_not() {
        let code = "/// x.unwrap()\nfn f() { view! { <p>{x.unwrap()} r#\"a \"b\"\"# </p> } }";
        let tokens = flatten(code.parse().unwrap());
        let unwraps: Vec<_> = tokens.iter().filter(|token| token.is_word("unwrap")).collect();
        assert_eq!(unwraps.len(), 1);
        assert_eq!(unwraps[0].line, 2);
        assert!(tokens.iter().any(|token| token.kind == Kind::Text("a \"b\"".into())));
    }
}

//! What changed between two texts, line by line, as a table of two columns.

use leptos::prelude::*;
use similar::{ChangeTag, TextDiff};

use crate::t;

/// Lines of context kept around each change.
const CONTEXT_LINES: usize = 3;

/// Before at the left, after at the right; unchanged stretches are left out.
pub fn diff(before: &str, after: &str) -> AnyView {
    if before == after {
        return view! { <p class="pad second">{t!("diff-same")}</p> }.into_any();
    }
    let changes = TextDiff::from_lines(before, after);
    let rows: Vec<_> = changes
        .grouped_ops(CONTEXT_LINES)
        .iter()
        .flatten()
        .flat_map(|op| changes.iter_changes(op))
        .map(|change| (change.tag(), change.to_string_lossy().trim_end_matches('\n').to_owned()))
        .map(|(tag, line)| row(tag, line))
        .collect();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label=t!("diff-label")>
            <table class="diff">
                <caption class="vh">{t!("diff-label")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!("diff-before")}</th>
                        <th scope="col">{t!("diff-after")}</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(tag: ChangeTag, line: String) -> AnyView {
    match tag {
        ChangeTag::Equal => {
            view! { <tr><td><code>{line.clone()}</code></td><td><code>{line}</code></td></tr> }
                .into_any()
        }
        ChangeTag::Delete => view! {
            <tr><td class="del"><del><code>{line}</code></del></td><td></td></tr>
        }
        .into_any(),
        ChangeTag::Insert => view! {
            <tr><td></td><td class="ins"><ins><code>{line}</code></ins></td></tr>
        }
        .into_any(),
    }
}

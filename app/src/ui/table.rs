//! Tables: heads with scope, sortable heads as links, and scrolling inside their card.

use leptos::prelude::*;

/// The direction of a sorted column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorted {
    Ascending,
    Descending,
}

/// The head of one column.
#[derive(Default)]
pub struct Column {
    pub label: String,
    /// Numbers stand at the right.
    pub number: bool,
    /// Address that sorts by it.
    pub sort: Option<String>,
    pub sorted: Option<Sorted>,
    /// Said and not shown (a column of buttons).
    pub hidden: bool,
}

impl Column {
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    pub fn number(label: impl Into<String>) -> Self {
        Self { number: true, ..Self::new(label) }
    }

    pub fn hidden(label: impl Into<String>) -> Self {
        Self { hidden: true, ..Self::new(label) }
    }

    /// A column whose head is a link that sorts by it.
    pub fn sort(self, href: impl Into<String>, sorted: Option<Sorted>) -> Self {
        Self { sort: Some(href.into()), sorted, ..self }
    }
}

/// A table in its card: `caption` is said and not shown; `rows` are the `<tr>`s, whose cells carry
/// `data-l` with the column's label where narrow screens turn rows into cards.
pub fn table(
    caption: impl Into<String>,
    columns: Vec<Column>,
    rows: impl IntoView + 'static,
) -> AnyView {
    let caption = caption.into();
    let label = caption.clone();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label=label>
            <table class="rows">
                <caption class="vh">{caption}</caption>
                <thead><tr>{columns.into_iter().map(head).collect_view()}</tr></thead>
                <tbody>{rows.into_any()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn head(column: Column) -> AnyView {
    let Column { label, number, sort, sorted, hidden } = column;
    let aria = sorted.map(|sorted| match sorted {
        Sorted::Ascending => "ascending",
        Sorted::Descending => "descending",
    });
    let arrow = sorted.map(|sorted| match sorted {
        Sorted::Ascending => " ↑",
        Sorted::Descending => " ↓",
    });
    let label = match (sort, hidden) {
        (Some(href), _) => view! {
            <a class="sort" href=href>
                {label}
                {arrow.map(|arrow| view! { <span aria-hidden="true">{arrow}</span> })}
            </a>
        }
        .into_any(),
        (None, true) => view! { <span class="vh">{label}</span> }.into_any(),
        (None, false) => label.into_any(),
    };
    view! { <th scope="col" class=number.then_some("num") aria-sort=aria>{label}</th> }.into_any()
}

/// A number against its limit: filled to `value`, a tick at `limit`, an arrow past the end.
pub fn bullet(tone: crate::ui::tone::Tone, value: f64, limit: f64) -> AnyView {
    const WIDTH: f64 = 80.0;
    let full = if limit > 0.0 { limit * 1.5 } else { 1.0 };
    let filled = (value / full).clamp(0.0, 1.0) * WIDTH;
    let tick = (limit / full).clamp(0.0, 1.0) * WIDTH;
    let class = tone.class();
    let arrow = if value > full {
        format!(r#"<path class="f-{class}" d="M76 1l4 4-4 4z"/>"#)
    } else {
        String::new()
    };
    crate::ui::raw(format!(
        "<svg class='bullet' viewBox='0 0 80 10' preserveAspectRatio='none' aria-hidden='true'>\
         <rect class='f-none' y='3' width='80' height='4'/>\
         <rect class='f-{class}' y='3' width='{filled:.1}' height='4'/>\
         <rect class='tick' x='{tick:.1}' width='1.5' height='10'/>{arrow}</svg>"
    ))
}

//! Arrow keys in the matrix: one tab stop, arrows inside.

use web_sys::{Element, KeyboardEvent};

use crate::islands::dom::{all_in, document, first, focus, on_key};

/// Makes the matrix one tab stop and moves inside it with arrows, Home and End.
pub(crate) fn start() {
    let Some(matrix) = first("[data-matrix]") else { return };
    let cells = all_in(&matrix, "td > a");
    let selected =
        |cell: &Element| cell.parent_element().is_some_and(|td| td.class_list().contains("sel"));
    let stop = cells.iter().position(selected).unwrap_or(0);
    for (at, cell) in cells.iter().enumerate() {
        let _ = cell.set_attribute("tabindex", if at == stop { "0" } else { "-1" });
    }
    on_key(&matrix, |event| {
        let here = document().active_element().filter(|e| e.matches("td > a").unwrap_or(false));
        if let Some(next) = here.and_then(|here| next(&here, &event)) {
            event.prevent_default();
            if let Some(before) = document().active_element() {
                let _ = before.set_attribute("tabindex", "-1");
            }
            let _ = next.set_attribute("tabindex", "0");
            focus(&next);
        }
    });
}

fn next(here: &Element, event: &KeyboardEvent) -> Option<Element> {
    let row = here.closest("tr").ok()??;
    let cells = all_in(&row, "td > a");
    let at = cells.iter().position(|cell| cell == here)?;
    let whole = event.ctrl_key();
    match event.key().as_str() {
        "ArrowRight" => cells.get(at + 1).cloned(),
        "ArrowLeft" => cells.get(at.checked_sub(1)?).cloned(),
        "Home" if whole => edge(&row, true),
        "End" if whole => edge(&row, false),
        "Home" => cells.first().cloned(),
        "End" => cells.last().cloned(),
        "ArrowDown" => vertical(here, &row, true),
        "ArrowUp" => vertical(here, &row, false),
        _ => None,
    }
}

/// The cell of the same column in the next row that has one.
fn vertical(here: &Element, row: &Element, down: bool) -> Option<Element> {
    let column = datacenter(here)?;
    let mut row = row.clone();
    loop {
        row = if down { row.next_element_sibling()? } else { row.previous_element_sibling()? };
        let cells = all_in(&row, "td > a");
        if let Some(cell) = cells.into_iter().find(|c| datacenter(c).as_ref() == Some(&column)) {
            return Some(cell);
        }
    }
}

fn datacenter(cell: &Element) -> Option<String> {
    let href = cell.get_attribute("href")?;
    href.rsplit('/').next().map(str::to_owned)
}

/// The first or last cell of the table.
fn edge(row: &Element, first: bool) -> Option<Element> {
    let table = row.closest("table").ok()??;
    let cells = all_in(&table, "td > a");
    if first { cells.first().cloned() } else { cells.last().cloned() }
}

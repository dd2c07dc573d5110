//! Forms: one column, label above, hint under it, the error between hint and field, typed values
//! kept. Errors say what to do.

use leptos::prelude::*;

use crate::t;
use crate::ui::glyph::glyph;
use crate::ui::tone::Tone;

/// One mistake: the `id` of its field and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub field: String,
    pub message: String,
}

impl Mistake {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// What a field is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Text,
    Password,
    Search,
    /// Rows of text.
    Area(u8),
    /// Value and label of each choice.
    Select(Vec<(String, String)>),
    File,
    Checkbox,
}

/// One field.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Also the `id`.
    pub name: &'static str,
    pub label: String,
    pub hint: Option<String>,
    pub kind: Kind,
    pub value: String,
    /// `autocomplete`, for example `username`.
    pub autocomplete: Option<&'static str>,
    pub required: bool,
}

/// The summary at the top of a form that was refused; gets the focus. `None` without mistakes.
pub fn error_summary(title: impl Into<String>, mistakes: &[Mistake]) -> Option<AnyView> {
    if mistakes.is_empty() {
        return None;
    }
    let title = title.into();
    let items = mistakes
        .iter()
        .map(|m| view! { <li><a href=format!("#{}", m.field)>{m.message.clone()}</a></li> })
        .collect_view();
    Some(
        view! {
            <div class="esum" id="mistakes" role="alert" tabindex="-1" autofocus>
                <h2>{title}</h2>
                <ul>{items}</ul>
            </div>
        }
        .into_any(),
    )
}

/// A field with its label, hint and the mistakes that are its own.
pub fn field(field: Field, mistakes: &[Mistake]) -> AnyView {
    let own: Vec<_> = mistakes.iter().filter(|m| m.field == field.name).cloned().collect();
    let class = if own.is_empty() { "fld" } else { "fld err" };
    let described = described_by(&field, !own.is_empty());
    let errors = (!own.is_empty()).then(|| {
        let messages = own.into_iter().map(|m| view! { <span>{m.message}</span> }).collect_view();
        let id = format!("{}-error", field.name);
        view! { <p class="emsg" id=id>{glyph(Tone::Crit)}{messages}</p> }
    });
    let hint = field
        .hint
        .clone()
        .map(|h| view! { <p class="hint" id=format!("{}-hint", field.name)>{h}</p> });
    if field.kind == Kind::Checkbox {
        let (name, checked) = (field.name, !field.value.is_empty());
        return view! {
            <div class=class>
                <label class="check">
                    <input type="checkbox" id=name name=name value="yes" checked=checked
                        aria-describedby=described/>
                    <span>{field.label}</span>
                </label>
                {hint}
                {errors}
            </div>
        }
        .into_any();
    }
    let (name, label) = (field.name, field.label.clone());
    view! {
        <div class=class>
            <label for=name>{label}</label>
            {hint}
            {errors}
            {control(field, described)}
        </div>
    }
    .into_any()
}

fn described_by(field: &Field, wrong: bool) -> Option<String> {
    let hint = field.hint.as_ref().map(|_| format!("{}-hint", field.name));
    let error = wrong.then(|| format!("{}-error", field.name));
    let ids: Vec<_> = hint.into_iter().chain(error).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

fn control(field: Field, described: Option<String>) -> AnyView {
    let Field { name, kind, value, autocomplete, required, .. } = field;
    let kind = match kind {
        Kind::Area(rows) => {
            // The renderer writes what stands in a textarea as it is. A newline at the beginning
            // would be eaten by the browser, so there is one to eat.
            let value = format!("\n{}", crate::ui::escape(&value));
            return view! {
                <textarea id=name name=name rows=rows required=required
                    aria-describedby=described>{value}</textarea>
            }
            .into_any();
        }
        Kind::Select(options) => {
            let options = options
                .into_iter()
                .map(|(key, label)| {
                    let selected = key == value;
                    view! { <option value=key selected=selected>{label}</option> }
                })
                .collect_view();
            return view! {
                <select id=name name=name required=required aria-describedby=described>
                    {options}
                </select>
            }
            .into_any();
        }
        Kind::Text | Kind::Checkbox => "text",
        Kind::Password => "password",
        Kind::Search => "search",
        Kind::File => "file",
    };
    // A password is never sent back to the page.
    let value = if kind == "password" || kind == "file" { None } else { Some(value) };
    view! {
        <input id=name name=name type=kind value=value autocomplete=autocomplete
            required=required aria-describedby=described/>
    }
    .into_any()
}

/// A form that posts to `action` with its token. `revision` guards against a stale page.
pub fn form(action: impl Into<String>, csrf: &str, body: impl IntoView + 'static) -> AnyView {
    let (action, csrf) = (action.into(), csrf.to_owned());
    view! {
        <form method="post" action=action class="form" novalidate>
            <input type="hidden" name="csrf" value=csrf/>
            {body.into_any()}
        </form>
    }
    .into_any()
}

/// The title of an error summary: `There are 2 mistakes`.
pub fn mistakes_title(mistakes: &[Mistake]) -> String {
    t!("form-errors", n = mistakes.len(), count = crate::text::number(mistakes.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_never_leaves_its_field() {
        let area = |value: &str| {
            let value = value.to_owned();
            let area = Field { name: "source", kind: Kind::Area(3), value, ..Field::default() };
            crate::render::fragment(|| field(area, &[]))
        };
        let html = area("a & b\n</textarea><script>\"x\"</script>");
        let safe =
            "\na &amp; b\n&lt;/textarea&gt;&lt;script&gt;&quot;x&quot;&lt;/script&gt;</textarea>";
        assert!(html.contains(safe), "{html}");
        assert!(area("").contains("\n</textarea>"), "{}", area(""));
    }
}

//! Passkeys in the browser (WebAuthn level 3): questions and answers as JSON, which the browser
//! itself turns into what devices speak.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlButtonElement, HtmlInputElement, RequestInit, Response};

use crate::islands::PasskeyWords;
use crate::islands::dom::{by_id, go, on, set_text, window};

/// Attaches to the button, where the browser knows passkeys.
pub(crate) fn start(words: PasskeyWords, ask: String, csrf: String, make: bool) {
    let button = by_id("passkey-button").and_then(|button| button.dyn_into().ok());
    let Some(button): Option<HtmlButtonElement> = button else { return };
    if class().is_none() {
        say(&words.unsupported);
        return;
    }
    say("");
    button.set_disabled(false);
    let own = button.clone();
    on(&button, "click", move |_| {
        own.set_disabled(true);
        say(&words.waiting);
        let (button, words) = (own.clone(), words.clone());
        let (ask, csrf) = (ask.clone(), csrf.clone());
        spawn_local(async move {
            if answer(&ask, &csrf, make).await.is_none_or(|answer| send(&answer).is_none()) {
                say(&words.failed);
                button.set_disabled(false);
            }
        });
    });
}

fn say(text: &str) {
    if let Some(note) = by_id("passkey-note") {
        set_text(&note, text);
    }
}

/// The browser's class of passkeys, if it reads and writes JSON.
fn class() -> Option<JsValue> {
    let class = get(&window(), "PublicKeyCredential")?;
    get(&class, "parseRequestOptionsFromJSON")?;
    get(&window().navigator(), "credentials")?;
    Some(class)
}

/// What the device answers to the server's question, as JSON.
async fn answer(ask: &str, csrf: &str, make: bool) -> Option<String> {
    let question = get(&question(ask, csrf).await?, "publicKey")?;
    let (parse, method) = if make {
        ("parseCreationOptionsFromJSON", "create")
    } else {
        ("parseRequestOptionsFromJSON", "get")
    };
    let options = call(&class()?, parse, &[question])?;
    let wrapped = Object::new();
    Reflect::set(&wrapped, &"publicKey".into(), &options).ok()?;
    let credentials = get(&window().navigator(), "credentials")?;
    let asked: Promise = call(&credentials, method, &[wrapped.into()])?.dyn_into().ok()?;
    let credential = JsFuture::from(asked).await.ok()?;
    JSON::stringify(&call(&credential, "toJSON", &[])?).ok()?.as_string()
}

/// The question; where the server wants a proof of the person first, the page goes there.
async fn question(ask: &str, csrf: &str) -> Option<JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    let headers = web_sys::Headers::new().ok()?;
    headers.set("accept", "application/json").ok()?;
    headers.set("x-csrf", csrf).ok()?;
    init.set_headers(&headers);
    let response = JsFuture::from(window().fetch_with_str_and_init(ask, &init)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    let told = JSON::parse(&text).ok()?;
    if response.ok() {
        return Some(told);
    }
    if let Some(confirm) = get(&told, "confirm").and_then(|confirm| confirm.as_string()) {
        go(&confirm);
    }
    None
}

/// Sends the form with the answer.
fn send(answer: &str) -> Option<()> {
    let field: HtmlInputElement = by_id("passkey")?.dyn_into().ok()?;
    field.set_value(answer);
    field.form()?.submit().ok()
}

fn get(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

fn call(of: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let function: Function = get(of, name)?.dyn_into().ok()?;
    let list = Array::new();
    for argument in arguments {
        list.push(argument);
    }
    Reflect::apply(&function, of, &list).ok()
}

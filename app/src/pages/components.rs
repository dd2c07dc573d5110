//! `/dev/components`: every component in every state, to be looked at and tested.
use leptos::prelude::*;
pub fn view() -> AnyView { ().into_any() }

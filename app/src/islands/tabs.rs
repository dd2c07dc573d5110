//! One connection for all tabs of a browser: who holds it, and what tabs tell each other.
//!
//! Visible tabs queue for a lock of the browser (Web Locks); who gets it leads. Hidden tabs do not
//! queue: browsers slow them down, and phones stop them. The lock of a tab that closes is free by
//! itself, so the next one leads at once. Where the browser has no locks or channels (they need
//! HTTPS or this machine) nothing is shared.
//!
//! Must not: know what the stream says, or touch the page.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::task::spawn_local;
use leptos::wasm_bindgen::closure::Closure;
use leptos::wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

use crate::islands::dom::{on, window};

/// What tabs tell each other. A tab hears everything but what it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A new leader: everybody says again what they want.
    Lead,
    /// A tab wants to hear these topics, as in the stream's address.
    Want { tab: String, topics: String },
    /// The leader to a tab: you hear everything after this event.
    After { tab: String, id: String },
    /// The leader to a tab: there is no room for your topics.
    Full { tab: String },
    /// A tab wants nothing any more.
    Bye { tab: String },
    /// An event of the stream.
    Event { name: String, id: String, data: String },
    /// The leader lost the stream and tries again.
    Lost,
    /// The session has ended.
    SignedOut,
}

impl Message {
    fn parts(&self) -> Vec<&str> {
        match self {
            Self::Lead => vec!["lead"],
            Self::Want { tab, topics } => vec!["want", tab, topics],
            Self::After { tab, id } => vec!["after", tab, id],
            Self::Full { tab } => vec!["full", tab],
            Self::Bye { tab } => vec!["bye", tab],
            Self::Event { name, id, data } => vec!["event", name, id, data],
            Self::Lost => vec!["lost"],
            Self::SignedOut => vec!["signed-out"],
        }
    }

    /// `None`: not a message of this release.
    fn read(data: &JsValue) -> Option<Self> {
        let parts: Option<Vec<String>> =
            data.dyn_ref::<Array>()?.iter().map(|part| part.as_string()).collect();
        let mut parts = parts?.into_iter();
        let kind = parts.next()?;
        let mut next = || parts.next();
        Some(match kind.as_str() {
            "lead" => Self::Lead,
            "want" => Self::Want { tab: next()?, topics: next()? },
            "after" => Self::After { tab: next()?, id: next()? },
            "full" => Self::Full { tab: next()? },
            "bye" => Self::Bye { tab: next()? },
            "event" => Self::Event { name: next()?, id: next()?, data: next()? },
            "lost" => Self::Lost,
            "signed-out" => Self::SignedOut,
            _ => return None,
        })
    }
}

/// This tab among the others.
pub(crate) struct Tabs {
    /// Tells this tab from the others.
    pub(crate) id: String,
    /// Of the lock.
    name: String,
    channel: BroadcastChannel,
    locks: Object,
    /// Takes this tab out of the queue.
    queued: Rc<RefCell<Option<AbortController>>>,
    /// Gives the lock back.
    held: Rc<RefCell<Option<Function>>>,
    elected: Rc<dyn Fn()>,
}

impl Tabs {
    /// Meets the other tabs of the same `name`. `hear` gets what they say, `elected` is called
    /// when this tab has got the lock. `None`: the browser cannot.
    pub(crate) fn join(
        name: String,
        hear: impl Fn(Message) + 'static,
        elected: impl Fn() + 'static,
    ) -> Option<Rc<Self>> {
        let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
        let locks = locks.dyn_into::<Object>().ok()?;
        let channel = BroadcastChannel::new(&name).ok()?;
        on(&channel, "message", move |event| {
            let message = event.dyn_ref::<MessageEvent>().map(MessageEvent::data);
            if let Some(message) = message.as_ref().and_then(Message::read) {
                hear(message);
            }
        });
        let id = format!("{:x}", (js_sys::Math::random() * f64::from(u32::MAX)) as u32);
        let (queued, held) = (Rc::default(), Rc::default());
        Some(Rc::new(Self { id, name, channel, locks, queued, held, elected: Rc::new(elected) }))
    }

    pub(crate) fn say(&self, message: &Message) {
        let parts: Array = message.parts().into_iter().map(JsValue::from).collect();
        let _ = self.channel.post_message(&parts);
    }

    /// Queues for the lock, unless it is held or queued for already.
    pub(crate) fn stand(&self) {
        if self.held.borrow().is_some() || self.queued.borrow().is_some() {
            return;
        }
        let Ok(abort) = AbortController::new() else { return };
        self.request("signal", abort.signal().as_ref());
        *self.queued.borrow_mut() = Some(abort);
    }

    /// Takes the lock from whoever has it: its holder does not answer.
    pub(crate) fn seize(&self) {
        self.step_down();
        self.request("steal", &JsValue::TRUE);
    }

    /// Leaves the queue and gives the lock back.
    pub(crate) fn step_down(&self) {
        if let Some(abort) = self.queued.take() {
            abort.abort();
        }
        if let Some(release) = self.held.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }

    /// Asks for the lock with one option. It is held until the promise that the browser is given
    /// back for it is kept.
    fn request(&self, option: &str, value: &JsValue) {
        let (queued, held) = (Rc::clone(&self.queued), Rc::clone(&self.held));
        let elected = Rc::clone(&self.elected);
        let granted = Closure::once_into_js(move |_lock: JsValue| -> JsValue {
            let kept = Promise::new(&mut |keep, _| *held.borrow_mut() = Some(keep));
            queued.take();
            elected();
            kept.into()
        });
        let options = Object::new();
        let _ = Reflect::set(&options, &option.into(), value);
        let request = Reflect::get(&self.locks, &"request".into());
        let Ok(Ok(request)) = request.map(JsCast::dyn_into::<Function>) else { return };
        let asked = request.call3(&self.locks, &self.name.as_str().into(), &options, &granted);
        if let Ok(Ok(asked)) = asked.map(JsCast::dyn_into::<Promise>) {
            // It fails when this tab leaves the queue or another takes the lock: both are known.
            spawn_local(async move {
                let _ = JsFuture::from(asked).await;
            });
        }
    }
}

//! Asks web services, within limits.
//!
//! - [`Settings`]: how long, how often, how much, and whom to trust; plain data.
//! - [`Client`]: sends a request, a value of [`http::Request`], again while that may help.
//! - [`Answer`]: what came back, whatever its status.
//! - [`HttpError`]: nothing came back.
//!
//! ```
//! use windlass_http::{Client, Settings};
//!
//! let client = Client::new(&Settings::default())?;
//! let request = http::Request::get("gopher://old.example/").body(Vec::new())?;
//! assert!(client.send(&request).unwrap_err().to_string().contains("http or https"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It blocks. No redirect is followed: a request that carries a token goes to the host that it was made
//! for, and nowhere else. A proxy named by the environment is used for https only. What an answer means
//! is left to the caller.

mod client;
mod settings;

pub use client::{Answer, Client, HttpError};
pub use settings::{Retry, Roots, Settings, SettingsError};

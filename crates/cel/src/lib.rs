//! Expressions in CEL, the language of Kubernetes' validation rules and of Flux's health checks: compiled
//! within limits, evaluated over JSON, with errors as values.
//!
//! In order: [`compile`] makes a [`Program`] of a text; [`Value`]s are what it is about, gathered in
//! [`Variables`]; [`Program::holds`] and [`Program::text`] evaluate it. The language is that of the `cel` crate,
//! with the functions that Kubernetes 1.37 adds, but for those of URLs.
//!
//! Texts are foreign and evaluation has no clock, so both are bounded beforehand: a text in length, depth and
//! the functions that it calls, and an evaluation by [`Program::cost`], an upper bound that follows from the
//! text and the size of the values. Nothing is evaluated that may take more than [`MAX_COST`].
//!
//! [`Program::estimate`] is what a real API server would reckon for values of a [`Shape`], before there are any.
//!
//! ```
//! use serde_json::json;
//! use windlass_cel::{Value, Variables, compile};
//!
//! let program = compile("self.low <= self.high", &["self"])?;
//! let variables = Variables::new().with("self", Value::from_json(&json!({"low": 1, "high": 2})));
//! assert!(program.holds(&variables)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`check_types`] finds what does not fit ([`Mistake`]) before there are values, where their [`Shape`] is known.

mod check;
mod cost;
mod error;
mod estimate;
mod places;
mod program;
mod shape;
mod sugar;
mod types;
mod value;

pub use cost::MAX_COST;
pub use error::{CompileError, EvaluationError};
pub use program::{Program, compile};
pub use shape::{Kind, Shape};
pub use types::{Mistake, Types, check as check_types};
pub use value::{Value, Variables};

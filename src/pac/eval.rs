//! Runs a PAC in Boa.
//!
//! Each run has a thread of its own with a large stack: Boa's parser recurses. Loops and recursion
//! are bounded; this is for scripts of one's own, not yet a cage for hostile ones.

use boa_engine::{Context, JsString, JsValue, Script, Source};

const HELPERS: &str = include_str!("../../pac-templates/helpers.js");

/// Most iterations of one loop; a PAC of 10 000 members needs a thousandth.
const LOOP_LIMIT: u64 = 50_000_000;

/// Stack of the thread that evaluates; address space, not memory.
const STACK: usize = 256 << 20;

/// Why a PAC gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The script does not parse, or fails while it is loaded.
    #[error("script does not load: {0}")]
    Load(String),
    /// There is no function `FindProxyForURL`.
    #[error("script must define the function FindProxyForURL, found none")]
    NoEntryPoint,
    /// `FindProxyForURL` threw.
    #[error("FindProxyForURL({url:?}) failed: {message}")]
    Thrown {
        /// Its first argument.
        url: String,
        /// What was thrown.
        message: String,
    },
    /// `FindProxyForURL` returned something else than a string.
    #[error("FindProxyForURL({url:?}) must return a string, found {found}")]
    NotAString {
        /// Its first argument.
        url: String,
        /// What was returned.
        found: String,
    },
    /// The evaluating thread could not be started or died.
    #[error("evaluation could not be run: {0}")]
    Thread(String),
}

/// The arguments of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The URL as the client shows it.
    pub url: String,
    /// Its host, IPv6 without brackets.
    pub host: String,
}

impl Call {
    /// A call with the host that stands in the URL.
    pub fn of(url: &str) -> Self {
        let key = crate::route::RouteKey::of(url, pat::HashKey::Host);
        let host = key.as_str();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        Self { url: url.to_owned(), host: bare.to_owned() }
    }
}

/// Loads a script once and calls its `FindProxyForURL` for each of the calls.
///
/// # Errors
/// The first thing that goes wrong.
pub fn evaluate(script: &str, calls: &[Call]) -> Result<Vec<String>, EvalError> {
    on_large_stack(|| {
        let mut pac = Pac::load(script)?;
        calls.iter().map(|call| pac.call(call)).collect()
    })
}

/// Whether a text parses as the body of a function and stays in it.
///
/// Text that closes the function early must go on with a token that each of three surroundings
/// accepts: after a method in an object that is `,` or `}`, after a function that is a statement it
/// is no `,`, and in parentheses it is no `}`. So none is left.
pub(super) fn check_function_body(body: &str) -> Result<(), String> {
    const SURROUNDINGS: [(&str, &str); 3] = [
        ("(function (url, host) {\n", "\n});"),
        ("({ f(url, host) {\n", "\n} });"),
        ("function outer() { function f(url, host) {\n", "\n} }"),
    ];
    let parsed = on_large_stack(|| {
        let mut context = Context::default();
        for (before, after) in SURROUNDINGS {
            let script = format!("{before}{body}{after}");
            Script::parse(Source::from_bytes(&script), None, &mut context)
                .map_err(|error| EvalError::Load(error.to_string()))?;
        }
        Ok(())
    });
    parsed.map_err(
        |error| {
            if let EvalError::Load(message) = error { message } else { error.to_string() }
        },
    )
}

fn on_large_stack<T: Send>(
    work: impl FnOnce() -> Result<T, EvalError> + Send,
) -> Result<T, EvalError> {
    let failed = |why: String| EvalError::Thread(why);
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("pac".to_owned()).stack_size(STACK);
        let thread =
            builder.spawn_scoped(scope, work).map_err(|error| failed(error.to_string()))?;
        thread.join().unwrap_or_else(|_panic| Err(failed("the interpreter panicked".to_owned())))
    })
}

/// A loaded script.
struct Pac {
    context: Context,
    entry: JsValue,
}

impl Pac {
    fn load(script: &str) -> Result<Self, EvalError> {
        let mut context = Context::default();
        let limits = context.runtime_limits_mut();
        limits.set_loop_iteration_limit(LOOP_LIMIT);
        let load_error = |error: boa_engine::JsError| EvalError::Load(error.to_string());
        context.eval(Source::from_bytes(HELPERS)).map_err(load_error)?;
        context.eval(Source::from_bytes(script)).map_err(load_error)?;
        let global = context.global_object();
        let entry =
            global.get(JsString::from("FindProxyForURL"), &mut context).map_err(load_error)?;
        if entry.is_callable() { Ok(Self { context, entry }) } else { Err(EvalError::NoEntryPoint) }
    }

    fn call(&mut self, call: &Call) -> Result<String, EvalError> {
        let arguments =
            [&call.url, &call.host].map(|text| JsValue::from(JsString::from(text.as_str())));
        let thrown = |message: String| EvalError::Thrown { url: call.url.clone(), message };
        let Some(function) = self.entry.as_callable() else {
            return Err(EvalError::NoEntryPoint);
        };
        let result = function.call(&JsValue::undefined(), &arguments, &mut self.context);
        let value = result.map_err(|error| thrown(error.to_string()))?;
        match value.as_string() {
            Some(text) => Ok(text.to_std_string_lossy()),
            None => Err(EvalError::NotAString {
                url: call.url.clone(),
                found: value.display().to_string(),
            }),
        }
    }
}

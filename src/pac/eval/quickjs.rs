//! QuickJS as an interpreter: it can be stopped from inside, and its memory is counted.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rquickjs::context::EvalOptions;
use rquickjs::function::Rest;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Exception, Function, Runtime};
use tokio::time::Instant;

use super::environment::{Host, Native, Value};
use super::{EvalError, Fault, Interpreter, STACK};

/// A context with the native functions.
pub(super) struct Quickjs {
    context: Context,
    // After the context, which it has to outlive.
    _runtime: Runtime,
    deadline: Deadline,
}

/// When what runs now has to have ended.
#[derive(Debug, Clone)]
struct Deadline {
    start: Instant,
    /// Milliseconds after the start.
    at: Arc<AtomicU64>,
    limit: Duration,
}

impl Deadline {
    fn set(&self) {
        let at = self.start.elapsed() + self.limit;
        self.at.store(u64::try_from(at.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn has_passed(&self) -> bool {
        self.start.elapsed().as_millis() > u128::from(self.at.load(Ordering::Relaxed))
    }
}

impl Quickjs {
    /// A context whose scripts and calls may each take `time`, and all of it so many bytes.
    pub(super) fn new(host: &Rc<Host>, time: Duration, memory: u64) -> Result<Self, EvalError> {
        let broken = |error: rquickjs::Error| EvalError::Broken(error.to_string());
        let runtime = Runtime::new().map_err(broken)?;
        runtime.set_memory_limit(usize::try_from(memory).unwrap_or(usize::MAX));
        // What it calls needs room, too.
        runtime.set_max_stack_size(STACK / 8);
        let deadline = Deadline { start: Instant::now(), at: Arc::default(), limit: time };
        deadline.set();
        let watched = deadline.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watched.has_passed())));
        let context = Context::full(&runtime).map_err(broken)?;
        let profile = host.environment().profile;
        let defined = context.with(|ctx| {
            for native in Native::ALL.into_iter().filter(|native| native.is_in(profile)) {
                let host = Rc::clone(host);
                let function = Function::new(
                    ctx.clone(),
                    move |ctx: Ctx<'_>, arguments: Rest<rquickjs::Value<'_>>| {
                        call(&host, native, &ctx, &arguments.0)
                    },
                )?;
                ctx.globals().set(native.name(), function.with_name(native.name())?)?;
            }
            Ok(())
        });
        defined.map_err(broken)?;
        Ok(Self { context, _runtime: runtime, deadline })
    }
}

/// What a native function gives back, as something that QuickJS makes a value of.
enum Given {
    Text(String),
    Bool(bool),
    Null,
    Undefined,
}

impl<'js> rquickjs::IntoJs<'js> for Given {
    fn into_js(self, ctx: &Ctx<'js>) -> rquickjs::Result<rquickjs::Value<'js>> {
        match self {
            Self::Text(text) => text.into_js(ctx),
            Self::Bool(value) => value.into_js(ctx),
            Self::Null => Ok(rquickjs::Value::new_null(ctx.clone())),
            Self::Undefined => Ok(rquickjs::Value::new_undefined(ctx.clone())),
        }
    }
}

fn call(
    host: &Host,
    native: Native,
    ctx: &Ctx<'_>,
    arguments: &[rquickjs::Value<'_>],
) -> rquickjs::Result<Given> {
    let arguments: Vec<Value> = arguments.iter().map(from_js).collect();
    match host.call(native, &arguments) {
        Ok(Value::Text(text)) => Ok(Given::Text(text)),
        Ok(Value::Bool(value)) => Ok(Given::Bool(value)),
        Ok(Value::Null) => Ok(Given::Null),
        Ok(Value::Undefined | Value::Other(_)) => Ok(Given::Undefined),
        Err(message) => Err(Exception::throw_type(ctx, &message)),
    }
}

fn from_js(value: &rquickjs::Value<'_>) -> Value {
    if let Some(text) = value.as_string() {
        // A lone surrogate has no UTF-8.
        match text.to_string() {
            Ok(text) => Value::Text(text),
            Err(_) => Value::Other("a string that is no Unicode".to_owned()),
        }
    } else if let Some(value) = value.as_bool() {
        Value::Bool(value)
    } else if value.is_null() {
        Value::Null
    } else if value.is_undefined() {
        Value::Undefined
    } else if let Some(number) = value.as_number() {
        Value::Other(number.to_string())
    } else {
        Value::Other(value.type_name().to_owned())
    }
}

/// What was thrown, with its place.
fn text_of(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(exception) => {
            let message = exception.message().unwrap_or_else(|| "something".to_owned());
            let stack = exception.stack().unwrap_or_default();
            match stack.lines().map(str::trim).find(|line| line.contains("pac:")) {
                Some(place) => format!("{message} ({place})"),
                None => message,
            }
        }
        CaughtError::Value(value) => from_js(value).to_string(),
        CaughtError::Error(error) => error.to_string(),
    }
}

impl Interpreter for Quickjs {
    fn load(&mut self, source: &str) -> Result<(), String> {
        self.deadline.set();
        self.context.with(|ctx| {
            let mut options = EvalOptions::default();
            (options.global, options.strict) = (true, false);
            options.filename = Some("pac".to_owned());
            let loaded =
                ctx.eval_with_options::<rquickjs::Value<'_>, _>(source, options).catch(&ctx);
            loaded.map(drop).map_err(|error| text_of(&error))
        })
    }

    fn has(&mut self, function: &str) -> bool {
        self.context.with(|ctx| ctx.globals().get::<_, Function<'_>>(function).is_ok())
    }

    fn call(&mut self, function: &str, arguments: [&str; 2]) -> Result<Value, String> {
        self.deadline.set();
        let [url, host] = arguments;
        self.context.with(|ctx| {
            let function: Function<'_> =
                ctx.globals().get(function).catch(&ctx).map_err(|error| text_of(&error))?;
            let result = function.call::<_, rquickjs::Value<'_>>((url, host)).catch(&ctx);
            result.map(|value| from_js(&value)).map_err(|error| text_of(&error))
        })
    }

    fn fault(&self, message: &str) -> Option<Fault> {
        if self.deadline.has_passed() {
            return Some(Fault::Time);
        }
        let says = |text: &str| message.contains(text);
        if says("out of memory") || says("Out of memory") || message == "something" {
            return Some(Fault::Memory);
        }
        let deep = says("stack overflow") || says("Maximum call stack size exceeded");
        deep.then_some(Fault::Depth)
    }
}

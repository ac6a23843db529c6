//! Boa as an interpreter.

use std::cell::RefCell;
use std::rc::Rc;

use boa_engine::context::HostHooks;
use boa_engine::{
    Context, JsNativeError, JsResult, JsString, JsValue, NativeFunction, Script, Source,
};

use super::clock::Zone;
use super::environment::{Host, Native, Value};
use super::{EvalError, Fault, Interpreter};

/// Most iterations of one loop; a PAC of 10 000 members needs a thousandth.
const LOOP_LIMIT: u64 = 50_000_000;

/// Calls within calls at most.
const RECURSION_LIMIT: usize = 4096;

thread_local! {
    /// Who answers native functions on this thread. Boa's functions hold nothing that it does not trace.
    static HOST: RefCell<Option<Rc<Host>>> = const { RefCell::new(None) };
}

/// A context with the native functions.
pub(super) struct Boa {
    context: Context,
}

/// Tells Boa the time zone.
struct Hooks(Zone);

impl HostHooks for Hooks {
    fn local_timezone_offset_seconds(&self, unix_time_seconds: i64) -> i32 {
        self.0.offset_at(unix_time_seconds)
    }
}

/// Whether a script parses.
pub(super) fn parse(script: &str) -> Result<(), String> {
    let parsed = Script::parse(Source::from_bytes(script), None, &mut Context::default());
    parsed.map(drop).map_err(|error| error.to_string())
}

impl Boa {
    pub(super) fn new(host: &Rc<Host>) -> Result<Self, EvalError> {
        let environment = host.environment();
        let broken = |why: String| EvalError::Broken(why);
        let zone =
            Zone::of(environment.zone.as_deref()).map_err(|error| broken(error.to_string()))?;
        let mut context = Context::builder()
            .host_hooks(Rc::new(Hooks(zone)))
            .build()
            .map_err(|error| broken(error.to_string()))?;
        let limits = context.runtime_limits_mut();
        limits.set_loop_iteration_limit(LOOP_LIMIT);
        limits.set_recursion_limit(RECURSION_LIMIT);
        HOST.set(Some(Rc::clone(host)));
        for native in Native::ALL.into_iter().filter(|native| native.is_in(environment.profile)) {
            let function = NativeFunction::from_copy_closure(move |_this, arguments, context| {
                call(native, arguments, context)
            });
            let name = JsString::from(native.name());
            context
                .register_global_callable(name, 1, function)
                .map_err(|error| broken(error.to_string()))?;
        }
        Ok(Self { context })
    }
}

fn call(native: Native, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let arguments: Vec<Value> = arguments.iter().map(|value| from_js(value, context)).collect();
    let host = HOST.with_borrow(Clone::clone);
    let result = host.map_or(Ok(Value::Undefined), |host| host.call(native, &arguments));
    match result {
        Ok(Value::Text(text)) => Ok(JsString::from(text.as_str()).into()),
        Ok(Value::Bool(value)) => Ok(value.into()),
        Ok(Value::Null) => Ok(JsValue::null()),
        Ok(Value::Undefined | Value::Other(_)) => Ok(JsValue::undefined()),
        Err(message) => Err(JsNativeError::typ().with_message(message).into()),
    }
}

fn from_js(value: &JsValue, context: &mut Context) -> Value {
    if let Some(text) = value.as_string() {
        Value::Text(text.to_std_string_lossy())
    } else if let Some(value) = value.as_boolean() {
        Value::Bool(value)
    } else if value.is_null() {
        Value::Null
    } else if value.is_undefined() {
        Value::Undefined
    } else {
        let text = value.to_string(context);
        Value::Other(text.map_or_else(|_| "object".to_owned(), |text| text.to_std_string_lossy()))
    }
}

impl Interpreter for Boa {
    fn load(&mut self, source: &str) -> Result<(), String> {
        let loaded = self.context.eval(Source::from_bytes(source));
        loaded.map(drop).map_err(|error| error.to_string())
    }

    fn has(&mut self, function: &str) -> bool {
        let global = self.context.global_object();
        let found = global.get(JsString::from(function), &mut self.context);
        found.is_ok_and(|value| value.is_callable())
    }

    fn call(&mut self, function: &str, arguments: [&str; 2]) -> Result<Value, String> {
        let global = self.context.global_object();
        let found = global.get(JsString::from(function), &mut self.context);
        let found = found.map_err(|error| error.to_string())?;
        let function = found.as_callable().ok_or_else(|| format!("{function} is gone"))?;
        let arguments = arguments.map(|text| JsValue::from(JsString::from(text)));
        let result = function.call(&JsValue::undefined(), &arguments, &mut self.context);
        let value = result.map_err(|error| error.to_string())?;
        Ok(from_js(&value, &mut self.context))
    }

    fn fault(&self, message: &str) -> Option<Fault> {
        if !message.contains("RuntimeLimit") {
            return None;
        }
        if message.contains("iteration loops") {
            return Some(Fault::Loop);
        }
        let deep = message.contains("recursive calls") || message.contains("stack size");
        deep.then_some(Fault::Depth)
    }
}

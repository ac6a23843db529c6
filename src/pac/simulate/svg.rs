//! Curves as a picture.

use std::fmt::Write as _;

use super::{Curve, STRETCHES, Share};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 60.0;
const RIGHT: f64 = 30.0;
const BOTTOM: f64 = 60.0;

/// Colours that stay apart for people who see few of them, and dashes for those who see none.
const LINES: [(&str, &str); 4] =
    [("#0072b2", ""), ("#d55e00", "8 4"), ("#009e73", "2 3"), ("#cc79a7", "12 3 2 3")];

/// A line for each kind of client: the share of requests that came to the right member, over time.
///
/// `title` and `seconds` are shown; the picture needs nothing beside itself.
pub fn svg(title: &str, seconds: u64, curves: &[Curve]) -> String {
    let (plot_width, plot_height) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\" role=\"img\">\n<title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         fill=\"#fff\"/>\n<text x=\"{LEFT}\" y=\"24\" font-size=\"16\">{title}</text>\n",
        title = escaped(title)
    );
    // Writing to a String cannot fail.
    for percent in [0_u32, 25, 50, 75, 100] {
        let y = TOP + plot_height * (1.0 - f64::from(percent) / 100.0);
        writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{percent} %</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0
        )
        .ok();
    }
    for part in 0..=4_u32 {
        let x = LEFT + plot_width * f64::from(part) / 4.0;
        let at = duration(seconds * u64::from(part) / 4);
        writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{at}</text>",
            HEIGHT - BOTTOM + 20.0
        )
        .ok();
    }
    for (number, (curve, (color, dashes))) in (0_u32..).zip(curves.iter().zip(LINES)) {
        let mut points = String::new();
        for (at, share) in (0_u32..).zip(&curve.shares) {
            let Some(right) = right(share) else { continue };
            let count = u32::try_from(STRETCHES).unwrap_or(1);
            let x = LEFT + plot_width * (f64::from(at) + 0.5) / f64::from(count);
            write!(points, "{x:.1},{:.1} ", TOP + plot_height * (1.0 - right)).ok();
        }
        let name_x = LEFT + 150.0 * f64::from(number);
        writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>\n\
             <line x1=\"{name_x}\" x2=\"{}\" y1=\"44\" y2=\"44\" stroke=\"{color}\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\"/><text x=\"{}\" y=\"48\">{}</text>",
            points.trim_end(),
            name_x + 30.0,
            name_x + 36.0,
            curve.kind.name()
        )
        .ok();
    }
    writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">time after it happened; share of requests at the right member</text>",
        LEFT + plot_width / 2.0,
        HEIGHT - 16.0
    )
    .ok();
    out.push_str("</svg>\n");
    out
}

/// The share of requests at the right member, 0 to 1; `None` where there was no request.
pub fn right(share: &Share) -> Option<f64> {
    let exact = |count: u64| u32::try_from(count).map_or_else(|_| f64::from(u32::MAX), f64::from);
    (share.requests > 0).then(|| exact(share.right) / exact(share.requests))
}

fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

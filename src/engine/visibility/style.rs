//! What the declarations of one element or rule do to its visibility.

use super::{
    Technique,
    css::{Declaration, Value},
};

/// Lengths in `px` from which on something is off the screen.
const OFF_SCREEN_PX: f32 = 900.0;
/// The largest font size in `px` that a reader does not see.
const TINY_FONT_PX: f32 = 1.0;
/// The largest opacity that a reader does not see.
const TRANSPARENT: f32 = 0.02;
/// The largest difference of a colour's channels, of 255, that a reader does not see.
const SAME_COLOUR: i16 = 6;

/// A colour: red, green, blue, and 0 to 1 of opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Colour {
    rgb: [u8; 3],
    alpha: f32,
}

impl Colour {
    /// Whether text of this colour cannot be told from its background.
    pub(crate) fn vanishes_on(self, background: Colour) -> bool {
        let near = |a: u8, b: u8| (i16::from(a) - i16::from(b)).abs() <= SAME_COLOUR;
        background.alpha > 0.9 && (0..3).all(|i| near(self.rgb[i], background.rgb[i]))
    }

    pub(crate) fn is_transparent(self) -> bool {
        self.alpha <= TRANSPARENT
    }

    /// An attribute such as `bgcolor`.
    pub(crate) fn from_attribute(value: &str) -> Option<Self> {
        let value = value.trim().to_ascii_lowercase();
        match value.strip_prefix('#') {
            Some(digits) => hex(digits),
            None => named(&value).or_else(|| hex(&value)),
        }
    }
}

/// One property: what was declared last, unless something before was `!important`.
#[derive(Debug, Clone, Copy)]
struct Property<T>(Option<(T, bool)>);

impl<T> Default for Property<T> {
    fn default() -> Self {
        Property(None)
    }
}

impl<T: Copy> Property<T> {
    fn set(&mut self, value: T, important: bool) {
        if important || !matches!(self.0, Some((_, true))) {
            self.0 = Some((value, important));
        }
    }

    fn get(self) -> Option<T> {
        self.0.map(|(value, _)| value)
    }
}

/// The properties that hide, as one element has them.
#[derive(Debug, Default)]
pub(crate) struct Style {
    /// Whether `display` is `none`.
    no_display: Property<bool>,
    /// Whether `visibility` is another than `visible`.
    invisible: Property<bool>,
    transparent: Property<bool>,
    tiny_font: Property<bool>,
    /// Whether `position` takes it out of the flow.
    positioned: Property<bool>,
    off_left: Property<bool>,
    off_right: Property<bool>,
    off_top: Property<bool>,
    off_bottom: Property<bool>,
    off_margin: Property<bool>,
    off_indent: Property<bool>,
    transformed_away: Property<bool>,
    clipped_rect: Property<bool>,
    clipped_path: Property<bool>,
    no_width: Property<bool>,
    no_height: Property<bool>,
    clips_overflow: Property<bool>,
    /// Whether a padding gives it a size: boxes that keep the shape of a picture have no height of their own.
    padded: Property<bool>,
    colour: Property<Colour>,
    background: Property<Colour>,
    /// Whether something moves or fades: what is hidden at first is shown soon.
    animated: bool,
    /// Whether it is also moved or blurred, as what fades in is.
    moves: bool,
    /// Whether a picture or a shadow shows its text.
    painted: bool,
}

impl Style {
    pub(crate) fn new(declarations: &[Declaration]) -> Self {
        let mut style = Style::default();
        declarations.iter().for_each(|declaration| style.add(declaration));
        style
    }

    fn add(&mut self, declaration: &Declaration) {
        let (value, important) = (declaration.value.as_slice(), declaration.important);
        let first = word(value);
        match declaration.name.as_str() {
            "display" => self.no_display.set(first == Some("none"), important),
            "visibility" => self
                .invisible
                .set(matches!(first, Some("hidden" | "collapse")), important),
            "content-visibility" if first == Some("hidden") => self.no_display.set(true, important),
            "opacity" => self
                .transparent
                .set(opacity(value).is_some_and(|o| o <= TRANSPARENT), important),
            "font-size" => self.tiny_font.set(is_tiny(value), important),
            "font" => self
                .tiny_font
                .set(value.iter().any(is_length) && is_tiny(value), important),
            "position" => self.positioned.set(
                matches!(first, Some("absolute" | "fixed" | "relative" | "sticky")),
                important,
            ),
            "left" => self.off_left.set(is_off(value), important),
            "right" => self.off_right.set(is_off(value), important),
            "top" => self.off_top.set(is_off(value), important),
            "bottom" => self.off_bottom.set(is_off(value), important),
            "inset" | "inset-inline" | "inset-block" | "inset-inline-start" => {
                self.off_left.set(any_off(value), important)
            }
            "margin" | "margin-left" | "margin-top" | "margin-inline-start" => {
                // A negative percentage is how grids lay out columns.
                let is_far = |value: &Value| px(value).is_some_and(|px| px <= -OFF_SCREEN_PX);
                self.off_margin.set(value.iter().any(is_far), important);
            }
            "text-indent" => self
                .off_indent
                .set(is_off(value) || is_percent(value, -100.0), important),
            "transform" => {
                self.moves |= functions(value).next().is_some();
                self.transformed_away.set(is_transformed_away(value), important);
            }
            "translate" => self.transformed_away.set(any_off(value), important),
            "scale" => self.transformed_away.set(number(value) == Some(0.0), important),
            "clip" => self.clipped_rect.set(is_empty_rect(value), important),
            "clip-path" => self.clipped_path.set(is_empty_path(value), important),
            "width" | "max-width" => self.no_width.set(is_nothing(value), important),
            "height" | "max-height" => self.no_height.set(is_nothing(value), important),
            "overflow" | "overflow-x" | "overflow-y" => {
                self.clips_overflow
                    .set(matches!(first, Some("hidden" | "clip")), important);
            }
            "padding" | "padding-top" | "padding-bottom" | "aspect-ratio" | "min-height" | "min-width" => {
                self.padded.set(
                    number(value).is_some_and(|number| number > 0.0) || value.len() > 1,
                    important,
                );
            }
            "color" => {
                if let Some(colour) = colour(value) {
                    self.colour.set(colour, important);
                }
            }
            "background" | "background-image" if has_picture(value) => self.painted = true,
            "background-clip" | "-webkit-background-clip" | "text-shadow" | "-webkit-text-stroke" => {
                self.painted = true
            }
            "background" | "background-color" => {
                if let Some(colour) = colour(value) {
                    self.background.set(colour, important);
                }
            }
            "filter" | "will-change" => self.moves = true,
            name if name.starts_with("animation") || name.starts_with("transition") => self.animated = true,
            _ => {}
        }
    }

    /// How it hides an element, but for its colours.
    pub(crate) fn technique(&self) -> Option<Technique> {
        let is = |property: Property<bool>| property.get() == Some(true);
        let off = [self.off_left, self.off_right, self.off_top, self.off_bottom];
        if is(self.no_display) {
            return Some(Technique::Display);
        }
        if is(self.invisible) {
            return Some(Technique::Visibility);
        }
        if is(self.transparent) && !self.animated && !self.moves {
            return Some(Technique::Opacity);
        }
        if is(self.tiny_font) {
            return Some(Technique::FontSize);
        }
        if is(self.positioned) && off.into_iter().any(is) || is(self.off_margin) {
            return Some(Technique::OffScreen);
        }
        if is(self.off_indent) {
            return Some(Technique::TextIndent);
        }
        if is(self.transformed_away) && !self.animated {
            return Some(Technique::Transform);
        }
        if is(self.clipped_rect) && is(self.positioned) || is(self.clipped_path) {
            return Some(Technique::Clip);
        }
        let is_nothing = is(self.no_width) || is(self.no_height);
        let cuts_all = is_nothing && is(self.clips_overflow) && !is(self.padded) && !self.animated;
        cuts_all.then_some(Technique::ZeroSize)
    }

    /// Whether it shows what something around it or another rule hides in this way.
    pub(crate) fn shows(&self, technique: Technique) -> bool {
        let not = |property: Property<bool>| property.get() == Some(false);
        match technique {
            Technique::Display => not(self.no_display),
            Technique::Visibility => not(self.invisible),
            Technique::Opacity => not(self.transparent),
            Technique::FontSize => not(self.tiny_font),
            Technique::OffScreen => {
                let off = [
                    self.off_left,
                    self.off_right,
                    self.off_top,
                    self.off_bottom,
                    self.off_margin,
                    self.positioned,
                ];
                off.into_iter().any(not)
            }
            Technique::TextIndent => not(self.off_indent),
            Technique::Transform => not(self.transformed_away),
            Technique::Clip => not(self.clipped_rect) || not(self.clipped_path),
            Technique::ZeroSize => not(self.no_width) || not(self.no_height) || not(self.clips_overflow),
            Technique::Colour => self.colour.get().is_some(),
            Technique::Attribute | Technique::TagCharacters => false,
        }
    }

    pub(crate) fn colour(&self) -> Option<Colour> {
        self.colour.get().filter(|_| !self.painted)
    }

    pub(crate) fn background(&self) -> Option<Colour> {
        self.background.get().filter(|colour| !colour.is_transparent())
    }
}

fn word(value: &[Value]) -> Option<&str> {
    value.iter().find_map(|value| match value {
        Value::Word(word) => Some(word.as_str()),
        _ => None,
    })
}

fn number(value: &[Value]) -> Option<f32> {
    value.iter().find_map(|value| match value {
        Value::Number(number, _) => Some(*number),
        _ => None,
    })
}

fn opacity(value: &[Value]) -> Option<f32> {
    match value.first()? {
        Value::Number(number, unit) if unit == "%" => Some(number / 100.0),
        Value::Number(number, _) => Some(*number),
        _ => None,
    }
}

/// A length in `px`, roughly: `em` and the like are 16, hundredths of the window 12.
fn px(value: &Value) -> Option<f32> {
    let Value::Number(number, unit) = value else {
        return None;
    };
    let factor = match unit.as_str() {
        "" | "px" => 1.0,
        "em" | "rem" | "ch" | "ex" | "ic" | "lh" => 16.0,
        "pt" => 4.0 / 3.0,
        "pc" => 16.0,
        "in" => 96.0,
        "cm" => 37.8,
        "mm" => 3.78,
        "%" => return None,
        _ => 12.0, // vw, vh, vmin, dvh, …
    };
    Some(number * factor)
}

fn is_length(value: &Value) -> bool {
    matches!(value, Value::Number(_, unit) if !unit.is_empty())
        || matches!(value, Value::Number(number, _) if *number == 0.0)
}

/// The first length of a value is that of its font.
fn is_tiny(value: &[Value]) -> bool {
    let length = value.iter().find(|value| is_length(value));
    length.is_some_and(|length| match length {
        Value::Number(number, unit) if unit == "%" => *number <= 2.0,
        length => px(length).is_some_and(|px| px <= TINY_FONT_PX),
    })
}

fn is_off(value: &[Value]) -> bool {
    value.first().is_some_and(is_far)
}

fn is_far(value: &Value) -> bool {
    px(value).is_some_and(|px| px <= -OFF_SCREEN_PX) || is_percent(std::slice::from_ref(value), -100.0)
}

fn any_off(value: &[Value]) -> bool {
    value.iter().any(is_far)
}

/// Whether a percentage is this negative one, or further off.
fn is_percent(value: &[Value], most: f32) -> bool {
    matches!(value.first(), Some(Value::Number(number, unit)) if unit == "%" && *number <= most)
}

fn is_nothing(value: &[Value]) -> bool {
    value.first().and_then(px).is_some_and(|px| px <= 1.0) || is_zero_percent(value)
}

fn is_zero_percent(value: &[Value]) -> bool {
    matches!(value.first(), Some(Value::Number(number, unit)) if unit == "%" && *number == 0.0)
}

/// Whether a background is a picture or a gradient.
fn has_picture(value: &[Value]) -> bool {
    functions(value).any(|(name, _)| name.ends_with("gradient") || matches!(name, "url" | "image" | "image-set"))
        || value.contains(&Value::Picture)
}

/// The functions of a value, each with its arguments.
fn functions(value: &[Value]) -> impl Iterator<Item = (&str, &[Value])> {
    value.iter().enumerate().filter_map(|(i, one)| match one {
        Value::Function(name) => {
            let rest = &value[i + 1..];
            let end = rest.iter().position(|value| *value == Value::End).unwrap_or(rest.len());
            Some((name.as_str(), &rest[..end]))
        }
        _ => None,
    })
}

fn is_transformed_away(value: &[Value]) -> bool {
    functions(value).any(|(name, arguments)| match name {
        "scale" | "scalex" | "scaley" | "scale3d" => number(arguments) == Some(0.0),
        // A whole width to the left is how carousels wait; ten of them are no carousel.
        "translate" | "translatex" | "translatey" | "translate3d" => {
            let far = |value: &Value| px(value).is_some_and(|px| px.abs() >= OFF_SCREEN_PX);
            arguments.iter().any(far) || is_percent(arguments, -1000.0)
        }
        _ => false,
    })
}

/// `rect()` of four numbers that leave a pixel or less.
fn is_empty_rect(value: &[Value]) -> bool {
    functions(value).any(|(name, arguments)| {
        let sides: Vec<f32> = arguments.iter().filter_map(px).collect();
        name == "rect" && sides.len() == 4 && sides.iter().all(|side| side.abs() <= 1.0)
    })
}

fn is_empty_path(value: &[Value]) -> bool {
    functions(value).any(|(name, arguments)| match name {
        "inset" => {
            let shares = arguments.iter().filter_map(|value| match value {
                Value::Number(number, unit) if unit == "%" => Some(*number),
                _ => None,
            });
            shares.fold(0.0, f32::max) >= 50.0
        }
        "circle" | "ellipse" => is_nothing(arguments),
        "polygon" => {
            let numbers: Vec<f32> = arguments
                .iter()
                .filter_map(|value| number(std::slice::from_ref(value)))
                .collect();
            !numbers.is_empty() && numbers.iter().all(|number| *number == 0.0)
        }
        _ => false,
    })
}

fn colour(value: &[Value]) -> Option<Colour> {
    value.iter().enumerate().find_map(|(i, one)| match one {
        Value::Hash(digits) => hex(digits),
        Value::Word(name) => named(name),
        Value::Function(name) if matches!(name.as_str(), "rgb" | "rgba") => {
            let (_, arguments) = functions(&value[i..]).next()?;
            let parts: Vec<f32> = arguments
                .iter()
                .filter_map(|value| match value {
                    Value::Number(number, unit) if unit == "%" => Some(number / 100.0),
                    Value::Number(number, _) => Some(*number),
                    _ => None,
                })
                .collect();
            let alpha = parts.get(3).copied().unwrap_or(1.0);
            let rgb = [*parts.first()?, *parts.get(1)?, *parts.get(2)?].map(|part| part.clamp(0.0, 255.0) as u8);
            Some(Colour { rgb, alpha })
        }
        _ => None,
    })
}

fn hex(digits: &str) -> Option<Colour> {
    let nibbles: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = match nibbles.len() {
        3 | 4 => nibbles.iter().map(|nibble| nibble * 17).collect(),
        6 | 8 => nibbles.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect(),
        _ => return None,
    };
    let alpha = bytes.get(3).map_or(1.0, |alpha| f32::from(*alpha) / 255.0);
    Some(Colour {
        rgb: [bytes[0], bytes[1], bytes[2]],
        alpha,
    })
}

fn named(name: &str) -> Option<Colour> {
    let opaque = |rgb| Some(Colour { rgb, alpha: 1.0 });
    match name {
        "transparent" => Some(Colour {
            rgb: [0; 3],
            alpha: 0.0,
        }),
        "white" => opaque([255; 3]),
        "black" => opaque([0; 3]),
        "gray" | "grey" => opaque([128; 3]),
        "silver" => opaque([192; 3]),
        "lightgray" | "lightgrey" => opaque([211; 3]),
        "whitesmoke" => opaque([245; 3]),
        "snow" => opaque([255, 250, 250]),
        "ivory" => opaque([255, 255, 240]),
        "red" => opaque([255, 0, 0]),
        "green" => opaque([0, 128, 0]),
        "blue" => opaque([0, 0, 255]),
        "yellow" => opaque([255, 255, 0]),
        "navy" => opaque([0, 0, 128]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::visibility::css::declarations;

    fn technique(css: &str) -> Option<Technique> {
        Style::new(&declarations(css)).technique()
    }

    #[test]
    fn each_way_of_hiding_is_known() {
        for (css, wanted) in [
            ("display : none", Technique::Display),
            ("display:none!important;display:block", Technique::Display),
            ("visibility:collapse", Technique::Visibility),
            ("opacity:.0", Technique::Opacity),
            ("opacity: 0%", Technique::Opacity),
            ("font-size:0", Technique::FontSize),
            ("font-size:.5px", Technique::FontSize),
            ("font:0/0 a", Technique::FontSize),
            ("position:absolute; left:-10000px", Technique::OffScreen),
            ("color:#fff;position:absolute;left:-9999px", Technique::OffScreen),
            ("position:fixed;top:-999em", Technique::OffScreen),
            ("position:absolute;inset:-9999px auto auto", Technique::OffScreen),
            ("margin-left:-9999px", Technique::OffScreen),
            ("text-indent:-9999px", Technique::TextIndent),
            ("transform:translateX(-9999px)", Technique::Transform),
            ("transform: scale(0)", Technique::Transform),
            ("clip-path:inset(50%)", Technique::Clip),
            ("clip-path:circle(0)", Technique::Clip),
            ("clip-path:polygon(0 0,0 0,0 0)", Technique::Clip),
            ("position:absolute;clip:rect(1px,1px,1px,1px)", Technique::Clip),
            ("width:0;height:0;overflow:hidden", Technique::ZeroSize),
            ("max-height:0;overflow:clip", Technique::ZeroSize),
        ] {
            assert_eq!(technique(css), Some(wanted), "{css}");
        }
    }

    #[test]
    fn what_is_seen_is_not_hidden() {
        for css in [
            "",
            "display:none;display:block",
            "visibility:visible",
            "opacity:.5",
            "opacity:0;transition:opacity 1s",
            "font-size:12px",
            "font:12px/0 a",
            "left:-9999px",
            "position:absolute;left:-20px",
            "position:relative;top:-5px",
            "text-indent:2em",
            "text-indent:-1em",
            "transform:translateX(-100%)",
            "transform:scale(1)",
            "clip-path:inset(10%)",
            "height:0;padding-bottom:56%;overflow:hidden",
            "width:0",
            "margin-left:-15px",
            "margin-left:-100%",
            "height:0;min-height:9em;overflow:hidden",
            "opacity:0;transform:translateY(20px)",
        ] {
            assert_eq!(technique(css), None, "{css}");
        }
    }

    #[test]
    fn colours_are_compared() {
        let vanishes = |css: &str| {
            let style = Style::new(&declarations(css));
            let is_lost = |colour: Colour| {
                let background = style.background();
                colour.is_transparent() || background.is_some_and(|background| colour.vanishes_on(background))
            };
            style.colour().is_some_and(is_lost)
        };
        for css in [
            "color:#fff;background:white",
            "color:rgb(255,255,255);background-color:#FFFFFF",
            "color:transparent",
            "color:rgba(0,0,0,0)",
            "color:#0000",
        ] {
            assert!(vanishes(css), "{css}");
        }
        for css in [
            "color:#fff;background:url(x) #fff",
            "color:#fff",
            "color:#fff;background:#000",
            "color:#777;background:#fff",
            "color:#fff;background:transparent",
        ] {
            assert!(!vanishes(css), "{css}");
        }
    }
}

//! The characters of mathematics and the TeX commands that print them.
//!
//! Tables only, as pairs of a character and its command. What is in none of them is the same in TeX, or text.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// How a symbol stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SymbolKind {
    /// A letter or a sign that is part of a term.
    Ordinary,
    /// Stands between two terms, with space around it.
    Between,
    /// Its limits stand above and below it.
    Large,
}

const LETTERS: &str = r"
α \alpha β \beta γ \gamma δ \delta ε \varepsilon ϵ \epsilon ζ \zeta η \eta θ \theta ϑ \vartheta ι \iota κ \kappa ϰ \varkappa
λ \lambda μ \mu µ \mu ν \nu ξ \xi π \pi ϖ \varpi ρ \rho ϱ \varrho σ \sigma ς \varsigma τ \tau υ \upsilon φ \varphi ϕ \phi
χ \chi ψ \psi ω \omega ϝ \digamma
Γ \Gamma Δ \Delta Θ \Theta Λ \Lambda Ξ \Xi Π \Pi Σ \Sigma Υ \Upsilon Φ \Phi Ψ \Psi Ω \Omega
ℓ \ell ℏ \hbar ħ \hbar ı \imath ȷ \jmath ℘ \wp ℜ \Re ℑ \Im ℵ \aleph ℶ \beth ℷ \gimel ℸ \daleth ℧ \mho Å \mathring{A} Å \mathring{A} ð \eth
∂ \partial ∇ \nabla ∞ \infty ∅ \emptyset ∀ \forall ∃ \exists ∄ \nexists ¬ \neg ⊤ \top ⊥ \bot ∠ \angle ∡ \measuredangle
∢ \sphericalangle △ \triangle ▽ \triangledown □ \square ■ \blacksquare ◊ \lozenge ⧫ \blacklozenge ★ \bigstar ♭ \flat ♮ \natural ♯ \sharp
♠ \spadesuit ♡ \heartsuit ♢ \diamondsuit ♣ \clubsuit ✓ \checkmark † \dagger ‡ \ddagger § \S ¶ \P © \copyright £ \pounds ¥ \yen
° ^{\circ} ′ ' ″ '' ‴ ''' ⁗ '''' ‵ \backprime … \ldots ⋯ \cdots ⋮ \vdots ⋱ \ddots ∁ \complement ∎ \blacksquare
⟨ \langle ⟩ \rangle 〈 \langle 〉 \rangle ⌊ \lfloor ⌋ \rfloor ⌈ \lceil ⌉ \rceil ‖ \| ⟦ [\![ ⟧ ]\!] ⌜ \ulcorner ⌝ \urcorner ⌞ \llcorner
⌟ \lrcorner ⟮ \lgroup ⟯ \rgroup ⎰ \lmoustache ⎱ \rmoustache ∶ :
\ \backslash { \{ } \} $ \$ % \% & \& # \# _ \_ ~ \sim ^ \hat{} ` `
";

const BETWEEN: &str = r"
+ + - - − - ± \pm ∓ \mp × \times ÷ \div · \cdot ⋅ \cdot ∗ \ast ⋆ \star ∘ \circ ∙ \bullet • \bullet ⊕ \oplus ⊖ \ominus ⊗ \otimes
⊘ \oslash ⊙ \odot ⊛ \circledast ⊚ \circledcirc ⊝ \circleddash ⊞ \boxplus ⊟ \boxminus ⊠ \boxtimes ⊡ \boxdot ∪ \cup ∩ \cap ⊎ \uplus
⊓ \sqcap ⊔ \sqcup ∨ \vee ∧ \wedge ∖ \setminus ≀ \wr ⋄ \diamond ⨿ \amalg ⋉ \ltimes ⋊ \rtimes ⋋ \leftthreetimes ⋌ \rightthreetimes
⊼ \barwedge ⊻ \veebar ⋎ \curlyvee ⋏ \curlywedge ⋒ \Cap ⋓ \Cup ∔ \dotplus ⋇ \divideontimes ⊺ \intercal
= = < < > > ≤ \le ≥ \ge ≦ \leqq ≧ \geqq ⩽ \leqslant ⩾ \geqslant ≠ \ne ≪ \ll ≫ \gg ⋘ \lll ⋙ \ggg ≡ \equiv ≢ \not\equiv
≈ \approx ≉ \not\approx ≊ \approxeq ∼ \sim ≁ \nsim ≃ \simeq ≄ \not\simeq ≅ \cong ≆ \ncong ∽ \backsim ⋍ \backsimeq ≍ \asymp ≐ \doteq
≑ \doteqdot ≒ \fallingdotseq ≓ \risingdotseq ≔ := ≕ =: ≗ \circeq ≜ \triangleq ≝ \overset{\mathrm{def}}{=} ≟ \overset{?}{=} ∝ \propto
≮ \nless ≯ \ngtr ≰ \nleq ≱ \ngeq ≲ \lesssim ≳ \gtrsim ≶ \lessgtr ≷ \gtrless ⋚ \lesseqgtr ⋛ \gtreqless ⋖ \lessdot ⋗ \gtrdot
≺ \prec ≻ \succ ⪯ \preceq ⪰ \succeq ≼ \preccurlyeq ≽ \succcurlyeq ≾ \precsim ≿ \succsim ⊀ \nprec ⊁ \nsucc
∈ \in ∉ \notin ∋ \ni ∌ \not\ni ⊂ \subset ⊃ \supset ⊄ \not\subset ⊅ \not\supset ⊆ \subseteq ⊇ \supseteq ⊈ \nsubseteq ⊉ \nsupseteq
⊊ \subsetneq ⊋ \supsetneq ⋐ \Subset ⋑ \Supset ⊏ \sqsubset ⊐ \sqsupset ⊑ \sqsubseteq ⊒ \sqsupseteq ⊲ \vartriangleleft ⊳ \vartriangleright
⊴ \trianglelefteq ⊵ \trianglerighteq ⊢ \vdash ⊣ \dashv ⊨ \models ⊩ \Vdash ⊪ \Vvdash ⊬ \nvdash ⊭ \nvDash ⋈ \bowtie ⌣ \smile ⌢ \frown
∣ \mid ∤ \nmid ∥ \parallel ∦ \nparallel ≬ \between ⋔ \pitchfork ∴ \therefore ∵ \because ≖ \eqcirc
← \leftarrow → \to ↑ \uparrow ↓ \downarrow ↔ \leftrightarrow ↕ \updownarrow ↖ \nwarrow ↗ \nearrow ↘ \searrow ↙ \swarrow
⇐ \Leftarrow ⇒ \Rightarrow ⇑ \Uparrow ⇓ \Downarrow ⇔ \Leftrightarrow ⇕ \Updownarrow ⟵ \longleftarrow ⟶ \longrightarrow
⟷ \longleftrightarrow ⟸ \Longleftarrow ⟹ \Longrightarrow ⟺ \Longleftrightarrow ↦ \mapsto ⟼ \longmapsto ↩ \hookleftarrow ↪ \hookrightarrow
↼ \leftharpoonup ↽ \leftharpoondown ⇀ \rightharpoonup ⇁ \rightharpoondown ⇋ \leftrightharpoons ⇌ \rightleftharpoons ⇝ \rightsquigarrow
↝ \leadsto ↠ \twoheadrightarrow ↞ \twoheadleftarrow ↣ \rightarrowtail ↢ \leftarrowtail ↚ \nleftarrow ↛ \nrightarrow ↮ \nleftrightarrow
⇍ \nLeftarrow ⇏ \nRightarrow ⇎ \nLeftrightarrow ⇄ \rightleftarrows ⇆ \leftrightarrows ⇉ \rightrightarrows ⇇ \leftleftarrows
↺ \circlearrowleft ↻ \circlearrowright ↶ \curvearrowleft ↷ \curvearrowright ↰ \Lsh ↱ \Rsh ⊸ \multimap
";

const LARGE: &str = r"
∑ \sum ∏ \prod ∐ \coprod ∫ \int ∬ \iint ∭ \iiint ⨌ \iiiint ∮ \oint ∯ \oiint ∰ \oiiint ⋃ \bigcup ⋂ \bigcap ⋁ \bigvee ⋀ \bigwedge
⨁ \bigoplus ⨂ \bigotimes ⨀ \bigodot ⨄ \biguplus ⨆ \bigsqcup
";

/// Names of functions that are commands of their own.
const FUNCTIONS: &str =
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max
min Pr sec sin sinh sup tan tanh";

/// Other commands that formulas are written with.
const COMMANDS: &str = "frac dfrac tfrac cfrac binom dbinom tbinom sqrt text textbf textit textrm mathrm mathbf mathbb mathcal mathfrak
mathsf mathtt mathit mathscr boldsymbol bm operatorname left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr
begin end overline underline overbrace underbrace overset underset stackrel hat widehat tilde widetilde bar vec dot ddot check breve
acute grave overrightarrow overleftarrow xrightarrow xleftarrow quad qquad displaystyle textstyle scriptstyle limits nolimits substack
leq geq neq land lor lnot gets iff implies dots lvert rvert lVert rVert vert Vert prime not tag label phantom boxed cancel color mod bmod
pmod ce rm bf it cal over choose atop rightarrow longrightarrow colon dotsc dotsb thinspace varnothing";

static SYMBOLS: LazyLock<HashMap<char, (SymbolKind, &'static str)>> = LazyLock::new(|| {
    let tables = [
        (LETTERS, SymbolKind::Ordinary),
        (BETWEEN, SymbolKind::Between),
        (LARGE, SymbolKind::Large),
    ];
    let pairs = tables.into_iter().flat_map(|(table, kind)| {
        let mut words = table.split_whitespace();
        std::iter::from_fn(move || Some((words.next()?.chars().next()?, (kind, words.next()?))))
    });
    pairs.collect()
});

static NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let symbols = SYMBOLS.values().filter_map(|(_, tex)| tex.strip_prefix('\\'));
    let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_alphabetic());
    let others = [FUNCTIONS, COMMANDS].into_iter().flat_map(str::split_whitespace);
    symbols.filter(is_name).chain(others).collect()
});

/// The command for a character, if it is not its own.
pub(crate) fn symbol(c: char) -> Option<(SymbolKind, &'static str)> {
    SYMBOLS.get(&c).copied()
}

/// Whether `\name` prints a function's name.
pub(crate) fn is_function(name: &str) -> bool {
    FUNCTIONS.split_whitespace().any(|function| function == name)
}

/// Whether `\name` is a command of formulas.
pub(crate) fn is_command(name: &str) -> bool {
    NAMES.contains(name)
}

/// A letter or digit of Unicode's mathematical alphabets: the plain one, and the command of its alphabet.
pub(crate) fn styled(c: char) -> Option<(char, &'static str)> {
    let letterlike = |list: &str| list.chars().position(|l| l == c);
    let plain = |names: &str, i: usize| names.chars().nth(i);
    if let Some(i) = letterlike("ℂℍℕℙℚℝℤ") {
        return Some((plain("CHNPQRZ", i)?, r"\mathbb"));
    }
    if let Some(i) = letterlike("ℬℰℱℋℐℒℳℛℯℊℴ") {
        return Some((plain("BEFHILMRego", i)?, r"\mathcal"));
    }
    if let Some(i) = letterlike("ℭℌℨ") {
        return Some((plain("CHZ", i)?, r"\mathfrak"));
    }
    if c == 'ℎ' {
        return Some(('h', ""));
    }
    let number = u32::from(c);
    match number {
        0x1d400..0x1d6a4 => {
            let (alphabet, letter) = ((number - 0x1d400) / 52, (number - 0x1d400) % 52);
            let first = if letter < 26 { 'A' } else { 'a' };
            let plain = char::from_u32(u32::from(first) + letter % 26)?;
            Some((plain, ALPHABETS[alphabet as usize]))
        }
        0x1d6a8..0x1d7ca => {
            let (alphabet, letter) = ((number - 0x1d6a8) / 58, (number - 0x1d6a8) % 58);
            let plain = plain(GREEK, letter as usize)?;
            Some((
                plain,
                [r"\boldsymbol", "", r"\boldsymbol", r"\boldsymbol", r"\boldsymbol"][alphabet as usize],
            ))
        }
        0x1d7ce..0x1d800 => {
            let (alphabet, digit) = ((number - 0x1d7ce) / 10, (number - 0x1d7ce) % 10);
            let alphabets = [r"\mathbf", r"\mathbb", r"\mathsf", r"\mathsf", r"\mathtt"];
            Some((char::from_digit(digit, 10)?, alphabets[alphabet as usize]))
        }
        _ => None,
    }
}

/// Unicode's alphabets of 52 letters from U+1D400 on.
const ALPHABETS: [&str; 13] = [
    r"\mathbf",
    "",
    r"\boldsymbol",
    r"\mathcal",
    r"\mathcal",
    r"\mathfrak",
    r"\mathbb",
    r"\mathfrak",
    r"\mathsf",
    r"\mathsf",
    r"\mathsf",
    r"\mathsf",
    r"\mathtt",
];

/// The order of its Greek alphabets.
const GREEK: &str = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡϴΣΤΥΦΧΨΩ∇αβγδεζηθικλμνξοπρςστυφχψω∂ϵϑϰϕϱϖ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_pairs_of_one_character_and_its_command() {
        for table in [LETTERS, BETWEEN, LARGE] {
            let words: Vec<&str> = table.split_whitespace().collect();
            assert_eq!(words.len() % 2, 0);
            for pair in words.chunks(2) {
                assert_eq!(pair[0].chars().count(), 1, "{pair:?}");
            }
        }
        assert_eq!(GREEK.chars().count(), 58);
    }

    #[test]
    fn alphabets_are_in_unicodes_order() {
        assert_eq!(styled('𝐀'), Some(('A', r"\mathbf")));
        assert_eq!(styled('𝑧'), Some(('z', "")));
        assert_eq!(styled('𝔸'), Some(('A', r"\mathbb")));
        assert_eq!(styled('𝒞'), Some(('C', r"\mathcal")));
        assert_eq!(styled('𝚣'), Some(('z', r"\mathtt")));
        assert_eq!(styled('𝜶'), Some(('α', r"\boldsymbol")));
        assert_eq!(styled('𝜋'), Some(('π', "")));
        assert_eq!(styled('𝟙'), Some(('1', r"\mathbb")));
        assert_eq!(styled('ℝ'), Some(('R', r"\mathbb")));
        assert_eq!(styled('x'), None);
    }
}

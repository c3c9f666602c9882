# Recipes for those who change copydesk: https://just.systems

# Tests, format, lints and docs.
check:
    cargo test --locked
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps

# One test by (a part of) its name.
test NAME:
    cargo test --locked {{NAME}}

# The article of one file.
page FILE:
    cargo run --quiet --profile quick -- normalize {{FILE}} | python3 -m json.tool --no-ensure-ascii

# The service, compiled in parts.
serve *ARGS:
    cargo run --profile quick -- serve {{ARGS}}

# Writes the answers of tests/pages anew; read the diff before you commit it.
bless:
    COPYDESK_BLESS=1 cargo test --locked --test it corpus

# Fits the model on folders of labelled pages.
fit PAGES:
    pip install -q -r training/requirements.txt
    training/fit.py {{PAGES}}
    training/fit_lines.py {{PAGES}}

bench:
    cargo bench

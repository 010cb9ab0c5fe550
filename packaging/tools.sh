# Installs what building, testing and showing Kortti needs, where it is missing. Sourced by the scripts beside it.
# Debian and Ubuntu are looked after; elsewhere the missing programs are named.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The oldest Rust that builds the workspace (rust-version in Cargo.toml).
oldest_rust=1.89

say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else say "This needs root, and sudo is not installed: $*"; exit 1
    fi
}

# need_packages PACKAGE...: installs those that are missing.
need_packages() {
    if ! command -v apt-get >/dev/null; then
        say "Not a Debian or Ubuntu machine: make sure that these are installed by their names here: $*"
        return
    fi
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "Installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

rust_is_new_enough() {
    local version
    version=$(cargo --version 2>/dev/null | cut -d' ' -f2) || return 1
    [ -n "$version" ] && [ "$(printf '%s\n' "$oldest_rust" "$version" | sort -V | head -n1)" = "$oldest_rust" ]
}

candidate() { [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)')" ]; }

need_rust() {
    [ -d "$HOME/.cargo/bin" ] && PATH="$PATH:$HOME/.cargo/bin"
    rust_is_new_enough && return
    say "Rust $oldest_rust or newer is missing"
    if ! command -v rustup >/dev/null && command -v apt-get >/dev/null; then
        as_root apt-get update -qq
        if candidate rustup; then need_packages rustup
        elif candidate cargo-web; then need_packages cargo-web rustc-web
        fi
    fi
    if ! rust_is_new_enough && command -v rustup >/dev/null; then
        rustup toolchain install stable --profile default && rustup default stable
    fi
    rust_is_new_enough || { say "Install Rust $oldest_rust or newer, then run this again."; exit 1; }
}

need_build() {
    need_packages gcc libc6-dev pkg-config libpcsclite-dev libwebkit2gtk-4.1-dev
    need_rust
}

# The card of the Nitrokey 3, on which tests/nitrokey.rs and others run: not a part of the workspace.
nitrokey_card() {
    local command=$1
    shift
    cargo "$command" --locked --manifest-path tests/nitrokey-card/Cargo.toml \
        --target-dir "${CARGO_TARGET_DIR:-target}/nitrokey-card" "$@"
}

# From now on cargo checks the lints of our crates while it compiles them, and a warning is an error. So the libraries below are
# compiled once, and not a second time for clippy. It is how `cargo clippy` itself has cargo call the compiler.
lint_while_building() {
    if command -v clippy-driver >/dev/null; then
        export RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
    else
        say "clippy is not installed: lints are not checked"
    fi
}

# Yubico's library for its YubiKeys, which tests/piv.rs and tests/witness_yubikit.py use as a witness, in a virtual environment of its own.
# pyscard and cryptography come from the system, so that nothing has to be compiled.
need_yubikit() {
    local place="${CARGO_TARGET_DIR:-target}/yubikit" version=5.9.2
    need_packages python3 python3-venv python3-pyscard python3-cryptography
    [ "$("$place/bin/python" -c 'from importlib.metadata import version; print(version("yubikey-manager"))' \
        2>/dev/null)" = "$version" ] && return
    /usr/bin/python3 -m venv --clear --system-site-packages "$place"
    "$place/bin/pip" install --quiet --disable-pip-version-check "yubikey-manager==$version"
}

# What compiles for Windows and macOS on Debian. Debian brings the sources of its standard library, and no other way to the targets is
# wanted here.
need_elsewhere() {
    need_packages gcc libc6-dev pkg-config rustc-web cargo-web libstd-rust-web-dev rust-web-src gcc-mingw-w64-x86-64-win32 mingw-w64-x86-64-dev
}

# elsewhere COMMAND ARGUMENT...: cargo for those targets.
elsewhere() {
    local command=$1
    shift
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "$command" --locked -Z build-std=std,panic_abort,panic_unwind \
        --target-dir "${CARGO_TARGET_DIR:-target}/elsewhere" "$@"
}

# What tests/page takes: the distribution's browser, a display and a driver for the window, and node's packages for the tests.
need_page_tests() {
    need_packages chromium webkit2gtk-driver xvfb at-spi2-core dbus python3-pyatspi gir1.2-atspi-2.0 zbar-tools openssl
    command -v node >/dev/null && command -v npm >/dev/null || need_packages nodejs npm
    [ "$(node --version | tr -dc '0-9.' | cut -d. -f1)" -ge 20 ] || { say "The tests of the page need node 20 or newer."; exit 1; }
    [ tests/page/node_modules/.package-lock.json -nt tests/page/package-lock.json ] && return
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix tests/page --no-audit --no-fund --silent
}

# page_tests FOLDER: the page in Chromium and in its window, on virtual cards, with the programs in that folder, which has a full path.
page_tests() {
    KORTTI_BIN=$1 npm test --prefix tests/page --silent
}
